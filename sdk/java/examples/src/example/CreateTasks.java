package example;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.rpc.RpcContext;
import org.cheng.meepo.task.constant.TaskType;
import org.cheng.meepo.task.dto.ServiceInvokeParam;
import org.cheng.meepo.task.service.TaskService;

/** Creates a task of each kind. {@code CreateTasks zookeeper://127.0.0.1:2181} */
public final class CreateTasks {
    private final TaskService tasks;

    private CreateTasks(TaskService tasks) {
        this.tasks = tasks;
    }

    public static void main(String[] arguments) {
        ReferenceConfig<TaskService> reference = new ReferenceConfig<>();
        reference.setApplication(new ApplicationConfig("shop"));
        reference.setRegistry(new RegistryConfig(arguments[0]));
        reference.setInterface(TaskService.class);
        CreateTasks create = new CreateTasks(reference.get());

        create.one("REAL, now", TaskType.REAL, "");
        create.one("LADDER, after 0, 5 and 30 seconds", TaskType.LADDER, "0,5,30");
        String soon = LocalDateTime.now().plusMinutes(1).format(DateTimeFormatter.ofPattern("yyyyMMddHHmmss"));
        create.one("TIMING, in a minute", TaskType.TIMING, soon);
        create.one("PLAN, every five minutes", TaskType.PLAN, "0 0/5 * * * ?");
    }

    private void one(String what, TaskType type, String define) {
        // The application's name and options travel as attachments of the call.
        RpcContext.getContext().setAttachment("appId", "shop");
        String id = tasks.create(hello(what), type, define);
        System.out.println(what + ": " + id + " " + tasks.get(id).getTaskStatus());
    }

    private static ServiceInvokeParam hello(String name) {
        ServiceInvokeParam service = new ServiceInvokeParam();
        service.setInterfaceName("example.Greeting");
        service.setMethodName("hello");
        service.setParamsType(new String[] {"java.lang.String"});
        service.setParams(new Object[] {name});
        return service;
    }
}
