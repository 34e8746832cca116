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

  /// @param store_now  stamped into a reply     @param steady_now  when the reply was read
  void observe(SysTime store_now, SteadyTime steady_now) {
    const auto offset = offset_of(store_now, steady_now);
    if (!observed_) {
      observed_ = true;
      before_ = now_ = offset;
      window_start_ = steady_now;
      return;
    }
    if (steady_now - window_start_ >= kWindow) {
      before_ = now_;
      now_ = offset;
      window_start_ = steady_now;
      return;
    }
    now_ = std::max(now_, offset);
  }

  /// Store time, rounded down to whole milliseconds.
  SysTime now(SteadyTime steady_now) const { return SysTime(std::chrono::floor<milliseconds>(steady_now.time_since_epoch() + offset())); }

  /// The first steady instant at which now() is at least `when`.
  SteadyTime steady_at(SysTime when) const { return SteadyTime(when.time_since_epoch() - offset()); }

 private:
  static std::chrono::nanoseconds offset_of(SysTime store, SteadyTime steady) {
    return std::chrono::nanoseconds(store.time_since_epoch()) - steady.time_since_epoch();
  }
  std::chrono::nanoseconds offset() const { return observed_ ? std::max(before_, now_) : now_; }

  bool observed_ = false;
  std::chrono::nanoseconds before_{0};
  std::chrono::nanoseconds now_;
  SteadyTime window_start_;
};

}  // namespace meepo::engine
