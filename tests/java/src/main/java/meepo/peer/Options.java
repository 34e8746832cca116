package meepo.peer;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code --name value} pairs and {@code --name} switches of a command line. */
final class Options {
    private final Map<String, String> values = new LinkedHashMap<>();

    /** @throws IllegalArgumentException naming an argument that is neither in {@code allowed} nor the value of one that is */
    Options(String[] arguments, String... allowed) {
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
            if (!java.util.Arrays.asList(allowed).contains(name)) {
                throw new IllegalArgumentException("unknown argument " + arguments[i] + "; known: --" + String.join(", --", allowed));
            }
            boolean hasValue = i + 1 < arguments.length && !arguments[i + 1].startsWith("--");
            values.put(name, hasValue ? arguments[++i] : "");
        }
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String get(String name) {
        return values.get(name);
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    Integer number(String name) {
        return has(name) ? Integer.valueOf(get(name)) : null;
    }
}
