// Calls of a Dubbo provider through the invoker that executors use, beside Java's generic consumer (bench/dubbo.py). Prints one JSON
// object: microseconds of the clock, of this process's processors, and of the median and the slowest hundredth of the calls.
//   meepo_dubbo_invoke dubbo://HOST:PORT CALLS IN_FLIGHT WARM_UP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <future>
#include <memory>
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

/// Keeps so many calls under way: each that ends begins the next one.
class Load {
 public:
  explicit Load(adapters::dubbo::DubboInvoker& invoker) : invoker_(invoker) {}

  /// Nanoseconds of each call; ends the process when one fails.
  std::vector<std::int64_t> run(int calls, int in_flight) {
    took_.clear();
    took_.reserve(static_cast<std::size_t>(calls));
    left_ = calls;
    std::promise<void> over;
    over_ = &over;
    calls_ = static_cast<std::size_t>(calls);
    for (int i = 0; i < std::min(calls, in_flight); ++i) call();
    over.get_future().wait();
    return took_;
  }

 private:
  void call() {
    if (left_.fetch_sub(1) <= 0) return;
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
          took_.push_back(clock_ns(CLOCK_MONOTONIC) - begun);
          if (took_.size() == calls_) return over_->set_value();
          call();
        });
  }

  adapters::dubbo::DubboInvoker& invoker_;
  std::atomic<std::uint64_t> number_ = 0;
  std::atomic<int> left_ = 0;
  std::promise<void>* over_ = nullptr;
  std::size_t calls_ = 0;
  std::vector<std::int64_t> took_;  // touched on the invoker's thread while calls are under way
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
