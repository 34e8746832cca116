package meepo.peer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes one call many times from several threads and keeps what came back. */
final class Load {
    private static final int EXCEPTIONS_SHOWN = 5;

    private final Callable<Object> call;
    private final Map<String, String> attachments;
    private Object[] results;
    private Throwable[] thrown;
    private long[] microseconds;
    private long wallMicroseconds;
    private long cpuMicroseconds;

    /** @param attachments sent with each call; {n} in a value becomes the number of the call, from 0 */
    Load(Callable<Object> call, Map<String, String> attachments) {
        this.call = call;
        this.attachments = attachments;
    }

    void run(int callers, int calls) throws InterruptedException {
        results = new Object[calls];
        thrown = new Throwable[calls];
        microseconds = new long[calls];
        AtomicInteger next = new AtomicInteger();
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        Thread[] threads = new Thread[callers];
        for (int i = 0; i < callers; i++) {
            threads[i] = new Thread(() -> {
                for (int n = next.getAndIncrement(); n < calls; n = next.getAndIncrement()) {
                    one(n);
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        wallMicroseconds = (System.nanoTime() - start) / 1000;
        cpuMicroseconds = (system.getProcessCpuTime() - cpu) / 1000;
    }

    private void one(int n) {
        Map<String, String> own = new HashMap<>(attachments);
        own.replaceAll((key, value) -> value.replace("{n}", Integer.toString(n)));
        Dubbo.attach(own);
        long start = System.nanoTime();
        try {
            results[n] = call.call();
        } catch (Throwable failure) {
            thrown[n] = failure instanceof InvocationTargetException ? failure.getCause() : failure;
        }
        microseconds[n] = (System.nanoTime() - start) / 1000;
    }

    /** The answer of a single call. */
    JsonObject only() throws Exception {
        JsonObject json = new JsonObject();
        if (thrown[0] == null) {
            json.add("result", Description.of(results[0]));
        } else {
            json.add("exception", Description.ofThrowable(thrown[0]));
        }
        json.addProperty("us", microseconds[0]);
        return json;
    }

    JsonObject summary() throws Exception {
        JsonObject json = new JsonObject();
        JsonArray answers = new JsonArray();
        JsonArray exceptions = new JsonArray();
        int failed = 0;
        for (int i = 0; i < results.length; i++) {
            if (thrown[i] == null) {
                answers.add(Description.of(results[i]));
            } else if (failed++ < EXCEPTIONS_SHOWN) {
                exceptions.add(Description.ofThrowable(thrown[i]));
            }
        }
        long[] sorted = microseconds.clone();
        Arrays.sort(sorted);
        json.addProperty("calls", results.length);
        json.addProperty("failed", failed);
        json.addProperty("wallUs", wallMicroseconds);
        json.addProperty("cpuUs", cpuMicroseconds);
        json.addProperty("p50Us", sorted[sorted.length / 2]);
        json.addProperty("p99Us", sorted[(int) (sorted.length * 99L / 100)]);
        json.add("results", answers);
        json.add("exceptions", exceptions);
        return json;
    }
}
