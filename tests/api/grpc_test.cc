// gRPC's unary calls on the real scheduler, their permissions, and the listener.

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "api/grpc/methods.h"
#include "api/server.h"
#include "base/limits.h"
#include "convert/status.h"
#include "meepo/v1/admin_service.grpc.pb.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::api::test {
namespace {

v1::TaskSpec spec(const std::string& app = "a") {
  v1::TaskSpec spec;
  spec.set_app_id(app);
  spec.set_kind(v1::Kind::REAL);
  spec.mutable_target()->mutable_service()->set_interface("com.example.Pay");
  spec.mutable_target()->mutable_service()->set_method("settle");
  return spec;
}

/// A context with a deadline, so that a test that is wrong ends.
std::unique_ptr<grpc::ClientContext> context(const char* token = nullptr) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (token != nullptr) context->AddMetadata("authorization", std::string("Bearer ") + token);
  return context;
}

TEST(Grpc, ATaskIsCreatedSeenAndCancelled) {
  const Server server;
  const auto stub = v1::TaskService::NewStub(server.channel());
  v1::CreateTaskRequest request;
  *request.mutable_spec() = spec();
  v1::CreateTaskResponse created;
  ASSERT_TRUE(stub->Create(context().get(), request, &created).ok());
  EXPECT_TRUE(created.first_due().ends_with("+08:00"));
  EXPECT_EQ(created.warnings_size(), 1);

  v1::GetTaskRequest get;
  get.set_id(created.id());
  v1::Task task;
  ASSERT_TRUE(stub->Get(context().get(), get, &task).ok());
  EXPECT_EQ(task.status(), v1::Status::SCHEDULE);
  EXPECT_EQ(task.armed().reason(), "no executor");

  v1::TriggerTaskRequest trigger;
  trigger.set_id(created.id());
  v1::TriggerTaskResponse triggered;
  ASSERT_TRUE(stub->Trigger(context().get(), trigger, &triggered).ok());
  EXPECT_TRUE(triggered.firing_id().starts_with(created.id() + "@m"));

  v1::ListTasksResponse list;
  ASSERT_TRUE(stub->List(context().get(), {}, &list).ok());
  EXPECT_EQ(list.tasks_size(), 1);

  v1::CancelTaskRequest cancel;
  cancel.set_id(created.id());
  v1::CancelTaskResponse cancelled;
  ASSERT_TRUE(stub->Cancel(context().get(), cancel, &cancelled).ok());
  EXPECT_TRUE(cancelled.cancelled());

  v1::LedgerRequest ledger_request;
  ledger_request.set_id(created.id());
  v1::LedgerResponse ledger;
  ASSERT_TRUE(stub->Ledger(context().get(), ledger_request, &ledger).ok());
  EXPECT_EQ(ledger.rows_size(), 2);
}

TEST(Grpc, AnErrorCarriesCodeMessageAndField) {
  const Server server;
  const auto stub = v1::TaskService::NewStub(server.channel());
  v1::CreateTaskRequest request;
  *request.mutable_spec() = spec();
  request.mutable_spec()->mutable_target()->mutable_service()->set_method("a b");
  v1::CreateTaskResponse created;
  const auto status = stub->Create(context().get(), request, &created);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto error = convert::error_from(status);
  EXPECT_EQ(error.code, Code::InvalidArgument);
  EXPECT_EQ(error.field, "target.service.method");
  EXPECT_NE(error.message.find("\"a b\""), std::string::npos);

  v1::Task task;
  v1::GetTaskRequest get;
  get.set_id(std::string(TaskId::make(3, from_unix_ms(1'800'000'000'000), 7).text()));
  EXPECT_EQ(convert::error_from(stub->Get(context().get(), get, &task)).code, Code::NotFound);
}

TEST(Grpc, ABatchAnswersEachSpecByItself) {
  const Server server;
  const auto stub = v1::TaskService::NewStub(server.channel());
  v1::CreateBatchRequest request;
  *request.add_specs() = spec();
  request.add_specs();
  *request.add_specs() = spec();
  v1::CreateBatchResponse response;
  ASSERT_TRUE(stub->CreateBatch(context().get(), request, &response).ok());
  ASSERT_EQ(response.items_size(), 3);
  EXPECT_TRUE(response.items(0).has_created());
  EXPECT_EQ(response.items(1).error().field(), "kind");
  EXPECT_TRUE(response.items(2).has_created());

  for (int i = request.specs_size(); i <= static_cast<int>(limits::kBatchItemsMax); ++i) request.add_specs();
  const auto status = stub->CreateBatch(context().get(), request, &response);
  EXPECT_EQ(convert::error_from(status).code, Code::Exhausted);
  EXPECT_NE(status.error_message().find("10001"), std::string::npos) << status.error_message();
  EXPECT_EQ(server.task_count(), 2U);
}

