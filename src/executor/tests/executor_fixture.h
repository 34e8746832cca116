#pragma once
// An executor on virtual time between a source and an invoker that the test plays.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "executor/executor.h"
#include "tests/support/virtual_loop.h"

namespace meepo::executor {

class FakeSource final : public ports::RunSource {
 public:
  /// All that was said on one stream, in order of saying.
  struct Said {
    std::uint32_t credits = 0;
    std::vector<ports::RunRef> started;
    std::vector<ports::RunRenewal> renewals;
    std::vector<ports::RunEnd> ends;
    std::vector<ports::RunRef> handed_back;
    std::vector<SteadyTime> times_asked;
    std::vector<std::vector<std::string>> offers;
    int calls = 0;
  };

  void start(Handlers given) override { handlers = std::move(given); }
  void stop(milliseconds drain, std::move_only_function<void()> done) override {
    stop_drain = drain;
    stop_done = std::move(done);
  }
  void grant(StreamId stream, std::uint32_t credits) override { of(stream).credits += credits; }
  void offer(StreamId stream, std::vector<std::string> target_keys) override { of(stream).offers.push_back(std::move(target_keys)); }
  void report_started(StreamId stream, std::vector<ports::RunRef> runs) override { append(of(stream).started, runs); }
  void renew(StreamId stream, std::vector<ports::RunRenewal> runs) override { append(of(stream).renewals, runs); }
  void report_ends(StreamId stream, std::vector<ports::RunEnd> ends) override { append(of(stream).ends, ends); }
  void hand_back(StreamId stream, std::vector<ports::RunRef> runs) override { append(of(stream).handed_back, runs); }

  void ask_time(StreamId stream, SteadyTime asked_at) override { said[stream].times_asked.push_back(asked_at); }

  Handlers handlers;
  std::map<StreamId, Said> said;
  std::optional<milliseconds> stop_drain;
  std::move_only_function<void()> stop_done;

 private:
  Said& of(StreamId stream) {
    ++said[stream].calls;
    return said[stream];
  }
  template <class Item>
  static void append(std::vector<Item>& all, std::vector<Item>& more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
};

class FakeInvoker final : public ports::Invoker {
 public:
  struct Call {
    ports::Invocation invocation;
    std::move_only_function<void()> started;
    std::move_only_function<void(ports::InvokeResult)> done;
    ports::RunContext& context() const { return *invocation.context; }
    /// As the contract says: a cancelled context is not called.
    bool begin() {
      started();
      if (!context().cancelled()) return true;
      done({.outcome = Outcome::Stopped, .result = std::nullopt, .error = {}});
      return false;
    }
    void succeed(std::string json = "null") {
      done({.outcome = Outcome::Success, .result = Payload{.encoding = Encoding::Json, .data = std::move(json)}, .error = {}});
    }
    void finish(Outcome outcome, std::string error = {}) { done({.outcome = outcome, .result = std::nullopt, .error = std::move(error)}); }
  };

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override {
    calls.push_back(std::make_unique<Call>(Call{std::move(invocation), std::move(started), std::move(done)}));
  }

  std::vector<std::unique_ptr<Call>> calls;
};

class ExecutorTest : public ::testing::Test {
 protected:
  using StreamId = ports::RunSource::StreamId;
  using Verdict = ports::EndRequest::ItemAnswer::Verdict;
  static constexpr milliseconds kLease{15'000};

  void start(Options options = {}) {
    options.instance = "test-1";
    options.name = "test";
    options.target_keys = {"service:a.B::"};
    executor = std::make_unique<Executor>(options, loop, source, invoker);
    executor->start();
  }
  ports::ExecutorHello hello(StreamId stream) { return source.handlers.hello(stream); }
  /// hello and welcome.
  ports::ExecutorHello open(StreamId stream) {
    auto said = hello(stream);
    source.handlers.opened(stream, loop.system_now());
    loop.run();
    return said;
  }
  void close(StreamId stream) {
    source.handlers.closed(stream, Error{.code = Code::Unavailable, .message = "test", .field = {}, .cause = {}});
    loop.run();
  }

  ports::Run make_run(std::uint64_t number) const {
    return {.id = {.task = TaskId::make(3, loop.system_now(), number), .tick = Tick::real()},
            .token = {.high = 1, .low = number},
            .attempt = 1,
            .due = loop.system_now(),
            .lease_until = loop.system_now() + kLease,
            .timeout = milliseconds(60'000),
            .suspect = false,
            .target = ServiceTarget{.interface = "a.B", .method = "m", .version = {}, .group = {}, .param_types = {}, .params = {}},
            .app_id = "app"};
  }
  static ports::RunRef ref(const ports::Run& run) { return {.id = run.id, .token = run.token}; }
  void send(StreamId stream, std::vector<ports::Run> runs) {
    source.handlers.runs(stream, std::move(runs));
    loop.run();
  }
  ports::Run send_one(StreamId stream, std::uint64_t number) {
    auto run = make_run(number);
    send(stream, {run});
    return run;
  }
  FakeInvoker::Call& call(std::size_t index) { return *invoker.calls.at(index); }
  /// A run that has been called.
  ports::Run begun(StreamId stream, std::uint64_t number) {
    auto run = send_one(stream, number);
    EXPECT_TRUE(invoker.calls.back()->begin());
    loop.run();
    return run;
  }
  void answer_end(StreamId stream, const ports::Run& run, Verdict verdict = Verdict::Accepted) {
    source.handlers.end_verdicts(stream, {{.run = ref(run), .verdict = verdict}});
    loop.run();
  }
  void answer_renewal(StreamId stream, const ports::Run& run, ports::RenewAnswer answer) {
    source.handlers.renew_verdicts(stream, {{.run = ref(run), .answer = answer, .lease_until = loop.system_now() + kLease}});
    loop.run();
  }
  FakeSource::Said take(StreamId stream) { return std::exchange(source.said[stream], {}); }

  test::VirtualLoop loop;
  FakeSource source;
  FakeInvoker invoker;
  std::unique_ptr<Executor> executor;
};

}  // namespace meepo::executor
