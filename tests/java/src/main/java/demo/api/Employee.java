package demo.api;

/** A bean with inherited fields that can hold itself. */
public class Employee extends Address {
    private static final long serialVersionUID = 1L;

    private Employee boss;
    private String title;

    public Employee getBoss() {
        return boss;
    }

    public void setBoss(Employee boss) {
        this.boss = boss;
    }

    public String getTitle() {
        return title;
    }

    public void setTitle(String title) {
        this.title = title;
    }
}
