package org.cheng.meepo.task.exception;

/** A request that Meepo refused or could not carry out; the message says which value was wrong and what was expected. */
public class TaskServiceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TaskServiceException(String message) {
        super(message);
    }

    public TaskServiceException(String message, Throwable cause) {
        super(message, cause);
    }
}
