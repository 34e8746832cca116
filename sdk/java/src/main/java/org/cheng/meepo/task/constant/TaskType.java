package org.cheng.meepo.task.constant;

/** When a task is due. The names travel on the wire. */
public enum TaskType {
    /** Now. The define string is empty. */
    REAL,
    /** After each of several delays, in seconds from creation: {@code "0,1,3,5,10"}. Each delay gives one call. */
    LADDER,
    /** At one time, {@code yyyyMMddHHmmss} in the task's zone. */
    TIMING,
    /** On a Spring cron expression of six fields, seconds first. */
    PLAN
}
