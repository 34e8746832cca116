package demo.api;

import java.io.Serializable;

/** A generic bean. */
public class Box<T> implements Serializable {
    private static final long serialVersionUID = 1L;

    private T value;
    private int count;

    public T getValue() {
        return value;
    }

    public void setValue(T value) {
        this.value = value;
    }

    public int getCount() {
        return count;
    }

    public void setCount(int count) {
        this.count = count;
    }
}
