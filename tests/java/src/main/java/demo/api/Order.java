package demo.api;

import java.io.Serializable;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** A bean with an enum of its own and a list of beans. */
public class Order implements Serializable {
    private static final long serialVersionUID = 1L;

    /** An enum inside a class: its name on the wire has a dollar sign. */
    public enum State { NEW, PAID, SHIPPED }

    private String id;
    private long customer;
    private State state;
    private Date created;
    private List<OrderLine> lines;
    private Map<String, String> labels;

    public String getId() {
        return id;
    }

    public void setId(String id) {
        this.id = id;
    }

    public long getCustomer() {
        return customer;
    }

    public void setCustomer(long customer) {
        this.customer = customer;
    }

    public State getState() {
        return state;
    }

    public void setState(State state) {
        this.state = state;
    }

    public Date getCreated() {
        return created;
    }

    public void setCreated(Date created) {
        this.created = created;
    }

    public List<OrderLine> getLines() {
        return lines;
    }

    public void setLines(List<OrderLine> lines) {
        this.lines = lines;
    }

    public Map<String, String> getLabels() {
        return labels;
    }

    public void setLabels(Map<String, String> labels) {
        this.labels = labels;
    }
}
