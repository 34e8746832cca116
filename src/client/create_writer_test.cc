#include "client/create_writer.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <set>
#include <thread>

#include "client/channel.h"
#include "client/fake_server.h"

namespace meepo::client {
namespace {

using namespace std::chrono_literals;
using Answer = Result<v1::CreateTaskResponse>;

v1::TaskSpec spec_named(const std::string& name, const std::string& request_id = {}) {
  v1::TaskSpec spec;
  spec.set_app_id("shop");
  spec.set_name(name);
  spec.set_request_id(request_id);
  return spec;
}

std::future<Answer> create(CreateWriter& writer, v1::TaskSpec spec) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  writer.create(std::move(spec), [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return future;
}

Code code_of(std::future<Answer> future) {
  const Answer answer = future.get();
  EXPECT_FALSE(answer.has_value());
  return answer ? Code::Internal : answer.error().code;
}

CreateWriter::Options fast() {
  CreateWriter::Options options;
  options.timeout = 10s;
  options.reconnect_first = 1ms;
  options.reconnect_max = 5ms;
  return options;
}

TEST(CreateWriter, Create_AnswersEachCallerItsOwnTaskWhateverTheOrder) {
  FakeServer* self = nullptr;
  FakeServer server([&self](int, FakeServer::Stream& stream) { return self->answer_all(stream); });
  self = &server;
  CreateWriter writer(make_channel(server.address()), fast());
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      std::vector<std::pair<std::string, std::future<Answer>>> futures;
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        futures.emplace_back(id, create(writer, spec_named("n", id)));
      }
      for (auto& [id, future] : futures) {
        const Answer answer = future.get();
        ASSERT_TRUE(answer.has_value()) << answer.error().message;
        EXPECT_EQ(answer->id(), "id-" + id);
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(writer.flush(1s));
  EXPECT_EQ(writer.waiting(), 0U);
}

TEST(CreateWriter, Create_PutsWhatWaitedIntoMessagesOfBoundedSize) {
  FakeServer* self = nullptr;
  std::latch queued(1);
  FakeServer server([&](int number, FakeServer::Stream& stream) {
    if (number == 1) {
      queued.wait();
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting");
    }
    return self->answer_all(stream);
  });
  self = &server;
  auto options = fast();
  options.message_items_max = 100;
  CreateWriter writer(make_channel(server.address()), options);
  std::vector<std::future<Answer>> futures;
  for (int i = 0; i < 250; ++i) futures.push_back(create(writer, spec_named("n", std::to_string(i))));
  queued.count_down();
  for (auto& future : futures) EXPECT_TRUE(future.get().has_value());
  std::vector<int> sizes;
  for (const auto& message : server.messages()) sizes.push_back(message.items_size());
  EXPECT_EQ(sizes, (std::vector{100, 100, 50}));
}

TEST(CreateWriter, Create_KeepsMessagesBelowTheirBytesButSendsALargeSpecAlone) {
  FakeServer* self = nullptr;
  std::latch queued(1);
  FakeServer server([&](int number, FakeServer::Stream& stream) {
    if (number == 1) {
      queued.wait();
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "starting");
    }
    return self->answer_all(stream);
  });
  self = &server;
  auto options = fast();
  options.message_bytes_max = 2'500;
  CreateWriter writer(make_channel(server.address()), options);
  std::vector<std::future<Answer>> futures;
  for (const std::size_t bytes : {1000UL, 1000UL, 1000UL, 9000UL, 10UL})
    futures.push_back(create(writer, spec_named(std::string(bytes, 'x'))));
  queued.count_down();
  for (auto& future : futures) EXPECT_TRUE(future.get().has_value());
  std::vector<int> sizes;
  for (const auto& message : server.messages()) sizes.push_back(message.items_size());
  EXPECT_EQ(sizes, (std::vector{2, 1, 1, 1}));
}

TEST(CreateWriter, Create_RepeatsUnansweredCreatesOnTheNextStreamWithTheSameRequestId) {
  FakeServer* self = nullptr;
  FakeServer server([&self](int number, FakeServer::Stream& stream) {
    if (number > 1) return self->answer_all(stream);
    v1::CreateStreamRequest lost;
    self->keep_one(stream, lost);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "killed");
  });
  self = &server;
  CreateWriter writer(make_channel(server.address()), fast());
  auto own = create(writer, spec_named("own", "mine"));
  auto given = create(writer, spec_named("given"));
  const Answer first = own.get();
  const Answer second = given.get();
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->id(), "id-mine");
  std::map<std::string, std::set<std::string>> ids_by_name;
  int sent = 0;
  for (const auto& message : server.messages()) {
    for (const auto& item : message.items()) {
      ++sent;
      ids_by_name[item.spec().name()].insert(item.spec().request_id());
    }
  }
  EXPECT_GE(sent, 3);
  EXPECT_EQ(ids_by_name["own"], std::set<std::string>{"mine"});
  ASSERT_EQ(ids_by_name["given"].size(), 1U);
  EXPECT_EQ(second->id(), "id-" + *ids_by_name["given"].begin());
}

