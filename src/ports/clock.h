#pragma once
// Clock and Loop: where time and threads come from. No shell of Meepo makes its own thread, timer or clock; all come in by
// constructor, so that the same code runs on virtual time (tests/sim, `meepo simulate`).

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace meepo::ports {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SysTime system_now() const = 0;     ///< any thread
  virtual SteadyTime steady_now() const = 0;  ///< any thread
};

/// One thread's queue of work and timers. Everything that a shell owns is touched on its loop only.
class Loop : public Clock {
 public:
  using TimerId = std::uint64_t;
  using Work = std::move_only_function<void()>;

  /// Runs `work` later on the loop's thread, in the order of posting. Any thread; never runs it inside the call.
  virtual void post(Work work) = 0;

  /// Runs `work` on the loop's thread at `when` or soon after, never before. Loop thread only. Ids are never 0.
  virtual TimerId call_at(SteadyTime when, Work work) = 0;

  /// Forgets a timer; one that ran or was never there is fine. Loop thread only.
  virtual void cancel_timer(TimerId id) = 0;
};

}  // namespace meepo::ports
