#pragma once
// The scheduler: the shell around the engine. It creates tasks, keeps the shards that the coordinator grants, claims what is due,
// begins and dispatches attempts, writes their ends, takes back what was lost. One object lives on one loop and owns whole shards;
// everything but check() and admit_creates() is called there, and every `done` runs there, later, exactly once (not after stop has finished).
//
// A task's way, one file a step: create.cc → claim.cc (due, claim, begin, dispatch) → end.cc; cancel.cc, recover.cc, park.cc beside.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/alerter.h"
#include "ports/clock.h"
#include "ports/coordinator.h"
#include "ports/dispatch.h"
#include "ports/figures.h"
#include "ports/random.h"
#include "ports/store.h"
#include "task/task.h"

namespace meepo::scheduler {

struct Options {
  std::string default_zone = "UTC";
  /// Executors whose instance name begins so live in this process: runs that an earlier process left to them are lost at once.
  std::string inside_executor_prefix;
  milliseconds claim_lease = limits::kClaimLease;
  milliseconds claim_ahead = limits::kClaimAhead;  ///< planned ticks are claimed so long before they are due
  milliseconds run_lease = limits::kRunLease;
  milliseconds safety_read_every = limits::kSafetyReadEvery;
  milliseconds purge_every = limits::kPurgeEvery;  ///< retention looks at one shard each time
  milliseconds ended_tasks_kept = limits::kEndedTasksKept;  ///< retention
  std::uint64_t ended_tasks_max = limits::kEndedTasksMax;  ///< over all shards
  milliseconds rows_kept = limits::kRowsKept;  ///< ended rows of a living task
  std::uint64_t rows_of_task_max = limits::kRowsOfTaskMax;
  bool log_firings = false;  ///< one line for each verb of each firing
};

/// A spec that passed check(): the only thing that create() takes.
struct CheckedSpec {
  std::shared_ptr<Task> task;  ///< its id and instant of creation are given by create()
  std::uint64_t content_hash = 0;
};

/// Checks what a client says, on the caller's thread (any). InvalidArgument names the field.
Result<CheckedSpec> check(TaskSpec spec, const std::string& default_zone);

struct Created {
  TaskId id;
  SysTime first_due;
  std::string zone;
  std::vector<std::string> warnings;  ///< e.g. nobody serves its target now
  bool existed = false;  ///< this request id had created the task before
};

struct Cancelled {
  bool cancelled = false;  ///< false: the task had ended before
  std::vector<FiringId> running;  ///< asked to stop, no promise
  std::vector<TaskId> chained;  ///< not cancelled
};

struct Updated {
  std::uint32_t version = 0;  ///< the new one
  std::optional<SysTime> next_due;  ///< nothing: no tick is left
  std::string zone;
  std::vector<std::string> warnings;
};

struct BackfillRange {
  TaskId id;
  SysTime from;  ///< inclusive
  SysTime to;  ///< inclusive, not in the future
  bool dry_run = false;
  std::string request_id;  ///< empty: none; a repeat answers the same firings
};

struct Backfilled {
  struct Item {
    DueTick tick;
    std::optional<FiringId> firing;  ///< nothing in a dry run
  };
  std::string zone;
  std::vector<Item> items;
};

/// An executor that holds a stream now.
struct ExecutorView {
  std::string instance;
  std::string name;
  std::vector<std::string> target_keys;
  std::size_t running = 0;
  std::uint32_t credits = 0;
  SysTime connected_at;
};

template <class T>
using Done = std::move_only_function<void(T)>;
using Change = std::move_only_function<Result<TaskSpec>(const TaskSpec&)>;

class Scheduler {
 public:
  struct Parts {
    ports::Loop& loop;
    ports::Store& store;
    ports::Dispatcher& dispatcher;
    ports::Coordinator& coordinator;
    ports::Alerter& alerter;
    ports::Random& random;
  };

  Scheduler(Options options, Parts parts);
  ~Scheduler();

  /// Joins the coordinator and opens for executors. Once.
  void start();
  /// Stops claiming, lets what is under way in the store come back, closes the executors' streams, leaves the coordinator; then `done`.
  /// Use cases called from now on answer Unavailable. Running attempts stay RUNNING in the store: their executors name them again.
  void stop(std::move_only_function<void()> done);
  /// True when it owns its shards and has read them: /readyz.
  bool ready() const;

  /// Any thread. Exhausted while create() would answer so: who has many specs to check first may ask before. So many creates are counted as
  /// refused then.
  Result<void> admit_creates(std::size_t count);

  // Use cases. Errors of the store come through: Unavailable (repeat), Unknown (perhaps done: repeat with the same request id), Exhausted.

  /// Answers per item, in order. Conflict: unique key held, or request id used with other content. Exhausted: more than
  /// kCreatesWaitingMax wait. A create with a request id may be repeated.
  void create(std::vector<CheckedSpec> specs, Done<std::vector<Result<Created>>> done);
  void cancel(TaskId id, Done<Result<Cancelled>> done);  ///< NotFound; may be repeated
  void pause(TaskId id, Done<Result<bool>> done);  ///< NotFound, Conflict (ended); false: was paused
  void resume(TaskId id, Done<Result<void>> done);  ///< NotFound; may be repeated
  void trigger(ports::TriggerRequest::Item item, Done<Result<FiringId>> done);  ///< NotFound, Conflict (cancelled)
  /// Replaces the task's spec by what `change` makes of it (on the loop; it may be called again when another update came between).
  /// @param version  that the change is based on; 0: whatever there is
  /// NotFound · Conflict: another version, or the task has ended · what `change` refuses · InvalidArgument: kind, appId, uniqueKey,
  /// requestId or a LADDER's define would change. Not repeatable unless `version` is given: then a repeat is a Conflict.
  void update(TaskId id, std::uint32_t version, Change change, Done<Result<Updated>> done);
  /// Runs an old tick again. NotFound: no such task, or its ledger has no such tick · Conflict: cancelled. `item.again` is filled in.
  void rerun(ports::TriggerRequest::Item item, Tick tick, Done<Result<FiringId>> done);
  /// Runs the planned ticks of a past range. NotFound · Conflict (cancelled) · InvalidArgument: not a PLAN, `from` after `to`, `to` in
  /// the future, more than kBackfillTicksMax ticks.
  void backfill(BackfillRange range, Done<Result<Backfilled>> done);
  /// Gives the task's latest firing a result, if it runs or ended without one. NotFound · Conflict: it has another one, or no firing began.
  /// May be repeated.
  void save_result(TaskId id, Payload result, Done<Result<void>> done);
  void get(TaskId id, Done<Result<ports::TaskView>> done);  ///< NotFound
  void list(ports::ListRequest request, Done<Result<ports::ListRequest::Answer>> done);
  void ledger(ports::LedgerRequest request, Done<Result<ports::LedgerRequest::Answer>> done);  ///< NotFound; shard is filled in
  void counts(Done<Result<ports::CountsRequest::Answer>> done);
  std::vector<ExecutorView> executors() const;
  ports::SchedulerFigures figures() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::scheduler