TEST(CreateWriter, Create_PassesTheServersErrorsOn) {
  FakeServer* self = nullptr;
  FakeServer server([&self](int, FakeServer::Stream& stream) {
    v1::CreateStreamRequest request;
    while (self->keep_one(stream, request)) {
      v1::CreateStreamResponse response;
      auto* item = response.add_items();
      item->set_tag(request.items(0).tag());
      *item->mutable_error() =
          convert::to_proto(Error{.code = Code::InvalidArgument, .message = "define is \"x\"", .field = "define", .cause = {}});
      stream.Write(response);
    }
    return grpc::Status::OK;
  });
  self = &server;
  CreateWriter writer(make_channel(server.address()), fast());
  const Answer answer = create(writer, spec_named("n")).get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::InvalidArgument);
  EXPECT_EQ(answer.error().field, "define");
  EXPECT_EQ(answer.error().message, "define is \"x\"");
}

TEST(CreateWriter, Create_EndsUnauthenticatedAtOnceWhenTheStreamIsRefused) {
  FakeServer server([](int, FakeServer::Stream&) {
    return convert::to_status({.code = Code::Unauthenticated, .message = "no token", .field = {}, .cause = {}});
  });
  auto options = fast();
  options.token = "secret";
  CreateWriter writer(make_channel(server.address()), options);
  EXPECT_EQ(code_of(create(writer, spec_named("n"))), Code::Unauthenticated);
  EXPECT_EQ(server.authorization(), "Bearer secret");
}

TEST(CreateWriter, Create_EndsTimeoutWhenItWasSentAndNothingComesBack) {
  FakeServer* self = nullptr;
  FakeServer server([&self](int, FakeServer::Stream& stream) {
    v1::CreateStreamRequest request;
    while (self->keep_one(stream, request)) {}
    return grpc::Status::OK;
  });
  self = &server;
  auto options = fast();
  options.timeout = 300ms;
  CreateWriter writer(make_channel(server.address()), options);
  const Answer answer = create(writer, spec_named("n", "r1")).get();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Code::Timeout);
  EXPECT_NE(answer.error().message.find("r1"), std::string::npos) << answer.error().message;
}

TEST(CreateWriter, Create_EndsUnavailableWhenItWasNeverSent) {
  std::string address;
  {
    FakeServer gone([](int, FakeServer::Stream&) { return grpc::Status::OK; });
    address = gone.address();
  }
  auto options = fast();
  options.timeout = 200ms;
  CreateWriter writer(make_channel(address), options);
  EXPECT_EQ(code_of(create(writer, spec_named("n"))), Code::Unavailable);
}

TEST(CreateWriter, Create_RefusesOneMoreThanItsLimits) {
  FakeServer* self = nullptr;
  FakeServer server([&self](int, FakeServer::Stream& stream) {
    v1::CreateStreamRequest request;
    while (self->keep_one(stream, request)) {}
    return grpc::Status::OK;
  });
  self = &server;
  auto options = fast();
  options.creates_max = 3;
  options.bytes_max = 10'000;
  CreateWriter writer(make_channel(server.address()), options);
  std::vector<std::future<Answer>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(create(writer, spec_named("n")));
  EXPECT_EQ(writer.waiting(), 3U);
  EXPECT_EQ(code_of(create(writer, spec_named("one more"))), Code::Exhausted);
  EXPECT_EQ(code_of(create(writer, spec_named(std::string(limits::kGrpcMessageBytesMax, 'x')))), Code::Exhausted);
  EXPECT_FALSE(writer.flush(1ms));
  writer.close();
  for (auto& future : futures) {
    const Code code = code_of(std::move(future));
    EXPECT_TRUE(code == Code::Unknown || code == Code::Unavailable) << to_string(code);
  }

  CreateWriter small(make_channel(server.address()), options);
  EXPECT_EQ(code_of(create(small, spec_named(std::string(10'001, 'x')))), Code::Exhausted);
}

TEST(CreateWriter, Create_IsRefusedAfterClose) {
  FakeServer server([](int, FakeServer::Stream&) { return grpc::Status::OK; });
  CreateWriter writer(make_channel(server.address()), fast());
  writer.close();
  writer.close();
  EXPECT_EQ(code_of(create(writer, spec_named("n"))), Code::Unavailable);
}

}  // namespace
}  // namespace meepo::client
