// The create stream on the real scheduler.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "api/grpc/create_stream.h"
#include "api/server.h"
#include "base/limits.h"
#include "convert/status.h"
#include "meepo/v1/task_service.grpc.pb.h"

namespace meepo::api::test {
namespace {

void add(v1::CreateStreamRequest& request, std::uint64_t tag, const std::string& method = "settle") {
  auto& item = *request.add_items();
  item.set_tag(tag);
  item.mutable_spec()->set_app_id("a");
  item.mutable_spec()->set_kind(v1::Kind::REAL);
  item.mutable_spec()->mutable_target()->mutable_service()->set_interface("com.example.Pay");
  item.mutable_spec()->mutable_target()->mutable_service()->set_method(method);
}

class Stream {
 public:
  explicit Stream(const Server& server, const char* token = nullptr, std::chrono::seconds deadline = std::chrono::seconds(60))
      : stub_(v1::TaskService::NewStub(server.channel())) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (token != nullptr) context.AddMetadata("authorization", std::string("Bearer ") + token);
    stream = stub_->CreateStream(&context);
  }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CreateStreamRequest, v1::CreateStreamResponse>> stream;

 private:
  std::unique_ptr<v1::TaskService::Stub> stub_;
};

TEST(CreateStream, EveryItemIsAnsweredOnceByItsTag) {
  const Server server;
  Stream client(server);
  constexpr std::uint64_t kMessages = 40;
  constexpr std::uint64_t kItems = 100;
  std::thread writer([&] {
    for (std::uint64_t m = 0; m < kMessages; ++m) {
      v1::CreateStreamRequest request;
      for (std::uint64_t i = 0; i < kItems; ++i) add(request, m * kItems + i, i == 7 ? "not good" : "settle");
      if (!client.stream->Write(request)) break;
    }
    client.stream->WritesDone();
  });
  std::set<std::uint64_t> created;
  std::set<std::uint64_t> refused;
  std::set<std::string> ids;
  v1::CreateStreamResponse response;
  while (client.stream->Read(&response)) {
    for (const auto& item : response.items()) {
      EXPECT_TRUE((item.has_created() ? created : refused).insert(item.tag()).second) << "answered twice: " << item.tag();
      if (item.has_created()) {
        ids.insert(item.created().id());
      } else {
        EXPECT_EQ(item.error().field(), "target.service.method");
      }
    }
  }
  writer.join();
  EXPECT_TRUE(client.stream->Finish().ok());
  EXPECT_EQ(created.size(), kMessages * (kItems - 1));
  EXPECT_EQ(ids.size(), created.size());
  EXPECT_EQ(refused.size(), kMessages);
  for (const auto tag : refused) EXPECT_EQ(tag % kItems, 7U);
  EXPECT_EQ(server.task_count(), created.size());
}

TEST(CreateStream, AnEmptyStreamAndAnEmptyMessageEndWell) {
  const Server server;
  Stream client(server);
  EXPECT_TRUE(client.stream->Write({}));
  client.stream->WritesDone();
  EXPECT_TRUE(client.stream->Finish().ok());
}

TEST(CreateStream, AMessageOfTooManyItemsEndsTheStreamAfterTheAnswersBeforeIt) {
  const Server server;
  Stream client(server);
  v1::CreateStreamRequest good;
  add(good, 1);
  ASSERT_TRUE(client.stream->Write(good));
  v1::CreateStreamRequest bad;
  for (std::uint64_t i = 0; i <= limits::kBatchItemsMax; ++i) add(bad, i);
  client.stream->Write(bad);
  v1::CreateStreamResponse response;
  int answers = 0;
  while (client.stream->Read(&response)) answers += response.items_size();
  EXPECT_EQ(answers, 1);
  const auto error = convert::error_from(client.stream->Finish());
  EXPECT_EQ(error.code, Code::Exhausted);
  EXPECT_EQ(error.field, "items");
  EXPECT_EQ(server.task_count(), 1U);
}

TEST(CreateStream, AClientThatDoesNotReadIsNotReadEither) {
  const Server server;
  Stream client(server, nullptr, std::chrono::seconds(3));
  // Answers are large: each error repeats its field's value. A server without a limit would take all 500,000 of these.
  std::uint64_t written = 0;
  for (int m = 0; m < 500; ++m) {
    v1::CreateStreamRequest request;
    for (std::uint64_t i = 0; i < 1'000; ++i) add(request, i, std::string(600, '-'));
    if (!client.stream->Write(request)) break;
    written += 1'000;
  }
  // The server stops at its limit; what else the client could write sits in the buffers of the two ends.
  EXPECT_LT(written, 60'000U);
  EXPECT_EQ(client.stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(CreateStream, ACancelledStreamAndAStoppedServerLeaveNothingBehind) {
  Server server;
  {
    Stream client(server);
    v1::CreateStreamRequest request;
    for (std::uint64_t i = 0; i < 5'000; ++i) add(request, i);
    client.stream->Write(request);
    client.context.TryCancel();
    EXPECT_FALSE(client.stream->Finish().ok());
  }
  Stream open(server);
  v1::CreateStreamRequest request;
  add(request, 1);
  open.stream->Write(request);
  v1::CreateStreamResponse response;
  EXPECT_TRUE(open.stream->Read(&response));
  server.grpc().stop(milliseconds(50));
  EXPECT_FALSE(open.stream->Read(&response));
  EXPECT_FALSE(open.stream->Finish().ok());
}

TEST(CreateStream, WantsPermissionToWrite) {
  const Server server(access_with_tokens());
  for (const auto& [token, code] : {std::pair<const char*, Code>{nullptr, Code::Unauthenticated}, {kReaderToken, Code::Forbidden}}) {
    Stream client(server, token);
    v1::CreateStreamResponse response;
    EXPECT_FALSE(client.stream->Read(&response));
    EXPECT_EQ(convert::error_from(client.stream->Finish()).code, code);
  }
}

}  // namespace
}  // namespace meepo::api::test
