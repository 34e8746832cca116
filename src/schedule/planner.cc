#include "schedule/planner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/planted_bug.h"
#include "schedule/tick_time.h"
#include "schedule/timing.h"

namespace meepo::schedule {
namespace {

cron::Dst dst_of(const Task& task) { return task.spec.options.dst == DstRule::Once ? cron::Dst::Once : cron::Dst::Spring; }

}  // namespace

Result<void> check_define(const TaskSpec& spec) {
  if (spec.kind == Kind::Timing) {
    if (auto parsed = parse_timing(spec.define); !parsed) return fail(std::move(parsed.error()));
  }
  if (spec.kind == Kind::Plan) {
    if (auto parsed = cron::Expression::parse(spec.define); !parsed) return fail(std::move(parsed.error()));
  }
  return {};
}

Result<Planner::Plan> Planner::plan_of(const Task& task) {
  const auto zone = zones_.find(planted(PlantedBug::ZoneIgnored) ? "UTC" : task.spec.options.zone);
  if (!zone) return fail(zone.error());
  auto found = expressions_.find(task.spec.define);
  if (found == expressions_.end()) {
    auto expression = cron::Expression::parse(task.spec.define);
    if (!expression) return fail(std::move(expression.error()));
    if (expressions_.size() >= kExpressionsKept) expressions_.clear();
    found = expressions_.emplace(task.spec.define, *std::move(expression)).first;
  }
  return Plan{.expression = &found->second, .zone = *zone, .dst = dst_of(task)};
}

Result<DueTick> Planner::first(const Task& task) {
  switch (task.spec.kind) {
    case Kind::Real: return DueTick{.tick = Tick::real(), .due = task.created};
    case Kind::Ladder: return jittered(task, first_tick(task));
    case Kind::Timing:
    case Kind::Plan: break;
  }
  if (const auto zone = zones_.find(task.spec.options.zone); !zone) return fail(zone.error());
  const bool timing = task.spec.kind == Kind::Timing;
  if (auto tick = after(task, timing ? task.created - limits::kMisfireAfter - kMoment : task.created)) return *std::move(tick);
  if (timing) {
    return fail(Code::InvalidArgument,
                fmt::format("define is \"{}\": expected a time in {} that is not more than {} s ago; it is {} now", task.spec.define,
                            task.spec.options.zone, limits::kMisfireAfter.count() / 1'000,
                            (*zones_.find(task.spec.options.zone))->to_iso(task.created)),
                "define");
  }
  const auto& end = task.spec.options.end;
  return fail(Code::InvalidArgument,
              fmt::format("define is \"{}\": expected a plan that fires at least once{}", task.spec.define,
                          end ? " before its endAt, " + to_iso_utc(*end) : " within 400 years"),
              "define");
}

std::optional<DueTick> Planner::plan_after(const Task& task, SysTime time) {
  const auto plan = plan_of(task);
  if (!plan) return std::nullopt;
  const auto& options = task.spec.options;
  if (options.start) time = std::max(time, *options.start - kMoment);
  const auto found = plan->expression->next(time, *plan->zone, plan->dst);
  if (!found || (options.end && *found > *options.end)) return std::nullopt;
  auto tick = timed(task, *found);
  if (planted(PlantedBug::TickNamedByNow)) tick.tick = Tick::at(*found + std::chrono::milliseconds(++armed_ % 1'000));
  return tick;
}

std::optional<DueTick> Planner::after(const Task& task, SysTime time) {
  if (task.spec.kind == Kind::Plan) return plan_after(task, time);
  if (task.spec.kind != Kind::Timing) return std::nullopt;
  const auto local = parse_timing(task.spec.define);
  const auto zone = zones_.find(task.spec.options.zone);
  if (!local || !zone) return std::nullopt;
  const SysTime instant = first_instant(*local, **zone);
  if (instant <= time) return std::nullopt;
  return timed(task, instant);
}

std::optional<DueTick> Planner::next(const Task& task, const DueTick& tick) {
  if (tick.tick.is_by_hand() || tick.tick.is_again()) return std::nullopt;
  if (task.spec.kind == Kind::Plan) return plan_after(task, instant_of(task, tick));
  if (task.spec.kind != Kind::Ladder) return std::nullopt;
  const auto own = rung_due(task, tick.tick);
  const auto following = next_tick(task, tick.tick);
  if (!own || !following) return std::nullopt;
  // From the tick's own instant, which has moved with the steps of the store's clock since.
  return jittered(task, {.tick = following->tick, .due = instant_of(task, tick) + (following->due - *own)});
}

std::optional<DueTick> Planner::at_or_before(const Task& task, SysTime time) {
  if (task.spec.kind == Kind::Plan) {
    const auto plan = plan_of(task);
    if (!plan) return std::nullopt;
    const SysTime from = std::max(task.created, task.spec.options.start.value_or(task.created) - kMoment);
    const auto found = plan->expression->last(from, before_end(task, time), *plan->zone, plan->dst);
    return found ? std::optional(timed(task, *found)) : std::nullopt;
  }
  if (task.spec.kind == Kind::Timing) {
    auto tick = after(task, SysTime::min());
    return tick && instant_of(task, *tick) <= time ? tick : std::nullopt;
  }
  std::optional<DueTick> found;
  const auto start = first(task);
  for (std::optional<DueTick> tick = start ? std::optional(*start) : std::nullopt; tick; tick = next(task, *tick)) {
    if (instant_of(task, *tick) > time) break;
    found = tick;
  }
  return found;
}

std::vector<DueTick> Planner::between(const Task& task, SysTime from, SysTime to, std::size_t limit) {
  std::vector<DueTick> ticks;
  const auto plan = task.spec.kind == Kind::Plan ? plan_of(task) : Result<Plan>(Plan{});
  if (!plan || plan->expression == nullptr) return ticks;
  for (auto instant = plan->expression->next(from - kMoment, *plan->zone, plan->dst); instant && *instant <= to && ticks.size() < limit;
       instant = plan->expression->next(*instant, *plan->zone, plan->dst)) {
    ticks.push_back(timed(task, *instant));
  }
  return ticks;
}

}  // namespace meepo::schedule
