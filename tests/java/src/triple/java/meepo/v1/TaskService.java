package meepo.v1;

import org.cheng.meepo.v1.CancelTaskRequest;
import org.cheng.meepo.v1.CancelTaskResponse;
import org.cheng.meepo.v1.CreateBatchRequest;
import org.cheng.meepo.v1.CreateBatchResponse;
import org.cheng.meepo.v1.CreateTaskRequest;
import org.cheng.meepo.v1.CreateTaskResponse;
import org.cheng.meepo.v1.GetTaskRequest;
import org.cheng.meepo.v1.ListTasksRequest;
import org.cheng.meepo.v1.ListTasksResponse;
import org.cheng.meepo.v1.Task;

/**
 * Unary methods of proto/meepo/v1/task_service.proto. Dubbo builds the gRPC path out of the names in here, so the package and the methods
 * are spelled as in the schema.
 */
public interface TaskService {
    CreateTaskResponse Create(CreateTaskRequest request);

    CreateBatchResponse CreateBatch(CreateBatchRequest request);

    Task Get(GetTaskRequest request);

    ListTasksResponse List(ListTasksRequest request);

    CancelTaskResponse Cancel(CancelTaskRequest request);
}
