#include "adapters/local/function_invoker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>

namespace meepo::adapters::local {
namespace {

using namespace std::chrono_literals;
using ports::InvokeResult;

constexpr auto kWait = 20s;

class FakeContext final : public ports::RunContext {
 public:
  const FiringId& id() const override { return id_; }
  SysTime due() const override { return from_unix_ms(1); }
  std::uint32_t attempt() const override { return 1; }
  SysTime deadline() const override { return from_unix_ms(2); }
  bool cancelled() const override { return cancel; }
  void on_cancel(std::move_only_function<void()>) override {}
  void progress(std::string) override {}
  void log(std::string) override {}

  std::atomic<bool> cancel = false;

 private:
  FiringId id_;
};

Target service(std::string interface, std::string method, std::string params = "[]") {
  return ServiceTarget{.interface = std::move(interface),
                       .method = std::move(method),
                       .version = {},
                       .group = {},
                       .param_types = {},
                       .params = {.encoding = Encoding::Json, .data = std::move(params)}};
}

struct Called {
  bool started = false;
  InvokeResult result;
};

Called call(FunctionInvoker& invoker, Target target, std::shared_ptr<FakeContext> context = std::make_shared<FakeContext>()) {
  std::promise<InvokeResult> done;
  std::atomic<bool> started = false;
  invoker.invoke(
      {.target = std::move(target), .app_id = "app", .context = std::move(context)}, [&] { started = true; },
      [&](InvokeResult result) { done.set_value(std::move(result)); });
  auto result = done.get_future();
  EXPECT_EQ(result.wait_for(kWait), std::future_status::ready);
  return {.started = started, .result = result.get()};
}

TEST(FunctionInvoker, Invoke_CallsTheFunctionWithItsParams_AndStartedComesFirst) {
  FunctionInvoker invoker({.threads = 1});
  std::atomic<bool> started_before = false;
  std::atomic<bool> started = false;
  ASSERT_TRUE(
      invoker.add({.interface = "a.B", .method = "echo", .version = {}, .group = {}}, [&](const Payload& params, ports::RunContext&) {
        started_before = started.load();
        return InvokeResult{.outcome = Outcome::Success, .result = params, .error = {}};
      }));
  std::promise<InvokeResult> done;
  invoker.invoke(
      {.target = service("a.B", "echo", "[9007199254740993, 0.10]"), .app_id = "app", .context = std::make_shared<FakeContext>()},
      [&] { started = true; }, [&](InvokeResult result) { done.set_value(std::move(result)); });
  const InvokeResult result = done.get_future().get();
  EXPECT_TRUE(started_before);
  EXPECT_EQ(result.outcome, Outcome::Success);
  EXPECT_EQ(result.result->data, "[9007199254740993, 0.10]");
}

TEST(FunctionInvoker, Invoke_AThrownException_EndsFailWithItsText) {
  FunctionInvoker invoker({.threads = 1});
  ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "throws", .version = {}, .group = {}},
                          [](const Payload&, ports::RunContext&) -> InvokeResult { throw std::runtime_error("no money"); }));
  ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "odd", .version = {}, .group = {}},
                          [](const Payload&, ports::RunContext&) -> InvokeResult { throw 7; }));
  const Called thrown = call(invoker, service("a.B", "throws"));
  EXPECT_TRUE(thrown.started);
  EXPECT_EQ(thrown.result.outcome, Outcome::Fail);
  EXPECT_EQ(thrown.result.error, "no money");
  EXPECT_EQ(call(invoker, service("a.B", "odd")).result.outcome, Outcome::Fail);
}

TEST(FunctionInvoker, Invoke_AnUnknownTarget_FailsNamingWhatIsKnown) {
  FunctionInvoker invoker({.threads = 1});
  EXPECT_NE(call(invoker, service("a.B", "x")).result.error.find("none"), std::string::npos);
  ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "echo", .version = "1.0", .group = {}},
                          [](const Payload&, ports::RunContext&) { return InvokeResult{}; }));
  for (const Target& target : {service("a.B", "echo"), service("a.C", "echo"),
                               Target(HttpTarget{.method = "GET", .url = "http://x/", .headers = {}, .body = {}})}) {
    const Called called = call(invoker, target);
    EXPECT_FALSE(called.started);
    EXPECT_EQ(called.result.outcome, Outcome::Fail);
    EXPECT_NE(called.result.error.find("service:a.B:1.0:#echo"), std::string::npos) << called.result.error;
    EXPECT_NE(called.result.error.find(target_label(target)), std::string::npos) << called.result.error;
  }
}

TEST(FunctionInvoker, Invoke_ManyRegistered_NamesTwentyAndCountsTheRest) {
  FunctionInvoker invoker({.threads = 1});
  for (int i = 0; i < 23; ++i) {
    ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "m" + std::to_string(i), .version = {}, .group = {}},
                            [](const Payload&, ports::RunContext&) { return InvokeResult{}; }));
  }
  const std::string error = call(invoker, service("a.B", "x")).result.error;
  EXPECT_EQ(std::count(error.begin(), error.end(), ','), 19);
  EXPECT_TRUE(error.ends_with("and 3 more")) << error;
}

