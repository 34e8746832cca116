package meepo.peer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import meepo.v1.TaskService;

/** Calls a gRPC server through Dubbo's Triple protocol; requests and answers are protobuf messages, shown in their JSON form. */
public final class TripleConsumer {
    private TripleConsumer() {}

    public static void main(String[] arguments) throws Exception {
        Lines.claim();
        TaskService tasks = new Dubbo(new Options(arguments, Dubbo.CONSUMER_OPTIONS), "peer-triple").refer(TaskService.class, true);
        JsonObject ready = new JsonObject();
        ready.addProperty("event", "ready");
        Lines.write(ready);
        for (JsonObject command = Lines.read(); command != null; command = Lines.read()) {
            JsonObject answer = answer(tasks, command);
            answer.add("id", command.get("id"));
            Lines.write(answer);
        }
    }

    private static JsonObject answer(TaskService tasks, JsonObject command) throws Exception {
        Method method = method(command.get("call").getAsString());
        Message.Builder request = (Message.Builder) method.getParameterTypes()[0].getMethod("newBuilder").invoke(null);
        JsonFormat.parser().merge(command.getAsJsonObject("request").toString(), request);
        Map<String, String> attachments = new HashMap<>();
        if (command.has("attachments")) {
            for (Map.Entry<String, JsonElement> entry : command.getAsJsonObject("attachments").entrySet()) {
                attachments.put(entry.getKey(), entry.getValue().getAsString());
            }
        }
        Dubbo.attach(attachments);
        JsonObject answer = new JsonObject();
        try {
            MessageOrBuilder response = (MessageOrBuilder) method.invoke(tasks, request.build());
            answer.add("result", JsonParser.parseString(JsonFormat.printer().print(response)));
        } catch (InvocationTargetException thrown) {
            answer.add("exception", Description.ofThrowable(thrown.getCause()));
        }
        return answer;
    }

    private static Method method(String name) {
        for (Method method : TaskService.class.getMethods()) {
            if (method.getName().equals(name)) {
                return method;
            }
        }
        throw new IllegalArgumentException("call " + name + ": meepo.v1.TaskService has no such unary method");
    }
}
