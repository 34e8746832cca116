// What a peer that does not keep to the protocol gets: a status that names the field, and nothing else breaks.
#include <grpcpp/create_channel.h>

#include <functional>

#include "adapters/direct/convert_run.h"
#include "adapters/direct/tests/direct_fixture.h"
#include "convert/status.h"
#include "meepo/v1/executor_service.grpc.pb.h"

namespace meepo::adapters::direct {
namespace {

using namespace std::chrono_literals;

/// A client that says what it likes.
class RawExecutor {
 public:
  explicit RawExecutor(const SchedulerEnd& scheduler)
      : stub_(v1::ExecutorService::NewStub(make_channel(scheduler))), stream_(stub_->Connect(&context_)) {}
  ~RawExecutor() { context_.TryCancel(); }
  RawExecutor(const RawExecutor&) = delete;
  RawExecutor& operator=(const RawExecutor&) = delete;

  bool say(const v1::FromExecutor& message) { return stream_->Write(message); }
  bool hear(v1::ToExecutor& message) { return stream_->Read(&message); }
  void done() { stream_->WritesDone(); }
  /// Reads to the end.
  Error end() {
    v1::ToExecutor message;
    while (stream_->Read(&message)) {}
    const auto status = stream_->Finish();
    if (status.ok()) return {.code = Code::Internal, .message = "OK", .field = {}, .cause = {}};
    return convert::error_from(status);
  }

