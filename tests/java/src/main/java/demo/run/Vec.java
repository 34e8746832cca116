package demo.run;

import java.io.Serializable;

/** The classes that the recorded Hessian vectors name: their field names are part of the recording. */
public final class Vec {
    private Vec() {}

    public static class Empty implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    public static class Base implements Serializable {
        private static final long serialVersionUID = 1L;
        int a;
        String s;
    }

    /** Has a field of the same name as its base. */
    public static class Derived extends Base {
        private static final long serialVersionUID = 1L;
        int b;
        String s;
    }

    public static class Holder implements Serializable {
        private static final long serialVersionUID = 1L;
        Object v;
    }

    public static class Node implements Serializable {
        private static final long serialVersionUID = 1L;
        String name;
        Node next;
    }

    public static class Prims implements Serializable {
        private static final long serialVersionUID = 1L;
        byte b;
        short sh;
        char c;
        int i;
        long l;
        float f;
        double d;
        boolean z;
        Integer bi;
        Long bl;
        Short bs;
        Byte bb;
        Float bf;
        Double bd;
        Character bc;
        Boolean bz;
    }

    public static class Wide implements Serializable {
        private static final long serialVersionUID = 1L;
        int f00, f01, f02, f03, f04, f05, f06, f07, f08, f09, f10, f11, f12, f13, f14, f15, f16, f17;
    }

    public enum Simple {
        A,
        B {
            @Override
            public String toString() {
                return "b";
            }
        }
    }
}
