// What becomes of ticks that wait when they are looked at late: misfire, buffers, pauses.

#include <algorithm>

#include "base/limits.h"
#include "schedule/planner.h"
#include "schedule/tick_time.h"

namespace meepo::schedule {

/// Which of the ticks that wait fire.
struct Planner::Rule {
  bool none = false;
  std::optional<SysTime> not_before;    ///< only those from this instant on
  std::optional<std::uint64_t> newest;  ///< at most so many, the newest
  SkipReason reason = SkipReason::Misfire;

  /// Nothing: the armed tick fires.
  static std::optional<Rule> of(const Task& task, const DueTick& armed, SysTime since, SysTime now);
};

std::optional<Planner::Rule> Planner::Rule::of(const Task& task, const DueTick& armed, SysTime since, SysTime now) {
  using Kind = Misfire::Kind;
  const Misfire policy = misfire_of(task.spec);
  const milliseconds late = now - since;
  const milliseconds window = policy.window;
  const bool misfired = late > limits::kMisfireAfter;
  Rule rule;
  if (policy.kind == Kind::Skip) {
    rule.none = late > (window.count() > 0 ? window : limits::kMisfireAfter);
  } else if (window.count() > 0 && now - armed.due > window) {
    rule.not_before = now - window - task.spec.options.jitter;
  }
  if (policy.kind == Kind::Once && misfired) rule.newest = 1;
  if (policy.kind == Kind::All && policy.max > 0 && misfired) rule.newest = policy.max;
  if (rule.none || rule.not_before || rule.newest) return rule;
  rule.reason = SkipReason::Overlap;
  const Overlap overlap = overlap_of(task.spec);
  if (overlap == Overlap::CancelOther) rule.newest = 1;
  if (overlap == Overlap::BufferAll) rule.newest = limits::kBufferedTicksMax;
  if (rule.newest) return rule;
  return std::nullopt;
}

std::optional<CatchUp> Planner::catch_up(const Task& task, const DueTick& armed, SysTime since, SysTime now) {
  if (task.spec.kind == Kind::Real || armed.due > now) return std::nullopt;
  const auto rule = Rule::of(task, armed, since, now);
  if (!rule) return std::nullopt;
  return task.spec.kind == Kind::Plan ? catch_up_plan(task, armed, now, *rule) : catch_up_few(task, armed, now, *rule);
}

std::optional<CatchUp> Planner::paused(const Task& task, const DueTick& armed, SysTime now) {
  if (task.spec.kind != Kind::Plan || armed.due > now) return std::nullopt;
  return catch_up_plan(task, armed, now, {.none = true, .not_before = {}, .newest = {}, .reason = SkipReason::Paused});
}

/// LADDER and TIMING: the ticks are looked at one by one.
std::optional<CatchUp> Planner::catch_up_few(const Task& task, const DueTick& armed, SysTime now, const Rule& rule) {
  std::vector<DueTick> waiting{armed};
  auto following = next(task, armed);
  for (; following && following->due <= now; following = next(task, *following)) waiting.push_back(*following);
  auto keep = rule.none ? waiting.end() : waiting.begin();
  while (keep != waiting.end() && rule.not_before && instant_of(task, *keep) < *rule.not_before) ++keep;
  const auto left = static_cast<std::uint64_t>(waiting.end() - keep);
  if (rule.newest && left > *rule.newest) keep += static_cast<std::ptrdiff_t>(left - *rule.newest);
  if (keep == waiting.begin()) return std::nullopt;
  return CatchUp{.skipped = {.first = armed.tick, .last = (keep - 1)->tick, .count = static_cast<std::uint64_t>(keep - waiting.begin())},
                 .reason = rule.reason,
                 .next = keep == waiting.end() ? following : std::optional(*keep)};
}

/// PLAN: a day without anybody may have been 86,400 ticks, so they are counted, not visited. The armed tick need not be one of the
/// plan as it is now: an update leaves a tick that is due already.
std::optional<CatchUp> Planner::catch_up_plan(const Task& task, const DueTick& armed, SysTime now, const Rule& rule) {
  const auto plan = plan_of(task);
  if (!plan) return std::nullopt;
  const auto& [expression, zone, dst] = *plan;
  const SysTime first = instant_of(task, armed);
  const SysTime until = before_end(task, now);
  const auto following = [&](SysTime time) {
    const auto found = expression->next(time, *zone, dst);
    return found && *found <= until ? found : std::nullopt;
  };
  std::optional<SysTime> keep = rule.none ? std::nullopt : std::optional(first);
  if (keep && rule.not_before && first < *rule.not_before) keep = following(std::max(first, *rule.not_before - kMoment));
  if (keep && rule.newest && 1 + expression->count(*keep, until, *zone, dst) > *rule.newest) {
    // The earliest instant after which at most so many are left.
    SysTime low = *keep;
    SysTime high = until;
    while (high - low > kMoment) {
      const SysTime middle = low + (high - low) / 2;
      (expression->count(middle, until, *zone, dst) > *rule.newest ? low : high) = middle;
    }
    keep = following(high);
  }
  if (keep == first) return std::nullopt;
  const SysTime skipped_until = keep ? *keep - kMoment : until;
  const SysTime last = expression->last(first, skipped_until, *zone, dst).value_or(first);
  return CatchUp{.skipped = {.first = armed.tick, .last = Tick::at(last), .count = 1 + expression->count(first, skipped_until, *zone, dst)},
                 .reason = rule.reason,
                 .next = keep ? std::optional(timed(task, *keep)) : plan_after(task, std::max(until, first))};
}

}  // namespace meepo::schedule
