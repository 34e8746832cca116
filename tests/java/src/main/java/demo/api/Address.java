package demo.api;

import java.io.Serializable;

/** A plain bean. */
public class Address implements Serializable {
    private static final long serialVersionUID = 1L;

    private String city;
    private int zip;

    public String getCity() {
        return city;
    }

    public void setCity(String city) {
        this.city = city;
    }

    public int getZip() {
        return zip;
    }

    public void setZip(int zip) {
        this.zip = zip;
    }
}
