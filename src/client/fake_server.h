#pragma once
// A scheduler's gRPC port for tests: answers creates as the test says and keeps what it was sent.

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "convert/status.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::client {

class FakeServer final : public v1::TaskService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::CreateStreamResponse, v1::CreateStreamRequest>;
  /// Serves one stream; `number`: 1 = the first.
  using Script = std::function<grpc::Status(int number, Stream& stream)>;

  explicit FakeServer(Script script) : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Reads one message, keeps it, answers every item as created under the id "id-<request id>".
  bool answer_one(Stream& stream) {
    v1::CreateStreamRequest request;
    if (!keep_one(stream, request)) return false;
    v1::CreateStreamResponse response;
    // Backwards: answers come in any order.
    for (int i = request.items_size() - 1; i >= 0; --i) {
      auto* item = response.add_items();
      item->set_tag(request.items(i).tag());
      item->mutable_created()->set_id("id-" + request.items(i).spec().request_id());
    }
    return stream.Write(response);
  }
  bool keep_one(Stream& stream, v1::CreateStreamRequest& request) {
    if (!stream.Read(&request)) return false;
    const std::scoped_lock lock(mutex_);
    messages_.push_back(request);
    return true;
  }
  grpc::Status answer_all(Stream& stream) {
    while (answer_one(stream)) {}
    return grpc::Status::OK;
  }

  std::vector<v1::CreateStreamRequest> messages() const {
    const std::scoped_lock lock(mutex_);
    return messages_;
  }
  std::string authorization() const {
    const std::scoped_lock lock(mutex_);
    return authorization_;
  }

  grpc::Status CreateStream(grpc::ServerContext* context, Stream* stream) override {
    int number = 0;
    {
      const std::scoped_lock lock(mutex_);
      number = ++streams_;
      note_authorization(*context);
    }
    return script_(number, *stream);
  }

  grpc::Status Get(grpc::ServerContext* context, const v1::GetTaskRequest* request, v1::Task* task) override {
    const std::scoped_lock lock(mutex_);
    note_authorization(*context);
    if (request->id() == "none") {
      return convert::to_status({.code = Code::NotFound, .message = "get: no task \"none\"", .field = "id", .cause = {}});
    }
    task->set_id(request->id());
    return grpc::Status::OK;
  }

 private:
  void note_authorization(const grpc::ServerContext& context) {
    const auto entry = context.client_metadata().find("authorization");
    authorization_ = entry == context.client_metadata().end() ? "" : std::string(entry->second.data(), entry->second.size());
  }

  mutable std::mutex mutex_;
  Script script_;
  int port_ = 0;
  int streams_ = 0;
  std::string authorization_;
  std::vector<v1::CreateStreamRequest> messages_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace meepo::client
