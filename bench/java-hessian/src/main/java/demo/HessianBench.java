package demo;

import com.alibaba.com.caucho.hessian.io.Hessian2Input;
import com.alibaba.com.caucho.hessian.io.Hessian2Output;
import com.alibaba.com.caucho.hessian.io.SerializerFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Encodes and decodes objects with hessian-lite on one thread. Writes each object's stream to FOLDER/NAME.hessian for the C++ side, and one line of
 * JSON a figure: nanoseconds of the thread's processor time for one object, the best of the rounds.
 */
public final class HessianBench {
  private static final int ROUNDS = 15;
  private static final long ROUND_NS = 200_000_000;
  private static final SerializerFactory FACTORY = new SerializerFactory();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  static long sink; // what is added up here cannot be optimised away

  private interface Work {
    int run() throws IOException;
  }

  public static void main(String[] args) throws IOException {
    Path folder = Paths.get(args[0]);
    for (Map.Entry<String, Object> each : objects().entrySet()) {
      byte[] stream = encode(each.getValue());
      Files.write(folder.resolve(each.getKey() + ".hessian"), stream);
      measure(each.getKey(), "encode", stream.length, () -> encode(each.getValue()).length);
      measure(each.getKey(), "decode", stream.length, () -> decode(stream) == null ? 0 : 1);
    }
  }

  private static byte[] encode(Object value) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    Hessian2Output output = new Hessian2Output(out);
    output.setSerializerFactory(FACTORY);
    output.writeObject(value);
    output.flush();
    return out.toByteArray();
  }

  private static Object decode(byte[] stream) throws IOException {
    Hessian2Input input = new Hessian2Input(new ByteArrayInputStream(stream));
    input.setSerializerFactory(FACTORY);
    return input.readObject();
  }

  private static void measure(String object, String work, int octets, Work run) throws IOException {
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; ++round) { // the first ones also compile
      long count = 0;
      long begin = THREADS.getCurrentThreadCpuTime();
      long now = begin;
      for (; now - begin < ROUND_NS; now = THREADS.getCurrentThreadCpuTime()) {
        for (int i = 0; i < 1_000; ++i) sink += run.run();
        count += 1_000;
      }
      best = Math.min(best, (double) (now - begin) / count);
    }
    System.out.printf("{\"bench\":\"hessian2\",\"side\":\"java\",\"object\":\"%s\",\"work\":\"%s\",\"octets\":%d,\"cpu_ns\":%.0f}%n", object, work, octets, best);
  }

  private static Map<String, Object> objects() {
    Map<String, Object> objects = new LinkedHashMap<>();
    objects.put("order", order(1));
    List<Object> orders = new ArrayList<>();
    for (int i = 0; i < 50; ++i) orders.add(order(i));
    objects.put("50-orders", orders);
    List<Object> numbers = new ArrayList<>();
    for (int i = 0; i < 1_000; ++i) numbers.add(i % 3 == 0 ? (Object) (i * 1_000L) : i % 3 == 1 ? (Object) (i * 0.37) : (Object) (i * i));
    objects.put("1000-numbers", numbers);
    Map<String, Object> texts = new HashMap<>();
    for (int i = 0; i < 100; ++i) texts.put("key-" + i, i % 4 == 0 ? "订单已经发货，请注意查收 " + i : "the order has been sent, it will arrive soon " + i);
    objects.put("100-texts", texts);
    return objects;
  }

  private static Order order(int number) {
    Order order = new Order();
    order.id = 1_000_000L + number;
    order.customer = "customer-" + number;
    order.address = "上海市浦东新区世纪大道 " + number;
    order.urgent = number % 2 == 0;
    order.created = new Date(1_700_000_000_123L + number);
    order.total = new BigDecimal("1234.50").add(BigDecimal.valueOf(number));
    order.state = Order.State.values()[number % 3];
    order.lines = new ArrayList<>();
    for (int i = 0; i < 4; ++i) {
      Order.Line line = new Order.Line();
      line.article = "article-" + number + "-" + i;
      line.count = i + 1;
      line.price = 9.95 * (i + 1);
      order.lines.add(line);
    }
    order.labels = new HashMap<>();
    order.labels.put("channel", "app");
    order.labels.put("attempt", number);
    order.labels.put("tags", new ArrayList<>(Arrays.asList("new", "vip")));
    return order;
  }
}