TEST(Grpc, JsonThatIsNoneAndMessagesThatAreTooLargeAreRefused) {
  const Server server;
  const auto stub = v1::TaskService::NewStub(server.channel());
  v1::CreateTaskRequest request;
  *request.mutable_spec() = spec();
  request.mutable_spec()->mutable_target()->mutable_service()->mutable_params()->set_json("[1,");
  v1::CreateTaskResponse created;
  EXPECT_EQ(convert::error_from(stub->Create(context().get(), request, &created)).field, "target.service.params");
  request.mutable_spec()->mutable_target()->mutable_service()->mutable_params()->set_bytes(std::string(limits::kGrpcMessageBytesMax, 'x'));
  EXPECT_EQ(stub->Create(context().get(), request, &created).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::TriggerTaskRequest trigger;
  trigger.set_id(std::string(TaskId::make(3, from_unix_ms(1'800'000'000'000), 7).text()));
  trigger.mutable_params()->set_json("{");
  v1::TriggerTaskResponse triggered;
  EXPECT_EQ(convert::error_from(stub->Trigger(context().get(), trigger, &triggered)).field, "params");
  EXPECT_EQ(server.task_count(), 0U);
}

TEST(Grpc, AdminSaysWhatRunsHere) {
  const Server server;
  const auto stub = v1::AdminService::NewStub(server.channel());
  v1::InfoResponse info;
  ASSERT_TRUE(stub->Info(context().get(), {}, &info).ok());
  EXPECT_EQ(info.version(), "1.2.3");
  v1::CountsResponse counts;
  ASSERT_TRUE(stub->Counts(context().get(), {}, &counts).ok());
  EXPECT_EQ(counts.tasks(), 0U);
  v1::ListExecutorsResponse executors;
  ASSERT_TRUE(stub->ListExecutors(context().get(), {}, &executors).ok());
  EXPECT_EQ(executors.executors_size(), 0);
}

/// The status of one call of `method` with an empty message.
grpc::Status call(const Server& server, std::string_view method, const char* token) {
  grpc::GenericStub stub(server.channel());
  std::string path = "/" + std::string(method);
  path[path.rfind('.')] = '/';
  grpc::CompletionQueue queue;
  const auto client = context(token);
  const auto stream = stub.PrepareCall(client.get(), path, &queue);
  grpc::Status status;
  void* tag = nullptr;
  bool ok = false;
  stream->StartCall(nullptr);
  queue.Next(&tag, &ok);
  stream->WriteLast(grpc::ByteBuffer(nullptr, 0), {}, nullptr);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer response;
  do {  // the status comes after the last message
    stream->Read(&response, nullptr);
    queue.Next(&tag, &ok);
  } while (ok);
  stream->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  return status;
}

TEST(GrpcAccess, EachMethodWantsItsPermission) {
  const Server server(access_with_tokens());
  const std::pair<const char*, Role> tokens[] = {
      {kReaderToken, Role::Reader}, {kClientToken, Role::Client}, {kExecutorToken, Role::Executor}, {kAdminToken, Role::Admin}};
  for (const auto& rule : method_rules()) {
    if (rule.method == kExecutorConnect) continue;  // served by the direct adapter, which asks admit()
    EXPECT_EQ(call(server, rule.method, nullptr).error_code(), grpc::StatusCode::UNAUTHENTICATED) << rule.method;
    EXPECT_EQ(call(server, rule.method, "wrong").error_code(), grpc::StatusCode::UNAUTHENTICATED) << rule.method;
    for (const auto& [token, role] : tokens) {
      const auto status = call(server, rule.method, token);
      EXPECT_EQ(status.error_code() == grpc::StatusCode::PERMISSION_DENIED, !has(role, rule.permission))
          << rule.method << " " << to_string(role);
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << rule.method << " " << to_string(role);
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << rule.method;
    }
  }
}

TEST(GrpcServer, ATakenPortIsAnErrorThatNamesAddressReasonAndFlag) {
  const Server server;
  const auto second = GrpcServer::start({.address = server.grpc_address(), .flag = "--grpc"}, {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(server.grpc_address().text()), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("taken"), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("--grpc"), std::string::npos) << second.error().message;
  const auto nowhere = GrpcServer::start({.address = {.host = "192.0.2.1", .port = 0}}, {});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message.find("192.0.2.1"), std::string::npos) << nowhere.error().message;
}

}  // namespace
}  // namespace meepo::api::test
