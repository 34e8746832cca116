package demo.api;

/** An enum with a constant that has a body, and so a class of its own. */
public enum Color {
    RED,
    GREEN {
        @Override
        public String shade() {
            return "leaf";
        }
    },
    BLUE;

    public String shade() {
        return "plain";
    }
}
