#include "api/grpc/task_service.h"

#include "api/grpc/create_stream.h"
#include "api/grpc/unary.h"

namespace meepo::api {

using Unary = grpc::ServerUnaryReactor;

Unary* TaskService::Create(Context* context, const v1::CreateTaskRequest* request, v1::CreateTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Create", context, request, response, &Calls::create);
}

Unary* TaskService::CreateBatch(Context* context, const v1::CreateBatchRequest* request, v1::CreateBatchResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.CreateBatch", context, request, response, &Calls::create_batch);
}

grpc::ServerBidiReactor<v1::CreateStreamRequest, v1::CreateStreamResponse>* TaskService::CreateStream(Context* context) {
  const auto caller = admit(access_, "meepo.v1.TaskService.CreateStream", *context);
  return start_create_stream(calls_, caller ? Result<void>() : fail(caller.error()));
}

Unary* TaskService::Get(Context* context, const v1::GetTaskRequest* request, v1::Task* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Get", context, request, response, &Calls::get);
}

Unary* TaskService::List(Context* context, const v1::ListTasksRequest* request, v1::ListTasksResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.List", context, request, response, &Calls::list);
}

Unary* TaskService::Count(Context* context, const v1::CountTasksRequest* request, v1::CountTasksResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Count", context, request, response, &Calls::count);
}

Unary* TaskService::Cancel(Context* context, const v1::CancelTaskRequest* request, v1::CancelTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Cancel", context, request, response, &Calls::cancel);
}

Unary* TaskService::Pause(Context* context, const v1::PauseTaskRequest* request, v1::PauseTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Pause", context, request, response, &Calls::pause);
}

Unary* TaskService::Resume(Context* context, const v1::ResumeTaskRequest* request, v1::ResumeTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Resume", context, request, response, &Calls::resume);
}

Unary* TaskService::Trigger(Context* context, const v1::TriggerTaskRequest* request, v1::TriggerTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Trigger", context, request, response, &Calls::trigger);
}

Unary* TaskService::Update(Context* context, const v1::UpdateTaskRequest* request, v1::UpdateTaskResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Update", context, request, response, &Calls::update);
}

Unary* TaskService::Rerun(Context* context, const v1::RerunRequest* request, v1::RerunResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Rerun", context, request, response, &Calls::rerun);
}

Unary* TaskService::Backfill(Context* context, const v1::BackfillRequest* request, v1::BackfillResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Backfill", context, request, response, &Calls::backfill);
}

Unary* TaskService::Why(Context* context, const v1::WhyRequest* request, v1::WhyResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Why", context, request, response, &Calls::why);
}

Unary* TaskService::Ledger(Context* context, const v1::LedgerRequest* request, v1::LedgerResponse* response) {
  return unary(calls_, access_, "meepo.v1.TaskService.Ledger", context, request, response, &Calls::ledger);
}

}  // namespace meepo::api
