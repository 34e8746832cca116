package meepo.peer;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;

/** Looks up types and fields by the names that the notation uses. */
final class Names {
    private static final Class<?>[] PRIMITIVES = {
        boolean.class, byte.class, char.class, short.class, int.class, long.class, float.class, double.class};

    private Names() {}

    /** {@code int}, {@code java.lang.String}, {@code int[]}. */
    static Class<?> type(String name) throws ClassNotFoundException {
        if (name.endsWith("[]")) {
            return java.lang.reflect.Array.newInstance(type(name.substring(0, name.length() - 2)), 0).getClass();
        }
        for (Class<?> primitive : PRIMITIVES) {
            if (primitive.getName().equals(name)) {
                return primitive;
            }
        }
        return Class.forName(name);
    }

    static Field field(Class<?> type, String name) {
        Field field = fields(type).get(name);
        if (field == null) {
            throw new IllegalArgumentException(type.getName() + " has no field " + name);
        }
        return field;
    }

    /** The fields that are sent, those of the class itself before inherited ones; of two with one name the subclass's. */
    static Map<String, Field> fields(Class<?> type) {
        Map<String, Field> fields = new LinkedHashMap<>();
        for (Class<?> at = type; at != null && at != Object.class; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !Modifier.isTransient(field.getModifiers())) {
                    field.setAccessible(true);
                    fields.putIfAbsent(field.getName(), field);
                }
            }
        }
        return fields;
    }
}
