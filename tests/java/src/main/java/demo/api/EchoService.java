package demo.api;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the tests call: methods return their argument unless they say otherwise. */
public interface EchoService {
    boolean primitive(boolean value);
    byte primitive(byte value);
    short primitive(short value);
    char primitive(char value);
    int primitive(int value);
    long primitive(long value);
    float primitive(float value);
    double primitive(double value);

    Boolean boxed(Boolean value);
    Byte boxed(Byte value);
    Short boxed(Short value);
    Character boxed(Character value);
    Integer boxed(Integer value);
    Long boxed(Long value);
    Float boxed(Float value);
    Double boxed(Double value);

    String text(String value);
    byte[] bytes(byte[] value);
    int[] ints(int[] value);
    long[] longs(long[] value);
    double[] doubles(double[] value);
    boolean[] booleans(boolean[] value);
    String[] strings(String[] value);
    int[][] matrix(int[][] value);
    Person[] persons(Person[] value);

    List<String> list(List<String> value);
    List<Person> people(List<Person> value);
    Map<String, Object> map(Map<String, Object> value);
    Map<Long, Person> peopleById(Map<Long, Person> value);
    Set<String> set(Set<String> value);

    Person person(Person value);
    Employee employee(Employee value);
    Box<Person> box(Box<Person> value);
    Order order(Order value);
    Color color(Color value);
    <T> T same(T value);

    BigDecimal decimal(BigDecimal value);
    BigInteger integer(BigInteger value);
    Date date(Date value);
    Instant instant(Instant value);
    LocalDate localDate(LocalDate value);
    LocalTime localTime(LocalTime value);
    LocalDateTime localDateTime(LocalDateTime value);
    ZonedDateTime zonedDateTime(ZonedDateTime value);

    Object any(Object value);
    Object[] many(Object[] value);

    /** The name of the class that arrived; "null" for null. */
    String classOf(Object value);

    void nothing();

    /** Null. */
    String nothingToSay();

    String overloaded(String value);

    /** "int " and the value; the other overloads say their own type. */
    String overloaded(int value);
    String overloaded(Integer first, Integer second);
    String overloaded(List<String> value);
    String overloaded(Person value);

    void failChecked(String message, int code) throws GreetException;
    void failDeclared(String message) throws IOException;

    /** An IllegalStateException with a cause. */
    void failRuntime(String message);

    /** A runtime exception of this package that no method declares. */
    void failUndeclared(String message);

    /** A runtime exception that lives in neither Java nor this package. */
    void failForeign(String message);

    /** A NullPointerException without a message. */
    void failEmpty();

    /** Fails {@code times} times for each key, then returns how often it was called with the key. */
    int failFirst(String key, int times);

    /** How often this was called with the key, this call included. */
    int count(String key);

    /** Returns after {@code milliseconds}. */
    String slow(int milliseconds);

    /** A text of that many characters. */
    String large(int characters);

    /** The length of the text. */
    int length(String value);
}
