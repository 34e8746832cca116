package org.cheng.meepo.task.dto;

import java.io.Serializable;
import org.cheng.meepo.task.constant.TaskStatus;
import org.cheng.meepo.task.constant.TaskType;

/** A task as Meepo shows it. Field names travel on the wire. */
public class TaskContext implements Serializable {
    private static final long serialVersionUID = 1L;

    private String taskId;
    private String id;
    private ServiceInvokeParam serviceInvokeParam;
    private TaskType taskType;
    private String executeDefine;
    private boolean runOnce;
    private String appId;
    private String scheduleServer;
    private TaskStatus taskStatus;
    private String progressId;
    private Object executeResult;

    public String getTaskId() {
        return taskId;
    }

    public void setTaskId(String taskId) {
        this.taskId = taskId;
    }

    /** The same value as {@link #getTaskId()}. */
    public String getId() {
        return id;
    }

    public void setId(String id) {
        this.id = id;
    }

    public ServiceInvokeParam getServiceInvokeParam() {
        return serviceInvokeParam;
    }

    public void setServiceInvokeParam(ServiceInvokeParam serviceInvokeParam) {
        this.serviceInvokeParam = serviceInvokeParam;
    }

    public TaskType getTaskType() {
        return taskType;
    }

    public void setTaskType(TaskType taskType) {
        this.taskType = taskType;
    }

    public String getExecuteDefine() {
        return executeDefine;
    }

    public void setExecuteDefine(String executeDefine) {
        this.executeDefine = executeDefine;
    }

    /** Whether no due time is left after the first success. */
    public boolean isRunOnce() {
        return runOnce;
    }

    public void setRunOnce(boolean runOnce) {
        this.runOnce = runOnce;
    }

    /** The application that created the task. */
    public String getAppId() {
        return appId;
    }

    public void setAppId(String appId) {
        this.appId = appId;
    }

    public String getScheduleServer() {
        return scheduleServer;
    }

    public void setScheduleServer(String scheduleServer) {
        this.scheduleServer = scheduleServer;
    }

    public TaskStatus getTaskStatus() {
        return taskStatus;
    }

    public void setTaskStatus(TaskStatus taskStatus) {
        this.taskStatus = taskStatus;
    }

    public String getProgressId() {
        return progressId;
    }

    public void setProgressId(String progressId) {
        this.progressId = progressId;
    }

    /** Result of the latest call that ended: a value, or a map with the key {@code class} where the service returned a bean. */
    public Object getExecuteResult() {
        return executeResult;
    }

    public void setExecuteResult(Object executeResult) {
        this.executeResult = executeResult;
    }

    @Override
    public String toString() {
        return "TaskContext{taskId=" + taskId + ", taskType=" + taskType + ", taskStatus=" + taskStatus + "}";
    }
}
