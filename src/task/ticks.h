#pragma once
// Which ticks a task has: the first, the one after another, and what is left. Computed from the task and the tick, never from now.
// REAL and LADDER; the time kinds plug in from src/schedule. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "task/task.h"

namespace meepo {

/// A run of neighbouring ticks.
struct TickRange {
  Tick first;
  Tick last;
  std::uint64_t count = 0;
  friend bool operator==(const TickRange&, const TickRange&) = default;
};

/// Reads a LADDER define: whole seconds after creation, comma-separated, blanks around numbers allowed, any order, duplicates and
/// zeros allowed. InvalidArgument (field "define"): empty, not a number, negative, > kLadderRungsMax rungs, beyond kLadderSpanMax.
Result<std::vector<std::chrono::seconds>> parse_ladder(std::string_view define);

/// The first tick of a checked task. LADDER: the rung with the smallest offset (ties: written order).
DueTick first_tick(const Task& task);

/// The tick that follows `tick` in due order, or nothing. Ticks by hand and re-runs have none.
std::optional<DueTick> next_tick(const Task& task, const Tick& tick);

/// The instant of a LADDER's rung; nothing for other ticks, or a rung that it does not have.
std::optional<SysTime> rung_due(const Task& task, const Tick& tick);

/// `from` and every planned tick after it, in due order; nothing if `from` is by hand.
std::optional<TickRange> ticks_from(const Task& task, const Tick& from);

}  // namespace meepo
