package meepo.peer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collection;
import java.util.Date;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.UUID;

/** Writes Java values in the notation of the README. */
final class Description {
    /** A longer text or octet string is described by its length and hash: lines stay readable. */
    private static final int LENGTH_MAX = 2000;

    /** Number of each container already described, so that a second appearance is a reference. */
    private final Map<Object, Integer> seen = new IdentityHashMap<>();

    static JsonElement of(Object value) throws Exception {
        return new Description().value(value);
    }

    static JsonObject ofThrowable(Throwable thrown) {
        JsonObject json = new JsonObject();
        json.addProperty("class", thrown.getClass().getName());
        json.addProperty("message", thrown.getMessage());
        if (thrown.getCause() != null && thrown.getCause() != thrown) {
            json.add("cause", ofThrowable(thrown.getCause()));
        }
        return json;
    }

    private JsonElement value(Object value) throws Exception {
        if (value == null) {
            return JsonNull.INSTANCE;
        }
        if (value instanceof Boolean) {
            return new JsonPrimitive((Boolean) value);
        }
        if (value instanceof String) {
            return text((String) value);
        }
        if (value instanceof Integer) {
            return new JsonPrimitive((Integer) value);
        }
        JsonElement scalar = scalar(value);
        return scalar != null ? scalar : container(value);
    }

    private static JsonElement text(String value) throws Exception {
        if (value.length() <= LENGTH_MAX) {
            return new JsonPrimitive(value);
        }
        return tag("$text", value.length(), "sha256", sha256(value.getBytes(StandardCharsets.UTF_8)));
    }

    private static JsonElement scalar(Object value) throws Exception {
        if (value instanceof Double) {
            double number = (Double) value;
            boolean plain = !Double.isNaN(number) && !Double.isInfinite(number) && !value.equals(-0.0);
            return plain ? new JsonPrimitive(number) : tag("$double", value.toString());
        }
        if (value instanceof Long) return tag("$long", value.toString());
        if (value instanceof Short) return tag("$short", value);
        if (value instanceof Byte) return tag("$byte", value);
        if (value instanceof Float) return tag("$float", value.toString());
        if (value instanceof Character) return tag("$char", value.toString());
        if (value instanceof BigDecimal) return tag("$decimal", value.toString());
        if (value instanceof BigInteger) return tag("$bigint", value.toString());
        if (value instanceof Class) return tag("$class", ((Class<?>) value).getName());
        if (value instanceof Enum) {
            return tag("$enum", ((Enum<?>) value).getDeclaringClass().getName(), "name", ((Enum<?>) value).name());
        }
        if (value.getClass() == Date.class) return tag("$date", ((Date) value).getTime());
        if (value instanceof byte[]) {
            byte[] bytes = (byte[]) value;
            return bytes.length <= LENGTH_MAX ? tag("$bytes", Hessian.hex(bytes)) : tag("$bytes", bytes.length, "sha256", sha256(bytes));
        }
        if (value instanceof UUID || value.getClass().getName().startsWith("java.time.")) {
            return tag("$parse", value.getClass().getName(), "text", value.toString());
        }
        return null;
    }

    private JsonElement container(Object value) throws Exception {
        Integer number = seen.get(value);
        if (number != null) {
            return tag("$ref", number);
        }
        JsonObject json = tag("$id", seen.size());
        seen.put(value, seen.size());
        if (value.getClass().isArray()) {
            json.addProperty("$array", value.getClass().getComponentType().getTypeName());
            JsonArray items = new JsonArray();
            for (int i = 0; i < Array.getLength(value); i++) {
                items.add(value(Array.get(value, i)));
            }
            json.add("items", items);
        } else if (value instanceof Collection) {
            json.addProperty("$list", value.getClass().getName());
            JsonArray items = new JsonArray();
            for (Object item : (Collection<?>) value) {
                items.add(value(item));
            }
            json.add("items", items);
        } else if (value instanceof Map) {
            json.addProperty("$map", value.getClass().getName());
            json.add("entries", entries((Map<?, ?>) value));
        } else {
            json.addProperty("$object", value.getClass().getName());
            json.add("fields", fields(value));
        }
        return json;
    }

    private JsonArray entries(Map<?, ?> map) throws Exception {
        JsonArray entries = new JsonArray();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            JsonArray pair = new JsonArray();
            pair.add(value(entry.getKey()));
            pair.add(value(entry.getValue()));
            entries.add(pair);
        }
        return entries;
    }

    private JsonObject fields(Object value) throws Exception {
        JsonObject fields = new JsonObject();
        if (value instanceof Throwable) {
            fields.addProperty("detailMessage", ((Throwable) value).getMessage());
        } else if (value.getClass().getName().startsWith("java.")) {
            fields.addProperty("text", value.toString()); // not ours to look into
        } else {
            for (Map.Entry<String, Field> field : Names.fields(value.getClass()).entrySet()) {
                fields.add(field.getKey(), value(field.getValue().get(value)));
            }
        }
        return fields;
    }

    private static JsonObject tag(Object... pairs) {
        JsonObject json = new JsonObject();
        for (int i = 0; i < pairs.length; i += 2) {
            Object value = pairs[i + 1];
            json.add((String) pairs[i], value instanceof Number ? new JsonPrimitive((Number) value) : new JsonPrimitive((String) value));
        }
        return json;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return Hessian.hex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
