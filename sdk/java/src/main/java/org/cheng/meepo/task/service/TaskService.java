package org.cheng.meepo.task.service;

import java.util.List;
import org.cheng.meepo.task.constant.TaskType;
import org.cheng.meepo.task.dto.ServiceInvokeParam;
import org.cheng.meepo.task.dto.TaskContext;
import org.cheng.meepo.task.exception.TaskServiceException;

/**
 * Creates tasks and tells what became of them. A Dubbo reference to this interface is a Meepo client.
 *
 * <p>The name of the calling application travels as the Dubbo attachment {@code appId}. Options of a task travel as attachments whose names
 * begin with {@code meepo.}; one that Meepo does not know, or a value that does not fit, is refused with a {@link TaskServiceException}.
 */
public interface TaskService {
    /**
     * Creates a task. When this returns, the task is stored durably.
     *
     * @param service the method to call, with its arguments
     * @param type when to call it
     * @param executeDefine the times, in the form that {@code type} asks for; empty for {@link TaskType#REAL}
     * @return the task's id
     */
    String create(ServiceInvokeParam service, TaskType type, String executeDefine) throws TaskServiceException;

    /** Cancels a task: no due time of it is left afterwards. A call that runs already is not undone. */
    Boolean cancel(String taskId) throws TaskServiceException;

    /** Tasks that Meepo knows, newest first. */
    List<TaskContext> list() throws TaskServiceException;

    /** One task, with its state and the result of its latest call. */
    TaskContext get(String taskId) throws TaskServiceException;

    /** Tasks whose service has the interface, method and version of {@code pattern}; a null field of it matches anything. */
    List<TaskContext> search(ServiceInvokeParam pattern) throws TaskServiceException;

    /** Stores {@code result} as the result of the latest call, if that call runs or ended without one. Anything else is refused. */
    Boolean saveResult(String taskId, Object result) throws TaskServiceException;

    /** The result of the latest call that ended; null if there is none. */
    Object getResult(String taskId) throws TaskServiceException;
}
