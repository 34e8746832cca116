#pragma once
// The embedded store's time: the system clock read at the start, moved on by the steady clock, and compared with the system clock once a
// second: a difference is followed as a step, both ways, and counted. Any thread.

#include <mutex>

#include "base/time.h"
#include "ports/clock.h"
#include "ports/store.h"

namespace meepo::adapters::sqlite {

class FollowingClock {
 public:
  static constexpr milliseconds kCompareEvery{1'000};
  static constexpr milliseconds kStepLeast{2};               ///< smaller differences may come from rounding
  static constexpr std::chrono::microseconds kReadTogether{200};  ///< the two clocks are compared only if they were read within this

  explicit FollowingClock(const ports::Clock& clock)
      : clock_(clock), system_start_(clock.system_now()), steady_start_(clock.steady_now()), compared_at_(steady_start_) {}

  struct Reading {
    SysTime now;
    ports::ClockSteps steps;  ///< up to `now`
  };
  /// Never less than the reading before, but for a step back.
  Reading read() {
    const std::lock_guard lock(mutex_);
    const SteadyTime steady = clock_.steady_now();
    if (steady - compared_at_ >= kCompareEvery) compare(steady);
    return {.now = at(clock_.steady_now()), .steps = steps_};
  }

 private:
  SysTime at(SteadyTime steady) const { return system_start_ + std::chrono::floor<milliseconds>(steady - steady_start_); }

  void compare(SteadyTime before) {
    const SysTime system = clock_.system_now();
    const SteadyTime after = clock_.steady_now();
    if (after - before > kReadTogether) return;  // this thread was held up in between: the next reading tries again
    compared_at_ = after;
    const milliseconds difference = system - at(before);
    if (std::chrono::abs(difference) < kStepLeast) return;
    system_start_ += difference;
    ++steps_.count;
    steps_.total += difference;
  }

  const ports::Clock& clock_;
  std::mutex mutex_;
  SysTime system_start_;
  const SteadyTime steady_start_;
  SteadyTime compared_at_;
  ports::ClockSteps steps_;
};

}  // namespace meepo::adapters::sqlite
