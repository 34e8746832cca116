package meepo.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.cheng.meepo.task.constant.TaskStatus;
import org.cheng.meepo.task.constant.TaskType;
import org.cheng.meepo.task.dto.ServiceInvokeParam;
import org.cheng.meepo.task.dto.TaskContext;
import org.cheng.meepo.task.exception.TaskServiceException;
import org.cheng.meepo.task.service.TaskService;

/** Keeps tasks and calls nothing: lets a consumer be tried without a scheduler. */
final class TaskServiceInMemory implements TaskService {
    private final AtomicInteger counter = new AtomicInteger();
    private final Map<String, TaskContext> tasks = new ConcurrentSkipListMap<>();

    @Override
    public String create(ServiceInvokeParam service, TaskType type, String executeDefine) {
        if (service == null || service.getInterfaceName() == null) {
            throw new TaskServiceException("create: interfaceName is null, expected the name of an interface");
        }
        TaskContext task = new TaskContext();
        task.setId(String.format("task%08d", counter.incrementAndGet()));
        task.setTaskId(task.getId());
        task.setServiceInvokeParam(service);
        task.setTaskType(type);
        task.setExecuteDefine(executeDefine);
        Object app = Dubbo.received().get("appId");
        task.setAppId(app == null ? null : app.toString());
        task.setTaskStatus(TaskStatus.SCHEDULE);
        tasks.put(task.getId(), task);
        return task.getId();
    }

    @Override
    public Boolean cancel(String taskId) {
        known(taskId).setTaskStatus(TaskStatus.CANCEL);
        return true;
    }

    @Override
    public List<TaskContext> list() {
        return new ArrayList<>(tasks.values());
    }

    @Override
    public TaskContext get(String taskId) {
        return tasks.get(taskId);
    }

    @Override
    public List<TaskContext> search(ServiceInvokeParam pattern) {
        List<TaskContext> found = list();
        found.removeIf(task -> !task.getServiceInvokeParam().getInterfaceName().equals(pattern.getInterfaceName()));
        return found;
    }

    @Override
    public Boolean saveResult(String taskId, Object result) {
        known(taskId).setExecuteResult(result);
        return true;
    }

    @Override
    public Object getResult(String taskId) {
        return known(taskId).getExecuteResult();
    }

    private TaskContext known(String taskId) {
        TaskContext task = tasks.get(taskId);
        if (task == null) {
            throw new TaskServiceException("there is no task " + taskId);
        }
        return task;
    }
}
