package meepo.peer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import demo.api.EchoService;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.cheng.meepo.task.constant.TaskType;
import org.cheng.meepo.task.dto.ServiceInvokeParam;
import org.cheng.meepo.task.service.TaskService;

/** Calls TaskService, or any interface generically, as the commands on its input say, and prints what came back. */
final class Consumer {
    private final Options options;
    private final Dubbo dubbo;
    private TaskService tasks;
    private final Map<String, Dubbo.Generic> generics = new HashMap<>();
    private EchoService echo;

    private Consumer(Options options) {
        this.options = options;
        dubbo = new Dubbo(options, "peer-consumer");
    }

    static void run(String[] arguments) throws Exception {
        Consumer consumer = new Consumer(new Options(arguments, Dubbo.CONSUMER_OPTIONS));
        JsonObject ready = new JsonObject();
        ready.addProperty("event", "ready");
        Lines.write(ready);
        for (JsonObject command = Lines.read(); command != null; command = Lines.read()) {
            JsonObject answer;
            try {
                answer = consumer.answer(command);
            } catch (Exception thrown) { // a command that cannot be carried out; failed calls are answers
                answer = new JsonObject();
                answer.add("refused", Description.ofThrowable(thrown));
            }
            answer.add("id", command.get("id"));
            Lines.write(answer);
        }
    }

    private JsonObject answer(JsonObject command) throws Exception {
        Callable<Object> call = call(command);
        int calls = command.has("calls") ? command.get("calls").getAsInt() : 1;
        int callers = command.has("callers") ? command.get("callers").getAsInt() : 1;
        int warmUp = command.has("warmUp") ? command.get("warmUp").getAsInt() : 0;
        Map<String, String> attachments = new HashMap<>();
        if (command.has("attachments")) {
            for (Map.Entry<String, JsonElement> entry : command.getAsJsonObject("attachments").entrySet()) {
                attachments.put(entry.getKey(), entry.getValue().getAsString());
            }
        }
        if (warmUp > 0) {
            new Load(call, attachments).run(callers, warmUp);
        }
        Load load = new Load(call, attachments);
        load.run(callers, calls);
        return calls == 1 ? load.only() : load.summary();
    }

    private Callable<Object> call(JsonObject command) throws Exception {
        String name = command.get("call").getAsString();
        if (name.equals("invoke")) {
            return invocation(command);
        }
        if (name.equals("direct")) {
            return direct(command);
        }
        if (tasks == null) {
            tasks = dubbo.refer(TaskService.class, !options.has("plain-tasks"));
        }
        String taskId = text(command, "taskId");
        ServiceInvokeParam service = command.has("service") ? service(command.get("service")) : null;
        switch (name) {
            case "create":
                TaskType type = command.has("type") ? TaskType.valueOf(text(command, "type")) : null;
                String define = text(command, "define");
                return () -> tasks.create(service, type, define);
            case "cancel": return () -> tasks.cancel(taskId);
            case "get": return () -> tasks.get(taskId);
            case "list": return () -> tasks.list();
            case "search": return () -> tasks.search(service);
            case "saveResult":
                Object result = Values.read(command.get("result"));
                return () -> tasks.saveResult(taskId, result);
            case "getResult": return () -> tasks.getResult(taskId);
            default: throw new IllegalArgumentException("call " + name + " is neither invoke, direct nor a method of TaskService");
        }
    }

    /** Without generic invocation, which changes some classes on its way: maps for beans, ArrayList for other lists. */
    private Callable<Object> direct(JsonObject command) throws Exception {
        if (echo == null) {
            echo = dubbo.refer(EchoService.class, true);
        }
        String[] names = texts(command.get("types"));
        Class<?>[] types = new Class<?>[names.length];
        for (int i = 0; i < names.length; i++) {
            types[i] = Names.type(names[i]);
        }
        Method method = EchoService.class.getMethod(text(command, "method"), types);
        Object[] arguments = Values.readAll(command.getAsJsonArray("args"));
        return () -> method.invoke(echo, arguments);
    }

    private Callable<Object> invocation(JsonObject command) throws Exception {
        String interfaceName = command.has("interface") ? text(command, "interface") : options.get("interface", "demo.api.EchoService");
        Dubbo.Generic generic = generics.computeIfAbsent(interfaceName, dubbo::generic);
        String method = text(command, "method");
        String[] types = texts(command.get("types"));
        Object[] arguments = Values.readAll(command.getAsJsonArray("args"));
        return () -> generic.invoke(method, types, arguments);
    }

    private static ServiceInvokeParam service(JsonElement json) throws Exception {
        if (json == null || json.isJsonNull()) {
            return null;
        }
        JsonObject object = json.getAsJsonObject();
        ServiceInvokeParam service = new ServiceInvokeParam();
        service.setInterfaceName(text(object, "interfaceName"));
        service.setMethodName(text(object, "methodName"));
        service.setVersion(text(object, "version"));
        if (object.has("paramsType")) {
            service.setParamsType(texts(object.get("paramsType")));
        }
        if (object.has("params")) {
            service.setParams(Values.readAll(object.getAsJsonArray("params")));
        }
        service.setNextService(service(object.get("nextService")));
        return service;
    }

    private static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null || value.isJsonNull() ? null : value.getAsString();
    }

    private static String[] texts(JsonElement json) {
        String[] texts = new String[json.getAsJsonArray().size()];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = json.getAsJsonArray().get(i).getAsString();
        }
        return texts;
    }
}
