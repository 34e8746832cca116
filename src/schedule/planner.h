#pragma once
// When tasks are due: the ticks of all four kinds, from the task and a tick, never from now; and what becomes of ticks that wait when
// they are looked at late. Sources: design §3 rule 3, §9, schedule/cron (PLAN).
// A Planner keeps the cron expressions and zones that it has met; otherwise pure. It belongs to one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "schedule/cron/expression.h"
#include "schedule/cron/zone.h"
#include "task/firing.h"
#include "task/task.h"
#include "task/ticks.h"

namespace meepo::schedule {

/// What check_spec leaves open: the define of TIMING and PLAN. InvalidArgument names the field. Any thread, needs no zone.
Result<void> check_define(const TaskSpec& spec);

/// Some of the ticks that wait are skipped, beginning with the armed one.
struct CatchUp {
  TickRange skipped;
  SkipReason reason = SkipReason::Misfire;
  std::optional<DueTick> next;  ///< the tick after them, perhaps due already; nothing: no tick is left
  friend bool operator==(const CatchUp&, const CatchUp&) = default;
};

class Planner {
 public:
  /// The first tick of a checked task that is created at task.created. InvalidArgument: TIMING more than kMisfireAfter before that;
  /// a PLAN that never fires, or not before its end; a zone that tzdata does not know.
  Result<DueTick> first(const Task& task);

  /// The planned tick that follows `tick` in due order. Nothing: there is none, or `tick` is by hand or a re-run.
  std::optional<DueTick> next(const Task& task, const DueTick& tick);

  /// The first planned tick of a TIMING or PLAN whose instant is after `time`. Nothing: there is none, or it is another kind.
  std::optional<DueTick> after(const Task& task, SysTime time);

  /// The last planned tick whose instant is at or before `time`, from the task's creation on. Nothing: there is none.
  std::optional<DueTick> at_or_before(const Task& task, SysTime time);

  /// The planned ticks of a PLAN with from ≤ instant ≤ to, whatever its start and creation; at most `limit` of them.
  std::vector<DueTick> between(const Task& task, SysTime from, SysTime to, std::size_t limit);

  /// What misfire (and of buffered ticks overlap) says of the armed tick and those after it that are due at `now`.
  /// @param since  what the lateness counts from: the due instant; of a tick that overlap held back, when it was let go
  /// Nothing: the armed tick fires.
  std::optional<CatchUp> catch_up(const Task& task, const DueTick& armed, SysTime since, SysTime now);

  /// The planned ticks that came due while the task was paused, from the armed one on. Nothing: none did; or a LADDER or TIMING, which
  /// run however late.
  std::optional<CatchUp> paused(const Task& task, const DueTick& armed, SysTime now);

  static constexpr std::size_t kExpressionsKept = 10'000;  ///< then all are forgotten

 private:
  struct Plan {
    const cron::Expression* expression = nullptr;
    const cron::Zone* zone = nullptr;
    cron::Dst dst = cron::Dst::Spring;
  };
  Result<Plan> plan_of(const Task& task);
  std::optional<DueTick> plan_after(const Task& task, SysTime time);

  struct Rule;
  std::optional<CatchUp> catch_up_few(const Task& task, const DueTick& armed, SysTime now, const Rule& rule);
  std::optional<CatchUp> catch_up_plan(const Task& task, const DueTick& armed, SysTime now, const Rule& rule);

  cron::Zones zones_;
  std::unordered_map<std::string, cron::Expression> expressions_;
  std::uint64_t armed_ = 0;  ///< PlantedBug::TickNamedByNow
};

}  // namespace meepo::schedule
