package meepo.peer;

import com.google.gson.JsonSyntaxException;
import demo.api.EchoService;
import demo.api.GreetException;
import demo.api.Person;
import demo.api.UndeclaredException;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Implements {@link EchoService}: the methods that are not named here return their argument. */
final class Echo implements InvocationHandler {
    /** Named as in the interface, so that a call finds its method by name and parameter types. */
    static final class Special {
        private final Map<String, Integer> counts = new ConcurrentHashMap<>();

        public String classOf(Object value) {
            return value == null ? "null" : value.getClass().getName();
        }

        public void nothing() {}

        public String nothingToSay() {
            return null;
        }

        public String overloaded(String value) {
            return "String " + value;
        }

        public String overloaded(int value) {
            return "int " + value;
        }

        public String overloaded(Integer first, Integer second) {
            return "Integer, Integer " + first + " " + second;
        }

        public String overloaded(List<String> value) {
            return "List " + value;
        }

        public String overloaded(Person value) {
            return "Person " + value.getName();
        }

        public void failChecked(String message, int code) throws GreetException {
            throw new GreetException(message, code);
        }

        public void failDeclared(String message) throws IOException {
            throw new IOException(message);
        }

        public void failRuntime(String message) {
            throw new IllegalStateException(message, new IllegalArgumentException("the cause"));
        }

        public void failUndeclared(String message) {
            throw new UndeclaredException(message);
        }

        public void failForeign(String message) {
            throw new JsonSyntaxException(message);
        }

        public void failEmpty() {
            throw new NullPointerException();
        }

        public int failFirst(String key, int times) {
            int now = count(key);
            if (now <= times) {
                throw new IllegalStateException("call " + now + " of " + times + " that fail");
            }
            return now;
        }

        public int count(String key) {
            return counts.merge(key, 1, Integer::sum);
        }

        public String slow(int milliseconds) throws InterruptedException {
            Thread.sleep(milliseconds);
            return "after " + milliseconds + " ms";
        }

        public String large(int characters) {
            return String.join("", Collections.nCopies(characters, "x"));
        }

        public int length(String value) {
            return value.length();
        }
    }

    private final Special special = new Special();
    private final Calls calls;

    private Echo(Calls calls) {
        this.calls = calls;
    }

    static EchoService make(Calls calls) {
        return (EchoService) Proxy.newProxyInstance(Echo.class.getClassLoader(), new Class<?>[] {EchoService.class}, new Echo(calls));
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        if (method.getDeclaringClass() == Object.class) {
            return method.invoke(special, arguments);
        }
        return calls.around(method, arguments, () -> answer(method, arguments));
    }

    private Object answer(Method method, Object[] arguments) throws Exception {
        Method own;
        try {
            own = Special.class.getMethod(method.getName(), method.getParameterTypes());
        } catch (NoSuchMethodException absent) {
            return arguments[0];
        }
        return own.invoke(special, arguments);
    }
}
