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
  friend bool operator==(const Options&, const Options&) = default;
};

struct TaskSpec {
  std::string app_id;
  Kind kind = Kind::Real;
  std::string define;                     ///< REAL "" · LADDER "0,1,3,5" (seconds after creation, not cumulative)
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
  SysTime due;
  friend bool operator==(const DueTick&, const DueTick&) = default;
};

/// Checks everything that a client may say and gives defaults: the only door by which a spec becomes a task.
/// Labels, headers and environment come back sorted by name, so that their order on the way here does not matter to content_hash.
/// InvalidArgument names the field by its API path ("target.service.method"), the value and what was expected. Pure.
Result<TaskSpec> check_spec(TaskSpec spec, std::string_view default_zone);

/// 64-bit digest of a checked spec's content: tells a repeated request id from a reused one. Stable over versions and restarts.
std::uint64_t content_hash(const TaskSpec& spec);

/// The task that a successful firing of `parent` creates, or nothing if there is no next target.
std::optional<Task> chained_task(const Task& parent, const DueTick& tick, SysTime now);

}  // namespace meepo
