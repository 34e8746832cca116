#pragma once
// Ticks and their instants, with and without jitter. Private to src/schedule; pure.

#include <algorithm>

#include "base/bytes.h"
#include "base/time.h"
#include "task/task.h"

namespace meepo::schedule {

inline constexpr milliseconds kMoment{1};

/// Always the same for one firing.
inline milliseconds jitter_of(const Task& task, const Tick& tick) {
  const auto most = static_cast<std::uint64_t>(task.spec.options.jitter.count());
  if (most == 0) return milliseconds(0);
  return milliseconds(stable_hash("jitter", stable_hash(FiringId{.task = task.id, .tick = tick}.text())) % (most + 1));
}

inline DueTick timed(const Task& task, SysTime instant) {
  const Tick tick = Tick::at(instant);
  return {.tick = tick, .due = instant + jitter_of(task, tick)};
}

inline DueTick jittered(const Task& task, DueTick tick) {
  tick.due += jitter_of(task, tick.tick);
  return tick;
}

/// The tick's instant without its jitter.
inline SysTime instant_of(const Task& task, const DueTick& tick) {
  return tick.tick.instant().value_or(tick.due - jitter_of(task, tick.tick));
}

/// `time`, or the end of the task's plan if that comes before.
inline SysTime before_end(const Task& task, SysTime time) { return std::min(time, task.spec.options.end.value_or(time)); }

}  // namespace meepo::schedule