 private:
  static std::shared_ptr<grpc::Channel> make_channel(const SchedulerEnd& scheduler) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(-1);
    return grpc::CreateCustomChannel(scheduler.address(), grpc::InsecureChannelCredentials(), arguments);
  }
  grpc::ClientContext context_;
  std::unique_ptr<v1::ExecutorService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::FromExecutor, v1::ToExecutor>> stream_;
};

v1::FromExecutor good_hello() {
  v1::FromExecutor message;
  auto& hello = *message.mutable_hello();
  hello.set_instance("i");
  hello.add_target_keys("service:a.B::");
  hello.set_credits(1);
  return message;
}

template <class Fill>
v1::FromExecutor message_with(Fill fill) {
  v1::FromExecutor message;
  fill(message);
  return message;
}

struct BadMessage {
  std::string field;
  Code code = Code::InvalidArgument;
  std::function<void(v1::FromExecutor&)> spoil;
};

TEST(DirectLimits, ABadHello_EndsTheStream_NamingTheField) {
  using Hello = v1::ExecutorHello;
  const auto hello = [](std::function<void(Hello&)> spoil) {
    return [spoil = std::move(spoil)](v1::FromExecutor& message) { spoil(*message.mutable_hello()); };
  };
  const BadMessage cases[] = {
      {"hello", Code::InvalidArgument, [](auto& m) { m.clear_hello(); }},
      {"hello.instance", Code::InvalidArgument, hello([](Hello& h) { h.clear_instance(); })},
      {"hello.instance", Code::InvalidArgument, hello([](Hello& h) { h.set_instance("a\nb"); })},
      {"hello.instance (characters)", Code::Exhausted, hello([](Hello& h) { h.set_instance(std::string(256, 'i')); })},
      {"hello.name (characters)", Code::Exhausted, hello([](Hello& h) { h.set_name(std::string(256, 'n')); })},
      {"hello.credits", Code::Exhausted, hello([](Hello& h) { h.set_credits(limits::kExecutorCreditsMax + 1); })},
      {"hello.targetKeys[1]", Code::InvalidArgument, hello([](Hello& h) { h.add_target_keys("ftp"); })},
      {"hello.targetKeys[1]", Code::InvalidArgument, hello([](Hello& h) { h.add_target_keys("service:a.B"); })},
      {"hello.targetKeys[1]", Code::InvalidArgument, hello([](Hello& h) { h.add_target_keys("service:::"); })},
      {"hello.targetKeys[1] (characters)", Code::Exhausted,
       hello([](Hello& h) { h.add_target_keys("service:" + std::string(1'000, 'a') + "::"); })},
      {"hello.targetKeys (items)", Code::Exhausted, hello([](Hello& h) {
         while (static_cast<std::size_t>(h.target_keys_size()) <= limits::kExecutorServicesMax) h.add_target_keys("http");
       })},
      {"hello.running[0].run.firingId", Code::InvalidArgument, hello([](Hello& h) { h.add_running(); })},
      {"hello.ends[0].outcome", Code::InvalidArgument, hello([](Hello& h) { write(make_ref(1), *h.add_ends()->mutable_run()); })},
      {"credits", Code::Exhausted, [](auto& m) { m.set_credits(limits::kExecutorCreditsMax + 1); }},
  };
  SchedulerEnd scheduler;
  scheduler.listen();
  for (const auto& bad : cases) {
    RawExecutor executor(scheduler);
    auto message = good_hello();
    bad.spoil(message);
    executor.say(message);
    const Error error = executor.end();
    EXPECT_EQ(error.code, bad.code) << bad.field;
    EXPECT_EQ(error.field, bad.field) << error.message;
    EXPECT_NE(error.message.find(bad.field), std::string::npos) << error.message;
  }
  on_loop(scheduler.loop, [] {});
  EXPECT_TRUE(scheduler.opened.empty());
  EXPECT_TRUE(scheduler.closed.empty());
}

TEST(DirectLimits, AHelloAtTheLimits_IsWelcomed) {
  SchedulerEnd scheduler;
  scheduler.listen();
  RawExecutor executor(scheduler);
  auto message = good_hello();
  auto& hello = *message.mutable_hello();
  hello.set_instance(std::string(255, 'i'));
  hello.set_name(std::string(255, 'n'));
  hello.set_credits(limits::kExecutorCreditsMax);
  hello.add_target_keys("command");
  while (static_cast<std::size_t>(hello.target_keys_size()) < limits::kExecutorServicesMax) hello.add_target_keys("http");
  ASSERT_TRUE(executor.say(message));
  v1::ToExecutor answer;
  ASSERT_TRUE(executor.hear(answer));
  EXPECT_TRUE(answer.has_welcome());
  EXPECT_TRUE(scheduler.opened.pop());
}

TEST(DirectLimits, ABadLaterMessage_EndsTheStream_NamingTheField) {
  const BadMessage cases[] = {
      {"hello", Code::InvalidArgument, [](auto& m) { m.mutable_hello()->set_instance("again"); }},
      {"credits", Code::Exhausted, [](auto& m) { m.set_credits(limits::kExecutorCreditsMax + 1); }},
      {"started[1].firingId", Code::InvalidArgument,
       [](auto& m) {
         write(make_ref(1), *m.add_started());
         write(make_ref(1), *m.add_started());
         m.mutable_started(1)->set_firing_id("x@0");
       }},
      {"started[0].token", Code::InvalidArgument,
       [](auto& m) {
         write(make_ref(1), *m.add_started());
         m.mutable_started(0)->set_token(std::string(15, 'x'));
       }},
      {"handedBack[0].token", Code::InvalidArgument,
       [](auto& m) {
         write(make_ref(1), *m.add_handed_back());
         m.mutable_handed_back(0)->set_token(std::string(16, '\0'));
       }},
      {"renewals[0].run.token", Code::InvalidArgument,
       [](auto& m) { m.add_renewals()->mutable_run()->set_firing_id(make_ref(1).id.text()); }},
      {"ends[0].outcome", Code::InvalidArgument,
       [](auto& m) {
         write(make_end(1), *m.add_ends());
         m.mutable_ends(0)->set_outcome(v1::Firing::QUARANTINED);
       }},
      {"ends[0].outcome", Code::InvalidArgument,
       [](auto& m) {
         write(make_end(1), *m.add_ends());
         m.mutable_ends(0)->set_outcome(static_cast<v1::Firing::Outcome>(77));
       }},
      {"ends[0].result", Code::Exhausted,
       [](auto& m) { write(make_end(1, std::string(limits::kPayloadBytesMax + 1, '1')), *m.add_ends()); }},
  };
  SchedulerEnd scheduler;
  scheduler.listen();
  for (const auto& bad : cases) {
    RawExecutor executor(scheduler);
    executor.say(good_hello());
    const auto session = scheduler.opened.pop().value().from;
    executor.say(message_with(bad.spoil));
    const Error error = executor.end();
    EXPECT_EQ(error.code, bad.code) << bad.field;
    EXPECT_EQ(error.field, bad.field) << error.message;
    EXPECT_EQ(scheduler.closed.pop(), session);
  }
}

TEST(DirectLimits, AMessageOverTheSize_EndsTheStream) {
  SchedulerEnd scheduler;
  scheduler.listen();
  RawExecutor executor(scheduler);
  executor.say(good_hello());
  scheduler.opened.pop();
  v1::FromExecutor large;
  large.add_ends()->set_error(std::string(limits::kGrpcMessageBytesMax + 1, 'e'));
  executor.say(large);
  EXPECT_EQ(executor.end().code, Code::Exhausted);
  EXPECT_TRUE(scheduler.closed.pop());
}

TEST(DirectLimits, AStreamWithoutAHello_IsEndedAfterAWhile) {
  SchedulerEnd scheduler({.hello_wait = 20ms});
  scheduler.listen();
  RawExecutor executor(scheduler);
  const Error error = executor.end();
  EXPECT_EQ(error.code, Code::Timeout);
  EXPECT_NE(error.message.find("20 ms"), std::string::npos);
}

TEST(DirectLimits, AnExecutorThatDoesNotRead_IsClosed) {
  SchedulerEnd scheduler({.outgoing_bytes_max = std::size_t{4} << 20U, .close_wait = 20ms});
  scheduler.listen();
  RawExecutor executor(scheduler);
  executor.say(good_hello());
  const auto session = scheduler.opened.pop().value().from;
  on_loop(scheduler.loop, [&] {
    for (std::uint64_t i = 1; i <= 20; ++i) scheduler.dispatcher.send(session, {make_run(i, std::string(limits::kPayloadBytesMax, '1'))});
  });
  EXPECT_EQ(scheduler.closed.pop(), session);
}

TEST(DirectLimits, AnExecutorThatSaysItsLastWord_IsAnsweredOk) {
  SchedulerEnd scheduler;
  scheduler.listen();
  RawExecutor executor(scheduler);
  executor.say(good_hello());
  executor.say(message_with([](auto& m) { write(make_end(1), *m.add_ends()); }));
  executor.done();
  EXPECT_EQ(executor.end().message, "OK");
  EXPECT_EQ(scheduler.ended.pop().value().what.size(), 1U);
  EXPECT_TRUE(scheduler.closed.pop());
}

// ---- the executor's side ------------------------------------------------------------------------------------------------------

/// A scheduler that says what it likes: `messages`, one after another, to each stream.
class RawScheduler final : public v1::ExecutorService::Service {
 public:
  explicit RawScheduler(std::vector<v1::ToExecutor> messages) : messages_(std::move(messages)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~RawScheduler() override { server_->Shutdown(std::chrono::system_clock::now()); }
  RawScheduler(const RawScheduler&) = delete;
  RawScheduler& operator=(const RawScheduler&) = delete;

  DirectSource::Options options() const {
    const std::string address = "127.0.0.1:" + std::to_string(port_);
    return {.schedulers = {{.address = address, .channel = [address] { return make_stream_channel(address); }}}, .token = {}};
  }
  grpc::Status Connect(grpc::ServerContext*, grpc::ServerReaderWriter<v1::ToExecutor, v1::FromExecutor>* stream) override {
    v1::FromExecutor message;
    stream->Read(&message);
    for (const auto& each : messages_) stream->Write(each);
    while (stream->Read(&message)) {}
    return grpc::Status::OK;
  }

 private:
  std::vector<v1::ToExecutor> messages_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(DirectLimits, ASchedulersGarbage_EndsTheStream_NamingTheField) {
  v1::ToExecutor welcome;
  welcome.mutable_welcome()->set_now_ms(1);
  const auto with_run = [](std::function<void(v1::Run&)> spoil) {
    v1::ToExecutor message;
    write(make_run(1), *message.add_runs());
    spoil(*message.mutable_runs(0));
    return message;
  };
  struct Case {
    std::string field;
    std::vector<v1::ToExecutor> messages;
  };
  v1::ToExecutor verdict;
  write(make_ref(1), *verdict.add_end_verdicts()->mutable_run());
  v1::ToExecutor renewal;
  write(make_ref(1), *renewal.add_renew_verdicts()->mutable_run());
  const Case cases[] = {
      {"welcome", {v1::ToExecutor()}},
      {"welcome", {welcome, welcome}},
      {"runs[0].token", {welcome, with_run([](v1::Run& run) { run.clear_token(); })}},
      {"runs[0].attempt", {welcome, with_run([](v1::Run& run) { run.set_attempt(0); })}},
      {"runs[0].timeoutMs", {welcome, with_run([](v1::Run& run) { run.set_timeout_ms(0); })}},
      {"runs[0].timeoutMs", {welcome, with_run([](v1::Run& run) { run.set_timeout_ms(7 * 86'400'000 + 1); })}},
      {"endVerdicts[0].verdict", {welcome, verdict}},
      {"renewVerdicts[0].answer", {welcome, renewal}},
  };
  for (const auto& each : cases) {
    RawScheduler scheduler(each.messages);
    ExecutorEnd executor(scheduler.options());
    executor.start();
    const auto closed = executor.closed.pop();
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->what.code, Code::InvalidArgument) << closed->what.message;
    EXPECT_EQ(closed->what.field, each.field) << closed->what.message;
    EXPECT_TRUE(executor.runs.empty());
  }
}

TEST(DirectLimits, ASchedulerThatDoesNotAnswerTheHello_IsTriedAgain) {
  RawScheduler scheduler({});
  auto options = scheduler.options();
  options.welcome_wait = 20ms;
  ExecutorEnd executor(std::move(options));
  executor.start();
  EXPECT_EQ(executor.closed.pop().value().what.code, Code::Timeout);
  EXPECT_EQ(executor.closed.pop().value().what.code, Code::Timeout);
}

}  // namespace
}  // namespace meepo::adapters::direct
