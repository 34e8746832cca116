package demo;

import java.io.Serializable;
import java.math.BigDecimal;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** A bean as services pass them: texts, numbers, a date, an amount, a list of beans, a map. */
public class Order implements Serializable {
  private static final long serialVersionUID = 1;

  public enum State { NEW, PAID, SENT }

  public static class Line implements Serializable {
    private static final long serialVersionUID = 1;
    public String article;
    public int count;
    public double price;
  }

  public long id;
  public String customer;
  public String address;
  public boolean urgent;
  public Date created;
  public BigDecimal total;
  public State state;
  public List<Line> lines;
  public Map<String, Object> labels;
}
