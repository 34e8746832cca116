#pragma once
// What a client creates. TaskSpec is what it says; Task adds what the scheduler gives it. Immutable once created, but for `update`,
// which replaces the spec and raises the version. Owned as shared_ptr<const Task> along a firing's way.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "task/target.h"

namespace meepo {

enum class Kind : std::uint8_t { Real = 1, Ladder = 2, Timing = 3, Plan = 4 };
std::string_view to_string(Kind kind);  ///< "REAL", "LADDER", "TIMING", "PLAN"

/// What follows a failed or timed-out attempt. Delays count from the attempt's end.
struct RetryPolicy {
  enum class Kind : std::uint8_t { None = 0, Ladder = 1, Fixed = 2, Exponential = 3 };
  Kind kind = Kind::None;
  std::uint32_t max_retries = 0;          ///< Fixed, Exponential; a Ladder has one retry a rung
  std::vector<milliseconds> ladder;       ///< Ladder: the delay before each retry
  milliseconds delay{0};                  ///< Fixed: each delay; Exponential: the first
  double factor = 2.0;                    ///< Exponential: growth a retry, ≥ 1
  milliseconds cap{0};                    ///< Exponential: the longest delay before jitter; 0: kRetryDelayMax
  double jitter = 0.0;                    ///< 0 … 1: each delay is spread evenly over delay × (1 ± jitter)
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

enum class OnLost : std::uint8_t {
  Rerun = 0,    ///< a run whose lease ended goes again, not counted as a retry
  Unknown = 1,  ///< it ends UNKNOWN with an alert: for targets that must never be called twice
};

/// What becomes of ticks that could not be fired in time (nobody was there). PLAN: while the oldest waiting tick is at most
/// kMisfireAfter late, each fires; then this policy decides over all that wait. Ends SKIPPED(misfire) what it does not fire.
struct Misfire {
  enum class Kind : std::uint8_t {
    Default = 0,  ///< PLAN: Once; LADDER and TIMING: All
    Once = 1,     ///< the newest waiting tick fires
    Skip = 2,     ///< none of them fires
    All = 3,      ///< all of them fire, the newest `max` if that is not 0
  };
  Kind kind = Kind::Default;
  std::uint32_t max = 0;                  ///< All: 0: no limit
  std::chrono::seconds window{0};         ///< a tick that is later than this does not fire; 0: no limit. Skip: in place of kMisfireAfter
  friend bool operator==(const Misfire&, const Misfire&) = default;
};

/// What becomes of a planned tick that is due while another firing of its task is under way (claimed, running, or waiting for a retry).
enum class Overlap : std::uint8_t {
  Default = 0,      ///< see overlap_of()
  Skip = 1,         ///< it ends SKIPPED(overlap)
  BufferOne = 2,    ///< one waits; what comes due while one waits is skipped
  BufferAll = 3,    ///< all wait, the newest kBufferedTicksMax of them; they run one after the other
  CancelOther = 4,  ///< the running one is asked to stop, and it waits until that has ended; of several that wait the newest runs
  Allow = 5,        ///< it runs beside the other
};

/// What a clock change does to the local times of a PLAN (src/schedule/cron).
enum class DstRule : std::uint8_t { Spring = 0, Once = 1 };

struct Options {
  std::string name;                       ///< for people and search; empty: none
  std::string zone;                       ///< IANA name; empty in a spec: the server's; always set in a stored task
  bool run_once = false;                  ///< after the first success no later tick begins
  RetryPolicy retry;
  milliseconds timeout = limits::kTimeoutDefault;
  OnLost on_lost = OnLost::Rerun;
  std::int32_t priority = 5;              ///< 0 … 9, higher first
  std::string unique_key;                 ///< one unended task per app and key
  std::string request_id;                 ///< a repeat within 24 h answers the first id
  std::vector<std::pair<std::string, std::string>> labels;
  Misfire misfire;                        ///< LADDER, TIMING, PLAN
  Overlap overlap = Overlap::Default;     ///< LADDER, PLAN
  std::optional<SysTime> start;           ///< PLAN: no tick before it
  std::optional<SysTime> end;             ///< PLAN: no tick after it
  std::uint32_t max_count = 0;            ///< PLAN: planned ticks that begin, skipped ones not counted; 0: no limit
  milliseconds jitter{0};                 ///< LADDER, TIMING, PLAN: each tick is due later by up to this, drawn from its firing id
  DstRule dst = DstRule::Spring;          ///< PLAN
  friend bool operator==(const Options&, const Options&) = default;
};

struct TaskSpec {
  std::string app_id;
  Kind kind = Kind::Real;
  /// REAL "" · LADDER "0,1,3,5" (seconds after creation, not cumulative) · TIMING "20261126093000" (yyyyMMddHHmmss in the task's zone)
  /// · PLAN "0 30 9 * * MON-FRI" (Spring cron, six fields)
  std::string define;
  Target target;
  std::vector<Target> next;               ///< each firing that ends well creates one REAL task for next[0] with the rest
  Options options;
  friend bool operator==(const TaskSpec&, const TaskSpec&) = default;
};

struct Task {
  TaskId id;
  SysTime created;
  std::uint32_t version = 1;
  std::optional<FiringId> parent;         ///< the firing whose success created this task
  TaskSpec spec;
  std::string unknown_fields;             ///< record fields that a newer Meepo wrote; kept as they are
  friend bool operator==(const Task&, const Task&) = default;
};
using TaskPtr = std::shared_ptr<const Task>;

/// One tick that becomes due.
struct DueTick {
  Tick tick;
  SysTime due;                            ///< with its jitter
  friend bool operator==(const DueTick&, const DueTick&) = default;
};

/// The overlap that counts: the task's own; else runOnce: BufferAll (LADDER), BufferOne (PLAN); else PLAN: Skip, others: Allow.
Overlap overlap_of(const TaskSpec& spec);

/// The misfire policy that counts: never Kind::Default.
Misfire misfire_of(const TaskSpec& spec);

/// Checks everything that a client may say and gives defaults: the only door by which a spec becomes a task, but for the
/// defines of TIMING and PLAN, which src/schedule reads (schedule/planner.h).
/// Labels, headers and environment come back sorted by name, so that their order on the way here does not matter to content_hash.
/// InvalidArgument names the field by its API path ("target.service.method"), the value and what was expected. Pure.
Result<TaskSpec> check_spec(TaskSpec spec, std::string_view default_zone);

/// 64-bit digest of a checked spec's content: tells a repeated request id from a reused one. Stable over versions and restarts.
std::uint64_t content_hash(const TaskSpec& spec);

/// The task that a successful firing of `parent` creates, or nothing if there is no next target.
std::optional<Task> chained_task(const Task& parent, const DueTick& tick, SysTime now);

}  // namespace meepo
