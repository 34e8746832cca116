package demo.api;

/** A checked exception with a field of its own, declared by the methods that throw it. */
public class GreetException extends Exception {
    private static final long serialVersionUID = 1L;
    private int code;

    public GreetException() {}

    public GreetException(String message, int code) {
        super(message);
        this.code = code;
    }

    public int getCode() {
        return code;
    }
}
