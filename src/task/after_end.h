#pragma once
// What follows an attempt's end: retry or over, chain or not. Pure, and here rather than in the engine, so that whoever writes the
// end (the owner over direct dispatch, an executor over RocketMQ) decides alike.

#include <optional>

#include "task/firing.h"
#include "task/task.h"

namespace meepo {

/// The delay before retry number `retry` (1 = the first), or nothing if the policy has no such retry. Jitter is drawn from the firing
/// id and the number, so the answer is always the same. Never negative, at most kRetryDelayMax.
std::optional<milliseconds> retry_delay(const RetryPolicy& policy, std::uint32_t retry, const FiringId& firing);

struct AfterEnd {
  std::optional<SysTime> retry_at;  ///< set: the firing is DUE again at this instant; else it is over
  std::optional<Task> chained;      ///< set: create this task in the same operation
};

/// @param failures  of the firing before this end     @param cancel_asked  a cancelled attempt is never retried
AfterEnd after_end(const Task& task, const DueTick& tick, Outcome outcome, std::uint32_t failures, bool cancel_asked, SysTime now);

}  // namespace meepo
