package meepo.peer;

import com.google.gson.JsonObject;
import demo.api.EchoService;
import java.lang.management.ManagementFactory;
import org.cheng.meepo.task.service.TaskService;

/** Exports {@link EchoService} and prints its calls. Ends gracefully at the command stop and at the end of its input. */
final class Provider {
    private Provider() {}

    static void run(String[] arguments) throws Exception {
        Options options = new Options(arguments, Dubbo.PROVIDER_OPTIONS);
        Dubbo dubbo = new Dubbo(options, "peer-provider");
        int port = options.has("port") ? options.number("port") : Dubbo.freePort();
        Calls calls = new Calls(options.has("quiet"));
        EchoService echo = Echo.make(calls);
        Runnable unexport = dubbo.export(EchoService.class, echo, port);
        if (options.has("task-service")) {
            dubbo.export(TaskService.class, new TaskServiceInMemory(), port);
        }
        JsonObject ready = event("ready");
        ready.addProperty("port", port);
        ready.addProperty("pid", Long.valueOf(ManagementFactory.getRuntimeMXBean().getName().split("@")[0]));
        Lines.write(ready);
        for (JsonObject command = Lines.read(); command != null; command = Lines.read()) {
            String name = command.get("command").getAsString();
            if (name.equals("stop")) {
                return;
            } else if (name.equals("unexport")) {
                unexport.run();
                Lines.write(event("unexported"));
            } else if (name.equals("export")) {
                unexport = dubbo.export(EchoService.class, echo, port);
                Lines.write(event("exported"));
            } else if (name.equals("count")) {
                JsonObject count = event("count");
                count.addProperty("calls", calls.count());
                Lines.write(count);
            } else {
                throw new IllegalArgumentException("command " + name + "; known: stop, unexport, export, count");
            }
        }
    }

    private static JsonObject event(String name) {
        JsonObject event = new JsonObject();
        event.addProperty("event", name);
        return event;
    }
}
