#include "task/after_end.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace meepo {
namespace {

constexpr milliseconds kLongest = limits::kRetryDelayMax;

milliseconds clamp_delay(double ms) {
  if (!(ms > 0)) return milliseconds(0);
  return milliseconds(static_cast<std::int64_t>(std::min(ms, static_cast<double>(kLongest.count()))));
}

/// The delay before jitter. `retry` counts from 1 and is one that the policy has.
double plain_delay_ms(const RetryPolicy& policy, std::uint32_t retry) {
  switch (policy.kind) {
    case RetryPolicy::Kind::None: return 0;
    case RetryPolicy::Kind::Ladder: return static_cast<double>(policy.ladder[retry - 1].count());
    case RetryPolicy::Kind::Fixed: return static_cast<double>(policy.delay.count());
    case RetryPolicy::Kind::Exponential: break;
  }
  const auto cap = static_cast<double>((policy.cap.count() > 0 ? policy.cap : kLongest).count());
  // pow may answer infinity, and 0 × infinity is no number: without a first delay there is nothing to grow.
  if (policy.delay.count() <= 0) return 0;
  return std::min(cap, static_cast<double>(policy.delay.count()) * std::pow(policy.factor, static_cast<double>(retry - 1)));
}

/// Evenly spread over [0, 1), always the same for one firing and number.
double draw(const FiringId& firing, std::uint32_t retry) {
  const std::uint64_t hash = stable_hash(std::to_string(retry), stable_hash(firing.text()));
  return static_cast<double>(hash >> 11U) * 0x1p-53;
}

std::uint32_t retries_of(const RetryPolicy& policy) {
  switch (policy.kind) {
    case RetryPolicy::Kind::None: return 0;
    case RetryPolicy::Kind::Ladder: return static_cast<std::uint32_t>(policy.ladder.size());
    case RetryPolicy::Kind::Fixed:
    case RetryPolicy::Kind::Exponential: return policy.max_retries;
  }
  return 0;
}

}  // namespace

std::optional<milliseconds> retry_delay(const RetryPolicy& policy, std::uint32_t retry, const FiringId& firing) {
  if (retry == 0 || retry > retries_of(policy)) return std::nullopt;
  const double delay = plain_delay_ms(policy, retry);
  if (!(policy.jitter > 0)) return clamp_delay(delay);
  return clamp_delay(delay * (1 + policy.jitter * (2 * draw(firing, retry) - 1)));
}

AfterEnd after_end(const Task& task, const DueTick& tick, Outcome outcome, std::uint32_t failures, bool cancel_asked, SysTime now) {
  switch (outcome) {
    case Outcome::Success: return {.retry_at = std::nullopt, .chained = chained_task(task, tick, now)};
    case Outcome::Fail:
    case Outcome::Timeout: {
      if (cancel_asked) return {};
      // At the counter's end failures + 1 is 0, and no policy has a retry 0.
      const auto delay = retry_delay(task.spec.options.retry, failures + 1, {.task = task.id, .tick = tick.tick});
      return {.retry_at = delay ? std::optional(now + *delay) : std::nullopt, .chained = std::nullopt};
    }
    case Outcome::None:
    case Outcome::Quarantined:
    case Outcome::Unknown:
    case Outcome::Stopped: return {};
  }
  return {};
}

}  // namespace meepo
