// Calls of a Dubbo provider through the invoker that executors use, beside Java's generic consumer (bench/dubbo.py). Prints one JSON
// object: microseconds of the clock, of this process's processors, and of the median and the slowest hundredth of the calls.
//   meepo_dubbo_invoke dubbo://HOST:PORT CALLS IN_FLIGHT WARM_UP

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
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

/// Keeps so many calls under way.
class Load {
 public:
  explicit Load(adapters::dubbo::DubboInvoker& invoker) : invoker_(invoker) {}

  /// Nanoseconds of each call; ends the process when one fails.
  std::vector<std::int64_t> run(int calls, int in_flight) {
    std::unique_lock lock(mutex_);
    took_.clear();
    for (int i = 0; i < calls; ++i) {
      changed_.wait(lock, [&] { return open_ < in_flight; });
      ++open_;
      lock.unlock();
      call();
      lock.lock();
    }
    changed_.wait(lock, [&] { return open_ == 0; });
    return took_;
  }

 private:
  void call() {
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
        [this, begun](const ports::InvokeResult& result) {
          if (result.outcome != Outcome::Success) {
            std::fprintf(stderr, "%s\n", result.error.c_str());
            std::_Exit(1);
          }
          const std::scoped_lock lock(mutex_);
          took_.push_back(clock_ns(CLOCK_MONOTONIC) - begun);
          --open_;
          changed_.notify_one();
        });
  }

  adapters::dubbo::DubboInvoker& invoker_;
  std::uint64_t number_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int open_ = 0;
  std::vector<std::int64_t> took_;
};

int run(int count, char** values) {
  if (count != 5) {
    std::fprintf(stderr, "expected dubbo://HOST:PORT CALLS IN_FLIGHT WARM_UP\n");
    return 2;
  }
  const int calls = std::atoi(values[2]);
  const int in_flight = std::atoi(values[3]);
  adapters::dubbo::DubboInvoker::Options options;
  options.services.push_back({.interface = "demo.api.EchoService", .version = {}, .group = {}, .url = values[1]});
  auto invoker = adapters::dubbo::DubboInvoker::start(std::move(options));
  if (!invoker) {
    std::fprintf(stderr, "%s\n", invoker.error().message.c_str());
    return 1;
  }
  Load load(**invoker);
  load.run(std::atoi(values[4]), in_flight);
  const auto wall = clock_ns(CLOCK_MONOTONIC);
  const auto cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  auto took = load.run(calls, in_flight);
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
