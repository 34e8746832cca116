// Calls of a Dubbo provider through the invoker that executors use, beside Java's generic consumer (bench/dubbo.py). Prints one JSON
// object: microseconds of the clock, of this process's processors, and of the median and the slowest hundredth of the calls.
//   meepo_dubbo_invoke dubbo://HOST:PORT CALLS IN_FLIGHT WARM_UP inside|outside
// Who calls: `inside`, the invoker's thread when an answer comes, so that no thread waits for another; `outside`, a thread that blocks
// while IN_FLIGHT calls are under way, as Java's callers do: two changes of threads a call, of which many in flight share some.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/dubbo/dubbo_invoker.h"

namespace meepo::bench {
namespace {

class Context final : public ports::RunContext {
 public:
  explicit Context(std::uint64_t number) : id_{.task = TaskId::make(1, from_unix_ms(1'700'000'000'000), number), .tick = Tick::real()} {}
  const FiringId& id() const override { return id_; }
  SysTime due() const override { return deadline_; }
  std::uint32_t attempt() const override { return 1; }
  SysTime deadline() const override { return deadline_; }
  bool cancelled() const override { return false; }
  void on_cancel(std::move_only_function<void()>) override {}
  void progress(std::string) override {}
  void log(std::string) override {}

 private:
  const FiringId id_;
  const SysTime deadline_ = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) + std::chrono::seconds(60);
};

std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Calls of one method; what fails ends the process.
class Load {
 public:
  explicit Load(adapters::dubbo::DubboInvoker& invoker) : invoker_(invoker) {}

  /// Nanoseconds of each of so many calls, `in_flight` of which are under way at a time; at least one of either.
  std::vector<std::int64_t> run(int calls, int in_flight, bool outside) {
    took_.clear();
    took_.reserve(static_cast<std::size_t>(calls));
    if (outside) {
      call_from_here(calls, in_flight);
    } else {
      call_from_inside(calls, in_flight);
    }
    return took_;
  }

 private:
  /// Places for one taker; none at first. It blocks at once: std's semaphores spin first, which costs processor time that no caller of
  /// Java spends.
  class Room {
   public:
    /// All that are free, once it is so many.
    int take(int least) {
      std::unique_lock lock(mutex_);
      least_ = least;
      freed_.wait(lock, [&] { return free_ >= least_; });
      return std::exchange(free_, 0);
    }
    /// Notifies behind the lock: whoever waits would wake only to wait for that.
    void give_back() {
      const bool is_enough = [this] {
        const std::scoped_lock lock(mutex_);
        return ++free_ >= least_;
      }();
      if (is_enough) freed_.notify_one();
    }

   private:
    std::mutex mutex_;
    std::condition_variable freed_;
    int free_ = 0;
    int least_ = 1;
  };

  void call_from_here(int calls, int in_flight) {
    int places = in_flight;
    for (int left = calls; left > 0; --left) {
      if (places == 0) places = room_.take(1);
      --places;
      call([this] { room_.give_back(); });
    }
    room_.take(in_flight - places);
  }

  /// Each call that ends begins the next one.
  void call_from_inside(int calls, int in_flight) {
    to_begin_ = calls;
    for (int i = 0; i < std::min(calls, in_flight); ++i) next();
    room_.take(calls);
  }

  void next() {
    if (to_begin_.fetch_sub(1) <= 0) return;
    call([this] {
      next();
      room_.give_back();
    });
  }

  void call(std::move_only_function<void()> ended) {
    const auto begun = clock_ns(CLOCK_MONOTONIC);
    invoker_.invoke(
        {.target = ServiceTarget{.interface = "demo.api.EchoService",
                                 .method = "text",
                                 .version = {},
                                 .group = {},
                                 .param_types = {"java.lang.String"},
                                 .params = {.encoding = Encoding::Json, .data = R"(["hello"])"}},
         .app_id = "bench",
         .context = std::make_shared<Context>(++number_)},
        [] {},
        [this, begun, ended = std::move(ended)](const ports::InvokeResult& result) mutable {
          if (result.outcome != Outcome::Success) {
            std::fprintf(stderr, "%s\n", result.error.c_str());
            std::_Exit(1);
          }
          took_.push_back(clock_ns(CLOCK_MONOTONIC) - begun);
          ended();
        });
  }

  adapters::dubbo::DubboInvoker& invoker_;
  Room room_;  // as long as the load: whoever gave a place back may still be on its way out of it
  std::atomic<int> to_begin_ = 0;  // by what ends
  std::atomic<std::uint64_t> number_ = 0;
  std::vector<std::int64_t> took_;  // touched on the invoker's thread while calls are under way
};

int run(int count, char** values) {
  const std::string_view who = count == 6 ? values[5] : "";
  const int calls = count == 6 ? std::atoi(values[2]) : 0;
  const int in_flight = count == 6 ? std::atoi(values[3]) : 0;
  const int warm_up = count == 6 ? std::atoi(values[4]) : 0;
  if (calls < 1 || in_flight < 1 || warm_up < 1 || (who != "inside" && who != "outside")) {
    std::fprintf(stderr, "expected dubbo://HOST:PORT CALLS IN_FLIGHT WARM_UP inside|outside, each number at least 1\n");
    return 2;
  }
  adapters::dubbo::DubboInvoker::Options options;
  options.services.push_back({.interface = "demo.api.EchoService", .version = {}, .group = {}, .url = values[1]});
  auto invoker = adapters::dubbo::DubboInvoker::start(std::move(options));
  if (!invoker) {
    std::fprintf(stderr, "%s\n", invoker.error().message.c_str());
    return 1;
  }
  Load load(**invoker);
  load.run(warm_up, in_flight, who == "outside");
  const auto wall = clock_ns(CLOCK_MONOTONIC);
  const auto cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  auto took = load.run(calls, in_flight, who == "outside");
  const auto wall_us = (clock_ns(CLOCK_MONOTONIC) - wall) / 1'000;
  const auto cpu_us = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1'000;
  std::ranges::sort(took);
  const auto at = [&took](std::size_t percent) { return took[std::min(took.size() - 1, took.size() * percent / 100)] / 1'000; };
  std::printf("{\"calls\":%d,\"wallUs\":%lld,\"cpuUs\":%lld,\"p50Us\":%lld,\"p99Us\":%lld}\n", calls, static_cast<long long>(wall_us),
              static_cast<long long>(cpu_us), static_cast<long long>(at(50)), static_cast<long long>(at(99)));
  return 0;
}

}  // namespace
}  // namespace meepo::bench

int main(int count, char** values) { return meepo::bench::run(count, values); }
