#pragma once
// A scheduler's and an executor's end over a real gRPC server on loopback, each on a loop of its own, with everything that is heard put
// into queues that the test waits on.

#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/direct/direct_dispatcher.h"
#include "adapters/direct/direct_source.h"
#include "adapters/direct/stream_options.h"
#include "adapters/local/asio_loop.h"
#include "tests/support/virtual_loop.h"

namespace meepo::adapters::direct {

inline constexpr std::chrono::seconds kWait{20};

template <class T>
class Queue {
 public:
  void push(T value) {
    const std::scoped_lock lock(mutex_);
    values_.push_back(std::move(value));
    wake_.notify_all();
  }
  /// The next one; nothing and a failed test if none comes in time.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    if (!wake_.wait_for(lock, kWait, [this] { return !values_.empty(); })) {
      ADD_FAILURE() << "nothing came within " << kWait.count() << " s";
      return std::nullopt;
    }
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() const {
    const std::scoped_lock lock(mutex_);
    return values_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<T> values_;
};

template <class T>
struct Heard {
  std::uint64_t from = 0;
  T what;
};

/// Runs `work` on the loop and waits for it.
template <class Work>
void on_loop(local::AsioLoop& loop, Work work) {
  std::promise<void> done;
  loop.post([&] {
    work();
    done.set_value();
  });
  ASSERT_EQ(done.get_future().wait_for(kWait), std::future_status::ready);
}

class SchedulerEnd {
 public:
  explicit SchedulerEnd(DirectDispatcher::Options options = {}, Authorize authorize = {})
      : dispatcher(loop, std::move(authorize), options) {
    loop.start();
    on_loop(loop, [this] { dispatcher.start(handlers()); });
  }
  ~SchedulerEnd() {
    on_loop(loop, [this] { dispatcher.stop(); });
    if (server) server->Shutdown(std::chrono::system_clock::now() + kWait);
    server.reset();
    loop.stop();
  }
  SchedulerEnd(const SchedulerEnd&) = delete;
  SchedulerEnd& operator=(const SchedulerEnd&) = delete;

  /// 0: any port.
  void listen(int wanted_port = 0) {
    grpc::ServerBuilder builder;
    set_stream_options(builder);
    builder.AddListeningPort("127.0.0.1:" + std::to_string(wanted_port), grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&dispatcher.service());
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr);
    ASSERT_GT(port, 0);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }

  ports::Dispatcher::Handlers handlers() {
    using ports::SessionId;
    return {
        .opened =
            [this](SessionId id, ports::ExecutorHello hello) {
              opened.push({id, std::move(hello)});
              return store_now;
            },
        .granted = [this](SessionId id, std::uint32_t credits) { granted.push({id, credits}); },
        .offered = [this](SessionId id, std::vector<std::string> keys) { offered.push({id, std::move(keys)}); },
        .started = [this](SessionId id, std::vector<ports::RunRef> runs) { started.push({id, std::move(runs)}); },
        .renewed = [this](SessionId id, std::vector<ports::RunRenewal> runs) { renewed.push({id, std::move(runs)}); },
        .ended = [this](SessionId id, std::vector<ports::RunEnd> ends) { ended.push({id, std::move(ends)}); },
        .handed_back = [this](SessionId id, std::vector<ports::RunRef> runs) { handed_back.push({id, std::move(runs)}); },
        .closed = [this](SessionId id) { closed.push(id); },
        .store_time = [this] { return store_now + std::chrono::microseconds(789); },
    };
  }

  local::AsioLoop loop;
  DirectDispatcher dispatcher;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  SysTime store_now = from_unix_ms(1'800'000'000'000);  ///< what a hello is answered with
  Queue<Heard<ports::ExecutorHello>> opened;
  Queue<Heard<std::uint32_t>> granted;
  Queue<Heard<std::vector<std::string>>> offered;
  Queue<Heard<std::vector<ports::RunRef>>> started;
  Queue<Heard<std::vector<ports::RunRenewal>>> renewed;
  Queue<Heard<std::vector<ports::RunEnd>>> ended;
  Queue<Heard<std::vector<ports::RunRef>>> handed_back;
  Queue<ports::SessionId> closed;
};

