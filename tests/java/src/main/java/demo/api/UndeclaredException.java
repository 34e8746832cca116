package demo.api;

/** A runtime exception that no method declares. */
public class UndeclaredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UndeclaredException(String message) {
        super(message);
    }
}
