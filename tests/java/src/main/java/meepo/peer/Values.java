package meepo.peer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;

/** Reads Java values from the notation of the README, which keeps what plain JSON loses: widths, classes, identity. */
final class Values {
    private final Map<Integer, Object> byId = new HashMap<>();

    /** One value; {@code $ref} may refer only to what this value holds itself. */
    static Object read(JsonElement json) throws Exception {
        return new Values().value(json);
    }

    /** Values that share their references, as the arguments of one call do. */
    static Object[] readAll(JsonArray json) throws Exception {
        Values values = new Values();
        Object[] read = new Object[json.size()];
        for (int i = 0; i < read.length; i++) {
            read[i] = values.value(json.get(i));
        }
        return read;
    }

    private Object value(JsonElement json) throws Exception {
        if (json == null || json.isJsonNull()) {
            return null;
        }
        if (json.isJsonPrimitive()) {
            return primitive(json.getAsJsonPrimitive());
        }
        if (json.isJsonArray()) {
            return items(new ArrayList<Object>(), json.getAsJsonArray());
        }
        JsonObject object = json.getAsJsonObject();
        for (String key : object.keySet()) {
            if (key.startsWith("$") && !key.equals("$id")) {
                return tagged(key, object.get(key), object);
            }
        }
        Map<Object, Object> map = remember(new HashMap<Object, Object>(), object);
        for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
            if (!entry.getKey().equals("$id")) {
                map.put(entry.getKey(), value(entry.getValue()));
            }
        }
        return map;
    }

    private static Object primitive(JsonPrimitive json) {
        if (json.isBoolean()) {
            return json.getAsBoolean();
        }
        if (json.isString()) {
            return json.getAsString();
        }
        String text = json.getAsString();
        return text.matches("-?[0-9]+") ? (Object) Integer.valueOf(text) : Double.valueOf(text);
    }

    private Object tagged(String tag, JsonElement is, JsonObject object) throws Exception {
        switch (tag) {
            case "$long": return Long.valueOf(is.getAsString());
            case "$short": return Short.valueOf(is.getAsString());
            case "$byte": return Byte.valueOf(is.getAsString());
            case "$float": return Float.valueOf(is.getAsString());
            case "$double": return Double.valueOf(is.getAsString());
            case "$char": return is.getAsString().charAt(0);
            case "$date": return new Date(is.getAsLong());
            case "$decimal": return new BigDecimal(is.getAsString());
            case "$bigint": return new BigInteger(is.getAsString());
            case "$bytes": return Hessian.bytes(is.getAsString());
            case "$hessian": return Hessian.decode(is.getAsString());
            case "$repeat": return String.join("", Collections.nCopies(object.get("times").getAsInt(), is.getAsString()));
            case "$class": return Class.forName(is.getAsString());
            case "$enum": return constant(Class.forName(is.getAsString()), object.get("name").getAsString());
            case "$parse": return parse(Class.forName(is.getAsString()), object.get("text").getAsString());
            case "$ref": return byId.get(is.getAsInt());
            case "$list": return items(remember((Collection<?>) make(is.getAsString()), object), object.getAsJsonArray("items"));
            case "$array": return array(is.getAsString(), object);
            case "$map": return entries(remember((Map<?, ?>) make(is.getAsString()), object), object.getAsJsonArray("entries"));
            case "$object": return fields(remember(make(is.getAsString()), object), object.getAsJsonObject("fields"));
            default: throw new IllegalArgumentException("a value has the tag " + tag + ", which the notation does not know");
        }
    }

    private <T> T remember(T made, JsonObject object) {
        if (object.has("$id")) {
            byId.put(object.get("$id").getAsInt(), made);
        }
        return made;
    }

    private static Object make(String className) throws Exception {
        return Class.forName(className).getDeclaredConstructor().newInstance();
    }

    private static Object constant(Class<?> type, String name) {
        for (Object constant : type.getEnumConstants()) {
            if (((Enum<?>) constant).name().equals(name)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(type.getName() + " has no constant " + name);
    }

    /** java.time's classes have parse(CharSequence), UUID has fromString(String). */
    private static Object parse(Class<?> type, String text) throws Exception {
        for (Method method : type.getMethods()) {
            boolean named = method.getName().equals("parse") || method.getName().equals("fromString");
            if (named && method.getParameterCount() == 1 && method.getParameterTypes()[0].isAssignableFrom(String.class)) {
                return method.invoke(null, text);
            }
        }
        throw new IllegalArgumentException(type.getName() + " cannot be made from a text");
    }

    @SuppressWarnings("unchecked")
    private Object items(Collection<?> into, JsonArray items) throws Exception {
        for (JsonElement item : items) {
            ((Collection<Object>) into).add(value(item));
        }
        return into;
    }

    @SuppressWarnings("unchecked")
    private Object entries(Map<?, ?> into, JsonArray entries) throws Exception {
        for (JsonElement entry : entries) {
            JsonArray pair = entry.getAsJsonArray();
            ((Map<Object, Object>) into).put(value(pair.get(0)), value(pair.get(1)));
        }
        return into;
    }

    private Object array(String component, JsonObject object) throws Exception {
        JsonArray items = object.getAsJsonArray("items");
        Class<?> type = Names.type(component);
        Object array = remember(Array.newInstance(type, items.size()), object);
        for (int i = 0; i < items.size(); i++) {
            Array.set(array, i, narrowed(type, value(items.get(i))));
        }
        return array;
    }

    private Object fields(Object bean, JsonObject fields) throws Exception {
        for (Map.Entry<String, JsonElement> entry : fields.entrySet()) {
            Field field = Names.field(bean.getClass(), entry.getKey());
            field.set(bean, narrowed(field.getType(), value(entry.getValue())));
        }
        return bean;
    }

    /** A JSON number where the declared type is a narrower or wider one. */
    private static Object narrowed(Class<?> type, Object value) {
        if (!(value instanceof Number)) {
            return value;
        }
        Number number = (Number) value;
        if (type == long.class || type == Long.class) return number.longValue();
        if (type == short.class || type == Short.class) return number.shortValue();
        if (type == byte.class || type == Byte.class) return number.byteValue();
        if (type == float.class || type == Float.class) return number.floatValue();
        if (type == double.class || type == Double.class) return number.doubleValue();
        return value;
    }
}
