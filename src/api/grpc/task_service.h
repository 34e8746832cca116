#pragma once
// TaskService over gRPC: each method reads and checks on gRPC's thread, posts one batch to the scheduler's loop and finishes from there.

#include "api/access/access.h"
#include "api/calls/calls.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::api {

/// Outlives the server that it is registered with; `calls` and `access` outlive it.
class TaskService final : public v1::TaskService::CallbackService {
 public:
  TaskService(Calls& calls, const Access& access) : calls_(calls), access_(access) {}

  using Context = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* Create(Context* context, const v1::CreateTaskRequest* request, v1::CreateTaskResponse* response) override;
  Unary* CreateBatch(Context* context, const v1::CreateBatchRequest* request, v1::CreateBatchResponse* response) override;
  grpc::ServerBidiReactor<v1::CreateStreamRequest, v1::CreateStreamResponse>* CreateStream(Context* context) override;
  Unary* Get(Context* context, const v1::GetTaskRequest* request, v1::Task* response) override;
  Unary* List(Context* context, const v1::ListTasksRequest* request, v1::ListTasksResponse* response) override;
  Unary* Count(Context* context, const v1::CountTasksRequest* request, v1::CountTasksResponse* response) override;
  Unary* Cancel(Context* context, const v1::CancelTaskRequest* request, v1::CancelTaskResponse* response) override;
  Unary* Pause(Context* context, const v1::PauseTaskRequest* request, v1::PauseTaskResponse* response) override;
  Unary* Resume(Context* context, const v1::ResumeTaskRequest* request, v1::ResumeTaskResponse* response) override;
  Unary* Trigger(Context* context, const v1::TriggerTaskRequest* request, v1::TriggerTaskResponse* response) override;
  Unary* Update(Context* context, const v1::UpdateTaskRequest* request, v1::UpdateTaskResponse* response) override;
  Unary* Rerun(Context* context, const v1::RerunRequest* request, v1::RerunResponse* response) override;
  Unary* Backfill(Context* context, const v1::BackfillRequest* request, v1::BackfillResponse* response) override;
  Unary* Why(Context* context, const v1::WhyRequest* request, v1::WhyResponse* response) override;
  Unary* Ledger(Context* context, const v1::LedgerRequest* request, v1::LedgerResponse* response) override;

 private:
  Calls& calls_;
  const Access& access_;
};

}  // namespace meepo::api