class ExecutorEnd {
 public:
  using StreamId = ports::RunSource::StreamId;

  explicit ExecutorEnd(DirectSource::Options options) {
    source = std::make_unique<DirectSource>(std::move(options), loop, random);
    loop.start();
  }
  ~ExecutorEnd() {
    loop.stop();
    source.reset();
  }
  ExecutorEnd(const ExecutorEnd&) = delete;
  ExecutorEnd& operator=(const ExecutorEnd&) = delete;

  static DirectSource::Options options(const SchedulerEnd& scheduler, std::string token = {}) {
    return {.schedulers = {{.address = scheduler.address(),
                            .channel = [address = scheduler.address()] { return make_stream_channel(address); }}},
            .token = std::move(token)};
  }
  void start() {
    on_loop(loop, [this] { source->start(handlers()); });
  }

  ports::RunSource::Handlers handlers() {
    return {
        .hello =
            [this](StreamId id) {
              hellos.push(id);
              return next_hello;
            },
        .opened = [this](StreamId id, SysTime now) { opened.push({id, now}); },
        .runs = [this](StreamId id, std::vector<ports::Run> arrived) { runs.push({id, std::move(arrived)}); },
        .cancel_asked = [this](StreamId id, std::vector<ports::RunRef> asked) { cancel_asked.push({id, std::move(asked)}); },
        .end_verdicts = [this](StreamId id, std::vector<ports::EndVerdict> verdicts) { end_verdicts.push({id, std::move(verdicts)}); },
        .renew_verdicts = [this](StreamId id,
                                 std::vector<ports::RenewVerdict> verdicts) { renew_verdicts.push({id, std::move(verdicts)}); },
        .store_time = [this](StreamId id, SteadyTime asked_at, ports::ExactTime now) { times.push({id, {asked_at, now}}); },
        .closed = [this](StreamId id, Error reason) { closed.push({id, std::move(reason)}); },
    };
  }

  local::AsioLoop loop;
  test::SeededRandom random{1};
  std::unique_ptr<DirectSource> source;
  ports::ExecutorHello next_hello{.instance = "billing-1",
                                  .name = "billing",
                                  .target_keys = {"service:a.B::"},
                                  .credits = 16,
                                  .complete = true,
                                  .running = {},
                                  .ends = {}};
  Queue<StreamId> hellos;
  Queue<Heard<SysTime>> opened;
  Queue<Heard<std::vector<ports::Run>>> runs;
  Queue<Heard<std::vector<ports::RunRef>>> cancel_asked;
  Queue<Heard<std::vector<ports::EndVerdict>>> end_verdicts;
  Queue<Heard<std::vector<ports::RenewVerdict>>> renew_verdicts;
  Queue<Heard<std::pair<SteadyTime, ports::ExactTime>>> times;
  Queue<Heard<Error>> closed;
};

inline ports::RunRef make_ref(std::uint64_t number) {
  return {.id = {.task = TaskId::make(3, from_unix_ms(1'800'000'000'000), number), .tick = Tick::rung(2)},
          .token = {.high = 0x0102030405060708, .low = number}};
}

inline ports::Run make_run(std::uint64_t number, std::string params = "[1]") {
  const auto ref = make_ref(number);
  return {.id = ref.id,
          .token = ref.token,
          .attempt = 2,
          .due = from_unix_ms(1'800'000'000'123),
          .lease_until = from_unix_ms(1'800'000'015'456),
          .timeout = milliseconds(60'000),
          .suspect = true,
          .target = ServiceTarget{.interface = "a.B",
                                  .method = "m",
                                  .version = "1",
                                  .group = "g",
                                  .param_types = {"long"},
                                  .params = {.encoding = Encoding::Json, .data = std::move(params)}},
          .app_id = "app",
          .not_before = from_unix_ms(1'800'000'000'123)};
}

inline ports::RunEnd make_end(std::uint64_t number, std::string result = "[0.10]") {
  return {.run = make_ref(number),
          .outcome = Outcome::Success,
          .result = Payload{.encoding = Encoding::Json, .data = std::move(result)},
          .error = "e",
          .report = {.progress = "p", .log = "l"}};
}

}  // namespace meepo::adapters::direct
