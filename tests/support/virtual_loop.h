#pragma once
// A Loop on virtual time in one thread: work runs when the test says so, timers when the test moves the clock.

#include <deque>
#include <map>
#include <utility>

#include "ports/clock.h"
#include "ports/random.h"

namespace meepo::test {

class VirtualLoop final : public ports::Loop {
 public:
  explicit VirtualLoop(SysTime start = from_unix_ms(1'800'000'000'000)) : system_start_(start) {}

  SysTime system_now() const override { return system_start_ + std::chrono::floor<milliseconds>(elapsed_ + step_); }
  SteadyTime steady_now() const override { return SteadyTime(elapsed_); }

  void post(Work work) override { work_.push_back(std::move(work)); }
  TimerId call_at(SteadyTime when, Work work) override {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair(when, id), std::move(work));
    return id;
  }
  void cancel_timer(TimerId id) override {
    std::erase_if(timers_, [id](const auto& entry) { return entry.first.second == id; });
  }

  /// Runs everything posted, and what that posts, and due timers, until nothing is left at this instant.
  void run() {
    while (run_one()) {}
  }

  /// Moves the clock to `elapsed() + by`, running each timer at its own instant on the way.
  void advance(std::chrono::nanoseconds by) {
    const auto until = elapsed_ + by;
    run();
    while (!timers_.empty() && timers_.begin()->first.first.time_since_epoch() <= until) {
      elapsed_ = std::max(elapsed_, timers_.begin()->first.first.time_since_epoch());
      run();
    }
    elapsed_ = until;
    run();
  }

  /// Moves the system clock only.
  void step_system_clock(milliseconds by) { step_ += by; }
  std::chrono::nanoseconds elapsed() const { return elapsed_; }
  bool idle() const { return work_.empty(); }

 private:
  bool run_one() {
    if (!work_.empty()) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
      return true;
    }
    if (!timers_.empty() && timers_.begin()->first.first.time_since_epoch() <= elapsed_) {
      auto work = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      work();
      return true;
    }
    return false;
  }

  SysTime system_start_;
  std::chrono::nanoseconds elapsed_{0};
  milliseconds step_{0};
  TimerId last_timer_ = 0;
  std::deque<Work> work_;
  std::map<std::pair<SteadyTime, TimerId>, Work> timers_;
};

/// splitmix64: the same numbers for the same seed everywhere.
class SeededRandom final : public ports::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace meepo::test
