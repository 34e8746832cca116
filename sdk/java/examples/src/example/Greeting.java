package example;

/** The service whose methods Meepo calls. */
public interface Greeting {
    String hello(String name);
}