TEST(FunctionInvoker, Invoke_VersionAndGroup_ArePartOfTheName) {
  FunctionInvoker invoker({.threads = 1});
  for (const std::string version : {"", "1", "2"}) {
    ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "m", .version = version, .group = {}}, [version](const Payload&,
                                                                                                            ports::RunContext&) {
      return InvokeResult{.outcome = Outcome::Success, .result = Payload{.encoding = Encoding::Bytes, .data = "v" + version}, .error = {}};
    }));
  }
  auto target = std::get<ServiceTarget>(service("a.B", "m"));
  target.version = "2";
  EXPECT_EQ(call(invoker, target).result.result->data, "v2");
  const std::vector<std::string> keys = {"service:a.B:1:", "service:a.B:2:", "service:a.B::"};
  EXPECT_EQ(invoker.target_keys(), keys);
}

TEST(FunctionInvoker, Invoke_ACancelledContext_IsNotCalled) {
  FunctionInvoker invoker({.threads = 1});
  std::atomic<int> calls = 0;
  ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "m", .version = {}, .group = {}}, [&](const Payload&, ports::RunContext&) {
    ++calls;
    return InvokeResult{};
  }));
  const auto before = std::make_shared<FakeContext>();
  before->cancel = true;
  const Called called = call(invoker, service("a.B", "m"), before);
  EXPECT_FALSE(called.started);
  EXPECT_EQ(called.result.outcome, Outcome::Stopped);

  const auto meanwhile = std::make_shared<FakeContext>();
  std::promise<InvokeResult> done;
  invoker.invoke(
      {.target = service("a.B", "m"), .app_id = "app", .context = meanwhile}, [&] { meanwhile->cancel = true; },
      [&](InvokeResult result) { done.set_value(std::move(result)); });
  EXPECT_EQ(done.get_future().get().outcome, Outcome::Stopped);
  EXPECT_EQ(calls, 0);
}

TEST(FunctionInvoker, Invoke_OneOverTheQueue_Fails) {
  FunctionInvoker invoker({.threads = 1, .queue_max = 2});
  std::promise<void> entered;
  std::promise<void> go_on;
  ASSERT_TRUE(
      invoker.add({.interface = "a.B", .method = "wait", .version = {}, .group = {}}, [&](const Payload& params, ports::RunContext&) {
        if (params.data == "first") {
          entered.set_value();
          go_on.get_future().wait();
        }
        return InvokeResult{};
      }));
  std::vector<std::promise<InvokeResult>> done(4);
  const auto invoke = [&](std::size_t index, std::string params) {
    invoker.invoke(
        {.target = service("a.B", "wait", std::move(params)), .app_id = "app", .context = std::make_shared<FakeContext>()}, [] {},
        [&done, index](InvokeResult result) { done[index].set_value(std::move(result)); });
  };
  invoke(0, "first");
  entered.get_future().wait();
  invoke(1, "");
  invoke(2, "");
  invoke(3, "");
  const InvokeResult refused = done[3].get_future().get();
  EXPECT_EQ(refused.outcome, Outcome::Fail);
  EXPECT_NE(refused.error.find("2 calls wait"), std::string::npos) << refused.error;
  go_on.set_value();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(done[i].get_future().get().outcome, Outcome::Success);
}

TEST(FunctionInvoker, Invoke_RunsAsManyAtOnceAsItHasThreads) {
  constexpr int kThreads = 4;
  FunctionInvoker invoker({.threads = kThreads});
  std::atomic<int> inside = 0;
  std::promise<void> all_inside;
  const auto wait = all_inside.get_future().share();
  ASSERT_TRUE(invoker.add({.interface = "a.B", .method = "m", .version = {}, .group = {}}, [&, wait](const Payload&, ports::RunContext&) {
    if (++inside == kThreads) all_inside.set_value();
    return InvokeResult{
        .outcome = wait.wait_for(kWait) == std::future_status::ready ? Outcome::Success : Outcome::Fail, .result = {}, .error = {}};
  }));
  std::vector<std::promise<InvokeResult>> done(kThreads);
  for (auto& each : done) {
    invoker.invoke(
        {.target = service("a.B", "m"), .app_id = "app", .context = std::make_shared<FakeContext>()}, [] {},
        [&each](InvokeResult result) { each.set_value(std::move(result)); });
  }
  for (auto& each : done) EXPECT_EQ(each.get_future().get().outcome, Outcome::Success);
}

TEST(FunctionInvoker, Add_RefusesBadNamesAndRepeats) {
  FunctionInvoker invoker({.threads = 1});
  const auto add = [&](std::string interface, std::string method, std::string version) {
    return invoker.add({.interface = std::move(interface), .method = std::move(method), .version = std::move(version), .group = {}},
                       [](const Payload&, ports::RunContext&) { return InvokeResult{}; });
  };
  EXPECT_EQ(add("", "m", "").error().field, "interface");
  EXPECT_EQ(add("a.B", "", "").error().field, "method");
  EXPECT_EQ(add("a.B", "m", std::string(256, 'v')).error().field, "version");
  EXPECT_TRUE(add("a.B", "m", std::string(255, 'v')));
  EXPECT_TRUE(add("a.B", "m", ""));
  EXPECT_EQ(add("a.B", "m", "").error().code, Code::Conflict);
  EXPECT_EQ(invoker.add({.interface = "a.B", .method = "n", .version = {}, .group = {}}, nullptr).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace meepo::adapters::local
