#pragma once
// Typed client of TaskService and AdminService over gRPC, for the SDK and the CLI. Calls block up to a deadline; creates that should
// share a stream go through the CreateWriter. Any thread. Every error keeps the server's code, message and field.

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "client/create_writer.h"
#include "meepo/v1/admin_service.pb.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::client {

class Client {
 public:
  struct Options {
    std::string address;               ///< HOST:PORT of a scheduler's gRPC listener
    std::string token;                 ///< empty: none
    milliseconds timeout{30'000};      ///< of each call
    CreateWriter::Options writer;      ///< its token and timeout are taken from above
  };

  /// Does not wait for the connection: the first call opens it. InvalidArgument (field "server"): not an address.
  static Result<std::unique_ptr<Client>> connect(Options options);
  ~Client();

  // Errors of each: the server's own; Unavailable (no connection, nothing was done), Timeout or Unknown (perhaps done).
  Result<v1::CreateTaskResponse> create(const v1::CreateTaskRequest& request);
  Result<v1::CreateBatchResponse> create_batch(const v1::CreateBatchRequest& request);
  Result<v1::Task> get(const v1::GetTaskRequest& request);
  Result<v1::ListTasksResponse> list(const v1::ListTasksRequest& request);
  Result<v1::CountTasksResponse> count(const v1::CountTasksRequest& request);
  Result<v1::CancelTaskResponse> cancel(const v1::CancelTaskRequest& request);
  Result<v1::PauseTaskResponse> pause(const v1::PauseTaskRequest& request);
  Result<v1::ResumeTaskResponse> resume(const v1::ResumeTaskRequest& request);
  Result<v1::TriggerTaskResponse> trigger(const v1::TriggerTaskRequest& request);
  Result<v1::UpdateTaskResponse> update(const v1::UpdateTaskRequest& request);
  Result<v1::RerunResponse> rerun(const v1::RerunRequest& request);
  Result<v1::BackfillResponse> backfill(const v1::BackfillRequest& request);
  Result<v1::WhyResponse> why(const v1::WhyRequest& request);
  Result<v1::LedgerResponse> ledger(const v1::LedgerRequest& request);
  Result<v1::InfoResponse> info();
  Result<v1::CountsResponse> counts();
  Result<v1::ListExecutorsResponse> executors();

  /// The one coalescing writer of this client, made at its first use.
  CreateWriter& writer();

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::client
