#pragma once
// The store's time on this node: the node keeps offset = store − steady clock, and everything that waits runs on that (design rule 6).

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/time.h"

namespace meepo {

/// A reply is read some time after the store stamped it, so every sample of the offset is a little too low, never too high: the highest
/// one is the best guess, and "never early" holds. Two steady clocks drift apart, so a sample loses kDriftMost of its age.
class StoreClock {
 public:
  static constexpr std::int64_t kDriftMost = 10'000;  ///< one part in so many: twice what time daemons allow a clock

  /// Of a reply in milliseconds (SysTime), or finer.
  using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

  /// The first guess, before any reply.
  StoreClock(SysTime system_now, SteadyTime steady_now) : best_(offset_of(system_now, steady_now)), best_at_(steady_now) {}

  /// The store says how far its clock has been stepped since it was opened: a count, and all steps together.
  struct Steps {
    std::uint32_t count = 0;
    milliseconds total{0};
  };

  /// @param store_now  stamped into a reply, with the steps as of then     @param steady_now  when the reply was read
  /// @return how far the store's clock was stepped since the replies before; 0 nearly always
  milliseconds observe(Instant store_now, Steps steps, SteadyTime steady_now) {
    const milliseconds step = observed_ ? follow(steps) : milliseconds(0);
    if (!observed_) steps_ = steps;
    // Stamped before a step that is known already: it says nothing about the clock as it is now.
    if (steps.count == steps_.count) follow_offset(offset_of(store_now, steady_now), steady_now);
    return step;
  }

  /// False: no reply has been read yet, and now() is no more than this node's own system clock.
  bool observed() const { return observed_; }

  /// Store time, rounded down to whole milliseconds.
  SysTime now(SteadyTime steady_now) const { return std::chrono::floor<milliseconds>(exactly(steady_now)); }

  /// The same, not rounded.
  Instant exactly(SteadyTime steady_now) const { return Instant(steady_now.time_since_epoch() + offset(steady_now)); }

  /// The first steady instant at which now() is at least `when`, unless a reply comes before.
  SteadyTime steady_at(SysTime when) const {
    const auto left = std::chrono::nanoseconds(when.time_since_epoch()) - best_at_.time_since_epoch() - best_;
    return best_at_ + left + (left.count() > 0 ? left / (kDriftMost - 1) + std::chrono::nanoseconds(1) : std::chrono::nanoseconds(0));
  }

 private:
  milliseconds follow(Steps steps) {
    if (steps.count <= steps_.count) return milliseconds(0);
    const milliseconds step = steps.total - steps_.total;
    steps_ = steps;
    best_ += step;
    return step;
  }

  void follow_offset(std::chrono::nanoseconds sample, SteadyTime steady_now) {
    best_ = std::exchange(observed_, true) ? std::max(offset(steady_now), sample) : sample;
    best_at_ = steady_now;
  }

  static std::chrono::nanoseconds offset_of(Instant store, SteadyTime steady) {
    return store.time_since_epoch() - steady.time_since_epoch();
  }
  std::chrono::nanoseconds offset(SteadyTime steady_now) const {
    const auto age = std::max(steady_now - best_at_, std::chrono::nanoseconds(0));
    return best_ - age / kDriftMost;
  }

  bool observed_ = false;
  std::chrono::nanoseconds best_;   ///< store − steady
  SteadyTime best_at_;
  Steps steps_;
};

}  // namespace meepo
