#include "client/client.h"

#include <grpcpp/client_context.h>

#include <mutex>
#include <utility>

#include "client/channel.h"
#include "convert/status.h"
#include "meepo/v1/admin_service.grpc.pb.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::client {

class Client::Impl {
 public:
  explicit Impl(Options chosen)
      : options(std::move(chosen)),
        channel(make_channel(options.address)),
        tasks(v1::TaskService::NewStub(channel)),
        admin(v1::AdminService::NewStub(channel)) {}

  template <class Stub, class Request, class Response>
  Result<Response> call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options.timeout);
    add_token(context, options.token);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return fail(convert::error_from(status));
    return response;
  }

  CreateWriter& writer_now() {
    const std::scoped_lock lock(mutex_);
    if (!writer_) {
      CreateWriter::Options chosen = options.writer;
      chosen.token = options.token;
      chosen.timeout = options.timeout;
      writer_ = std::make_unique<CreateWriter>(channel, std::move(chosen));
    }
    return *writer_;
  }

  const Options options;
  const std::shared_ptr<grpc::ChannelInterface> channel;
  const std::unique_ptr<v1::TaskService::Stub> tasks;
  const std::unique_ptr<v1::AdminService::Stub> admin;

 private:
  std::mutex mutex_;
  std::unique_ptr<CreateWriter> writer_;
};

Result<std::unique_ptr<Client>> Client::connect(Options options) {
  if (const auto checked = check_address(options.address); !checked) return fail(checked.error());
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(std::move(options))));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<v1::CreateTaskResponse> Client::create(const v1::CreateTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Create, request);
}
Result<v1::CreateBatchResponse> Client::create_batch(const v1::CreateBatchRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::CreateBatch, request);
}
Result<v1::Task> Client::get(const v1::GetTaskRequest& request) { return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Get, request); }
Result<v1::CountTasksResponse> Client::count(const v1::CountTasksRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Count, request);
}

Result<v1::ListTasksResponse> Client::list(const v1::ListTasksRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::List, request);
}
Result<v1::CancelTaskResponse> Client::cancel(const v1::CancelTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Cancel, request);
}
Result<v1::PauseTaskResponse> Client::pause(const v1::PauseTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Pause, request);
}
Result<v1::ResumeTaskResponse> Client::resume(const v1::ResumeTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Resume, request);
}
Result<v1::TriggerTaskResponse> Client::trigger(const v1::TriggerTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Trigger, request);
}
Result<v1::UpdateTaskResponse> Client::update(const v1::UpdateTaskRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Update, request);
}
Result<v1::RerunResponse> Client::rerun(const v1::RerunRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Rerun, request);
}
Result<v1::BackfillResponse> Client::backfill(const v1::BackfillRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Backfill, request);
}
Result<v1::WhyResponse> Client::why(const v1::WhyRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Why, request);
}
Result<v1::LedgerResponse> Client::ledger(const v1::LedgerRequest& request) {
  return impl_->call(*impl_->tasks, &v1::TaskService::Stub::Ledger, request);
}
Result<v1::InfoResponse> Client::info() { return impl_->call(*impl_->admin, &v1::AdminService::Stub::Info, v1::InfoRequest()); }
Result<v1::CountsResponse> Client::counts() { return impl_->call(*impl_->admin, &v1::AdminService::Stub::Counts, v1::CountsRequest()); }
Result<v1::ListExecutorsResponse> Client::executors() {
  return impl_->call(*impl_->admin, &v1::AdminService::Stub::ListExecutors, v1::ListExecutorsRequest());
}

CreateWriter& Client::writer() { return impl_->writer_now(); }

}  // namespace meepo::client
