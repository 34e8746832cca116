// The SDK's executor against a scheduler's port that this test plays: it sends one run and reads what comes back.

#include "meepo/executor.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <optional>

#include "base/ids.h"
#include "meepo/v1/executor_service.grpc.pb.h"

namespace meepo {
namespace {

using namespace std::chrono_literals;

/// Sends one run on the first stream, and `cancel_asked` once its handler has started if told so; keeps its end.
class FakeScheduler final : public v1::ExecutorService::Service {
 public:
  FakeScheduler(std::string method, std::string params, bool cancel = false)
      : method_(std::move(method)), params_(std::move(params)), cancel_(cancel) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeScheduler() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::future<v1::RunEnd> end() { return end_.get_future(); }
  const v1::ExecutorHello& hello() const { return hello_; }

  grpc::Status Connect(grpc::ServerContext*, grpc::ServerReaderWriter<v1::ToExecutor, v1::FromExecutor>* stream) override {
    v1::FromExecutor message;
    if (!stream->Read(&message)) return grpc::Status::OK;
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    v1::ToExecutor answer;
    answer.mutable_welcome()->set_now_ms(now);
    if (!ended_) {
      hello_ = message.hello();
      v1::Run& run = *answer.add_runs();
      run.set_firing_id(FiringId{.task = TaskId::make(1, from_unix_ms(now), 7), .tick = Tick::real()}.text());
      run.set_token(std::string(16, 't'));
      run.set_attempt(2);
      run.set_due_ms(now);
      run.set_lease_until_ms(now + 15'000);
      run.set_timeout_ms(30'000);
      run.set_app_id("shop");
      auto& service = *run.mutable_target()->mutable_service();
      service.set_interface("com.x.Pay");
      service.set_method(method_);
      if (!params_.empty()) service.mutable_params()->set_json(params_);
    }
    stream->Write(answer);
    while (stream->Read(&message)) {
      v1::ToExecutor next;
      if (cancel_) {
        for (const v1::RunRef& run : message.started()) *next.add_cancel_asked() = run;
      }
      for (const v1::RunEnd& end : message.ends()) {
        auto& verdict = *next.add_end_verdicts();
        *verdict.mutable_run() = end.run();
        verdict.set_verdict(v1::EndVerdict::ACCEPTED);
        if (!std::exchange(ended_, true)) end_.set_value(end);
      }
      stream->Write(next);
    }
    return grpc::Status::OK;
  }

 private:
  const std::string method_;
  const std::string params_;
  const bool cancel_;
  int port_ = 0;
  bool ended_ = false;
  v1::ExecutorHello hello_;
  std::promise<v1::RunEnd> end_;
  std::unique_ptr<grpc::Server> server_;
};

struct Seen {
  std::string params;
  std::string firing_id;
  std::uint32_t attempt = 0;
};

v1::RunEnd run_one(FakeScheduler& scheduler, Handler handler) {
  auto end = scheduler.end();
  Executor executor({.schedulers = {scheduler.address()}, .name = "pay", .threads = 2, .drain = 5s});
  executor.handle("com.x.Pay", "settle", std::move(handler));
  EXPECT_TRUE(executor.start().has_value());
  v1::RunEnd seen;
  if (end.wait_for(20s) == std::future_status::ready) {
    seen = end.get();
  } else {
    ADD_FAILURE() << "no end within 20 s";
  }
  EXPECT_EQ(executor.stop(), 0U);
  return seen;
}

TEST(Executor, Handle_GetsTheRunAndItsAnswerGoesBack) {
  FakeScheduler scheduler("settle", "[9007199254740993, 0.10]");
  Seen seen;
  const v1::RunEnd end = run_one(scheduler, [&seen](Context& context, std::string_view params) -> Answer {
    seen = {.params = std::string(params), .firing_id = std::string(context.firing_id()), .attempt = context.attempt()};
    context.progress("half");
    context.log("a line");
    return params;
  });
  EXPECT_EQ(end.outcome(), v1::Firing::SUCCESS);
  EXPECT_EQ(end.result().json(), "[9007199254740993, 0.10]");
  EXPECT_EQ(seen.params, "[9007199254740993, 0.10]");
  EXPECT_EQ(seen.firing_id, end.run().firing_id());
  EXPECT_EQ(seen.attempt, 2U);
  EXPECT_EQ(scheduler.hello().target_keys(0), "service:com.x.Pay::");
  EXPECT_EQ(scheduler.hello().name(), "pay");
  EXPECT_TRUE(scheduler.hello().instance().starts_with("pay-")) << scheduler.hello().instance();
}

TEST(Executor, Handle_WithoutParamsGetsAnEmptyArray) {
  FakeScheduler scheduler("settle", "");
  const v1::RunEnd end = run_one(scheduler, [](Context&, std::string_view params) -> Answer { return params; });
  EXPECT_EQ(end.result().json(), "[]");
}

TEST(Executor, Handle_ThatThrowsOrFailsEndsFailWithItsText) {
  FakeScheduler throwing("settle", "[]");
  const v1::RunEnd thrown = run_one(throwing, [](Context&, std::string_view) -> Answer { throw std::runtime_error("no money"); });
  EXPECT_EQ(thrown.outcome(), v1::Firing::FAIL);
  EXPECT_EQ(thrown.error(), "no money");
  FakeScheduler failing("settle", "[]");
  const v1::RunEnd failed = run_one(failing, [](Context&, std::string_view) { return Answer::failure("no account"); });
  EXPECT_EQ(failed.outcome(), v1::Firing::FAIL);
  EXPECT_EQ(failed.error(), "no account");
}

TEST(Executor, Handle_OfAnotherMethodEndsFailNamingWhatIsServed) {
  FakeScheduler scheduler("refund", "[]");
  const v1::RunEnd end = run_one(scheduler, [](Context&, std::string_view) { return Answer::success(); });
  EXPECT_EQ(end.outcome(), v1::Firing::FAIL);
  EXPECT_NE(end.error().find("settle"), std::string::npos) << end.error();
}

TEST(Executor, WaitCancelled_WakesWhenTheRunIsCancelled) {
  FakeScheduler scheduler("settle", "[]", true);
  const v1::RunEnd end = run_one(scheduler, [](Context& context, std::string_view) -> Answer {
    if (!context.wait_cancelled(60s)) return Answer::failure("never cancelled");
    return context.cancelled() ? Answer::stopped() : Answer::failure("woken for nothing");
  });
  EXPECT_EQ(end.outcome(), v1::Firing::STOPPED);
}

TEST(Executor, Start_RefusesWhatCannotWork) {
  struct Case {
    ExecutorOptions options;
    std::string field;
  };
  const std::vector<Case> cases = {
      {{.schedulers = {}}, "schedulers"},
      {{.schedulers = {"nowhere"}}, "schedulers"},
      {{.credits = 0}, "credits"},
      {{.credits = 100'001}, "credits"},
      {{.threads = 4'097}, "threads"},
      {{.name = ""}, "name"},
      {{.name = std::string(129, 'x')}, "name"},
      {{.name = "inside-me"}, "name"},
  };
  for (const Case& c : cases) {
    Executor executor(c.options);
    executor.handle("com.x.Pay", "settle", [](Context&, std::string_view) { return Answer::success(); });
    const auto started = executor.start();
    ASSERT_FALSE(started.has_value()) << c.field;
    EXPECT_EQ(started.error().code, Code::InvalidArgument);
    EXPECT_EQ(started.error().field, c.field) << started.error().message;
  }
  Executor twice({.name = "pay"});
  twice.handle("com.x.Pay", "settle", [](Context&, std::string_view) { return Answer::success(); });
  twice.handle("com.x.Pay", "settle", [](Context&, std::string_view) { return Answer::success(); });
  EXPECT_EQ(twice.start().error().code, Code::Conflict);
  EXPECT_EQ(twice.stop(), 0U);
}

}  // namespace
}  // namespace meepo
