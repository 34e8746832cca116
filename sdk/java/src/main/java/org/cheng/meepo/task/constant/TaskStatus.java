package org.cheng.meepo.task.constant;

/** Where a task stands. The names travel on the wire: a name that is not here cannot be received. */
public enum TaskStatus {
    /** Stored; nothing is scheduled yet. */
    CREATE,
    /** Waits for its next due time. */
    SCHEDULE,
    /** A call runs, or waits for its retry. */
    RUNNING,
    /** Ended well; no due time is left. */
    DONE,
    /** The last call succeeded; more due times follow. */
    SUCCESS,
    /** Cancelled. */
    CANCEL,
    /** The last call failed. */
    FAIL
}
