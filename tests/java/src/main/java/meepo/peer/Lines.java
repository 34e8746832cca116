package meepo.peer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** One JSON object a line: commands on standard input, answers on standard output. */
final class Lines {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private static final PrintStream OUT = System.out;
    private static final BufferedReader IN = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private Lines() {}

    /** Standard output belongs to {@link #write}: what a library prints goes to standard error. */
    static void claim() {
        System.setOut(System.err);
    }

    /** The next command, or null at the end of the input. */
    static JsonObject read() throws IOException {
        String line = IN.readLine();
        return line == null ? null : JsonParser.parseString(line).getAsJsonObject();
    }

    /** In ASCII only, so that lone surrogates reach the reader too. */
    static void write(JsonObject object) {
        String json = GSON.toJson(object);
        StringBuilder text = new StringBuilder(json.length() + 1);
        for (int i = 0; i < json.length(); i++) {
            char unit = json.charAt(i);
            if (unit < 0x7f) {
                text.append(unit);
            } else {
                text.append(String.format("\\u%04x", (int) unit));
            }
        }
        synchronized (OUT) {
            OUT.print(text.append('\n'));
            OUT.flush();
        }
    }
}
