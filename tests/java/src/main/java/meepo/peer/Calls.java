package meepo.peer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;

/** Prints each call that a provider gets: one line when it begins and one when it ends. */
final class Calls {
    private final boolean quiet;
    private final AtomicLong counter = new AtomicLong();

    /** @param quiet count only: for measurements */
    Calls(boolean quiet) {
        this.quiet = quiet;
    }

    long count() {
        return counter.get();
    }

    Object around(Method method, Object[] arguments, Callable<Object> body) throws Throwable {
        long number = counter.incrementAndGet();
        if (quiet) {
            return result(body);
        }
        Lines.write(begin(number, method, arguments == null ? new Object[0] : arguments));
        JsonObject end = new JsonObject();
        end.addProperty("event", "end");
        end.addProperty("call", number);
        try {
            Object result = result(body);
            end.add("result", Description.of(result));
            return result;
        } catch (Throwable thrown) {
            end.add("exception", Description.ofThrowable(thrown));
            throw thrown;
        } finally {
            end.addProperty("atMs", System.currentTimeMillis());
            Lines.write(end);
        }
    }

    private static Object result(Callable<Object> body) throws Throwable {
        try {
            return body.call();
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    private static JsonObject begin(long number, Method method, Object[] arguments) throws Exception {
        JsonObject line = new JsonObject();
        line.addProperty("event", "begin");
        line.addProperty("call", number);
        line.addProperty("method", method.getName());
        JsonArray types = new JsonArray();
        for (Class<?> type : method.getParameterTypes()) {
            types.add(type.getTypeName());
        }
        line.add("types", types);
        JsonArray values = new JsonArray();
        JsonArray encoded = new JsonArray();
        for (Object argument : arguments) {
            values.add(Description.of(argument));
            encoded.add(Hessian.encode(argument));
        }
        line.add("args", values);
        line.add("hessian", encoded);
        JsonObject attachments = new JsonObject();
        for (Map.Entry<String, ?> entry : Dubbo.received().entrySet()) {
            attachments.add(entry.getKey(), Description.of(entry.getValue()));
        }
        line.add("attachments", attachments);
        line.addProperty("from", Dubbo.caller());
        line.addProperty("atMs", System.currentTimeMillis());
        return line;
    }
}
