package meepo.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** {@code java -jar peers.jar PROGRAM [OPTION…]}. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        String program = arguments.length == 0 ? "" : arguments[0];
        String[] rest = arguments.length == 0 ? arguments : Arrays.copyOfRange(arguments, 1, arguments.length);
        // Dubbo keeps caches and lock files there, which peers on one machine would share.
        Path home = Files.createTempDirectory("meepo-peer");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(home)));
        System.setProperty("user.home", home.toString());
        System.setProperty("dubbo.application.logger", "slf4j");
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", System.getProperty("meepo.log", "off"));
        switch (program) {
            case "consumer": Lines.claim(); Consumer.run(rest); break;
            case "provider": Lines.claim(); Provider.run(rest); break;
            default: other(program, rest);
        }
        // Dubbo's threads would keep the process alive; its shutdown hook unregisters and drains.
        System.exit(0);
    }

    /** The examples and what exists for one Dubbo version only are found by class name. */
    private static void other(String program, String[] rest) throws Exception {
        Class<?> type;
        try {
            type = Class.forName(program);
        } catch (ClassNotFoundException absent) {
            System.err.println("usage: java -jar peers.jar consumer|provider|CLASS [OPTION…]; there is no class \"" + program + "\"");
            System.exit(2);
            return;
        }
        type.getMethod("main", String[].class).invoke(null, (Object) rest);
    }

    private static void remove(Path folder) {
        try (java.util.stream.Stream<Path> paths = Files.walk(folder)) {
            paths.sorted(java.util.Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (java.io.IOException ignored) {
            // A temporary folder that stays does no harm.
        }
    }
}
