#pragma once
// The store's time on this node: the node keeps offset = store − steady clock, and everything that waits runs on that (design rule 6).

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.h"

namespace meepo::engine {

/// A reply is read some time after the store stamped it, so every sample of the offset is a little too low, never too high: the
/// highest one of the last two windows is the best guess, and "never early" holds.
class StoreClock {
 public:
  static constexpr std::chrono::seconds kWindow{5};

  /// The first guess, before any reply.
  StoreClock(SysTime system_now, SteadyTime steady_now) : now_(offset_of(system_now, steady_now)), window_start_(steady_now) {}

  /// The store says how far its clock has been stepped since it was opened: a count, and all steps together.
  struct Steps {
    std::uint32_t count = 0;
    milliseconds total{0};
  };

  /// @param store_now  stamped into a reply, with the steps as of then     @param steady_now  when the reply was read
  /// @return how far the store's clock was stepped since the replies before; 0 nearly always
  milliseconds observe(SysTime store_now, Steps steps, SteadyTime steady_now) {
    const milliseconds step = observed_ ? follow(steps) : milliseconds(0);
    if (!observed_) steps_ = steps;
    // Stamped before a step that is known already: it says nothing about the clock as it is now.
    if (steps.count == steps_.count) follow_offset(offset_of(store_now, steady_now), steady_now);
    return step;
  }

  /// False: no reply has been read yet, and now() is no more than this node's own system clock.
  bool observed() const { return observed_; }

  /// Store time, rounded down to whole milliseconds.
  SysTime now(SteadyTime steady_now) const { return SysTime(std::chrono::floor<milliseconds>(steady_now.time_since_epoch() + offset())); }

  /// The first steady instant at which now() is at least `when`.
  SteadyTime steady_at(SysTime when) const { return SteadyTime(when.time_since_epoch() - offset()); }

 private:
  milliseconds follow(Steps steps) {
    if (steps.count <= steps_.count) return milliseconds(0);
    const milliseconds step = steps.total - steps_.total;
    steps_ = steps;
    before_ += step;
    now_ += step;
    return step;
  }

  void follow_offset(std::chrono::nanoseconds offset, SteadyTime steady_now) {
    if (!observed_) {
      observed_ = true;
      before_ = now_ = offset;
      window_start_ = steady_now;
    } else if (steady_now - window_start_ >= kWindow) {
      before_ = now_;
      now_ = offset;
      window_start_ = steady_now;
    } else {
      now_ = std::max(now_, offset);
    }
  }

  static std::chrono::nanoseconds offset_of(SysTime store, SteadyTime steady) {
    return std::chrono::nanoseconds(store.time_since_epoch()) - steady.time_since_epoch();
  }
  std::chrono::nanoseconds offset() const { return observed_ ? std::max(before_, now_) : now_; }

  bool observed_ = false;
  std::chrono::nanoseconds before_{0};
  std::chrono::nanoseconds now_;
  SteadyTime window_start_;
  Steps steps_;
};

}  // namespace meepo::engine
