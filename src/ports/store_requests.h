#pragma once
// The store's verbs as data: one request struct a verb, each with its answer. See ports/store.h for what all of them promise.
// One file, because the verbs share their parts and the variant at the end names them all.
// Requests name one shard, carry a fence (scheduler verbs) or run tokens (executor verbs), and a batch; answers are per item, in order.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "task/firing.h"
#include "task/open_firing.h"
#include "task/status.h"
#include "task/task.h"
#include "task/ticks.h"

namespace meepo::ports {

// ---- parts that several verbs share -------------------------------------------------------------------------------------------

/// Steps of the clock that the store takes its time from, since the store object was opened. Steps are followed, both ways.
struct ClockSteps {
  std::uint32_t count = 0;
  milliseconds total{0};  ///< all steps together; positive: forward
  friend bool operator==(const ClockSteps&, const ClockSteps&) = default;
};

/// Begin an attempt in the same operation: the firing becomes RUNNING under this token.
struct StartRun {
  RunToken token;           ///< chosen by the caller: a repeat with the same token answers the same
  std::string executor;     ///< instance that will run it
  SysTime lease_until;
};

/// A tick that the operation arms. Waiting: nobody serves its target, or the task is paused.
struct Arm {
  DueTick tick;
  State state = State::Due;                  ///< Due or Waiting
  WaitReason wait_reason = WaitReason::None;
};

/// What a begun attempt needs to be sent.
struct BegunRun {
  Firing firing;            ///< RUNNING, with attempt number and token
  TaskPtr task;
};

using meepo::OpenFiring;

/// A planned tick and those that follow it are skipped, and the tick after them is armed.
struct SkipItem {
  TaskId id;
  FiringId open;                       ///< the armed firing that the range begins with
  TickRange range;
  SkipReason reason = SkipReason::Misfire;
  std::optional<DueTick> next;         ///< nothing: no tick is left
};

/// What an executor reports beside a renewal or an end. Texts are cut to their limits by the store.
struct AttemptReport {
  std::optional<std::string> progress;
  std::string log;          ///< lines to append, joined by '\n'
};

// ---- scheduler verbs: fenced --------------------------------------------------------------------------------------------------

struct CreateRequest {
  struct Item {
    TaskPtr task;
    std::uint64_t content_hash = 0;    ///< of the spec; compared when the request id is known
    Arm first;
    std::optional<StartRun> start;     ///< claim and begin `first` in the same operation
    std::optional<DueTick> next;       ///< with start only: the tick after `first`, armed by its claim
    std::optional<Error> refuse;       ///< the task cannot be (its time is over): answer this, unless its request id is known
  };
  struct ItemAnswer {
    TaskId id;
    bool existed = false;              ///< this request id had created `id` before; nothing was written now, nothing started
    std::optional<OpenFiring> not_yet; ///< created and not started: `first` is due by the caller's clock, not yet by the store's
  };
  /// Conflict: the unique key is held by an unended task (message names its id), or the request id was used with other content.
  using Answer = std::vector<Result<ItemAnswer>>;
  Shard shard = 0;
  Fence fence;
  std::vector<Item> items;
};

/// Replaces a task's spec; claimed and running firings end on the old version, the armed tick is replaced.
struct UpdateRequest {
  struct Item {
    TaskPtr task;                      ///< same id, version = expected_version + 1
    std::uint32_t expected_version = 0;
    std::optional<Tick> armed;         ///< the planned tick that is DUE or WAITING and never began, as the caller saw it; nothing: none
    std::optional<Arm> arm;            ///< in its place; nothing: no tick is left
  };
  /// false: another tick is armed by now, nothing was written: read again · NotFound · Conflict (version; or ended)
  using Answer = std::vector<Result<bool>>;
  Shard shard = 0;
  Fence fence;
  std::vector<Item> items;
};

/// DUE → CLAIMED once `now` is less than `ahead` before its due instant, arming the next tick in the same operation (rule R7); with `start` on to RUNNING. A planned tick that is due while
/// another firing of its task is under way goes the way of the task's overlap (task.h) instead: on, to WAITING, or ended SKIPPED.
struct ClaimRequest {
  struct Item {
    FiringId id;
    std::optional<DueTick> next;  ///< the tick after this one; ignored where it exists already (a retry) or the task takes no more
    std::optional<StartRun> start;
    TaskPtr known;  ///< the task as the caller knows it: spares reading it, if its version is the one to run
  };
  struct ItemAnswer {
    bool claimed = false;  ///< false: it is not DUE at `now` (any more): forget it
    /// Not so near to its due instant by the store's clock as by the caller's; or, claimed ahead, another firing of its task is under way,
    /// which may end before: ask again when it is due.
    std::optional<OpenFiring> not_yet;
    std::optional<BegunRun> begun;  ///< set when started
    bool skipped = false;  ///< it ended SKIPPED(overlap), and `next` is armed
    std::vector<OpenFiring> to_stop;  ///< CancelOther: the running attempts that were asked to stop by this
  };
  /// A firing already CLAIMED under this fence, or RUNNING under this start token, answers as the first time. A start token that an earlier
  /// attempt of the firing had begins nothing: a token names one attempt.
  using Answer = std::vector<Result<ItemAnswer>>;
  Shard shard = 0;
  Fence fence;
  SysTime lease_until;  ///< claim lease, for items without start
  SysTime now;  ///< the caller's idea of store time: nothing due later than `ahead` after it is claimed
  milliseconds ahead{0};  ///< a run that begins before its due instant is not sent before it
  std::vector<Item> items;
};

/// DUE → WAITING.
struct ParkRequest {
  struct Item {
    FiringId id;
    WaitReason reason = WaitReason::NoExecutor;
  };
  using Answer = std::vector<Result<bool>>;  ///< false: it was not DUE
  Shard shard = 0;
  Fence fence;
  std::vector<Item> items;
};

/// WAITING → DUE for a target (reasons NoExecutor, Backlog), by score: oldest first.
struct UnparkRequest {
  struct Answer {
    std::vector<OpenFiring> firings;  ///< DUE now
    bool more = false;  ///< more than `limit` waited
  };
  Shard shard = 0;
  Fence fence;
  std::string target_key;
  std::size_t limit = 1'000;
};

/// CLAIMED → SENT: a broker took the message.
struct MarkRequest {
  using Answer = std::vector<Result<bool>>;
  Shard shard = 0;
  Fence fence;
  SysTime redelivery_at;
  std::vector<FiringId> ids;
};

/// Takes back or ends what ran out of its lease, or what its executor does not have (any more).
struct ReapRequest {
  struct Item {
    FiringId id;
    RunToken token;  ///< RUNNING: the attempt meant; empty for CLAIMED and SENT
    bool lease_ended = true;  ///< false: the executor handed it back or proved not to have it, whatever the lease says
    enum class To : std::uint8_t { Due, Unknown, Quarantined } to = To::Due;
    bool mark_suspect = false;
    bool count_crash = false;
    std::string evidence;  ///< kept as the attempt's and, when ended, the firing's error
  };
  struct ItemAnswer {
    bool reaped = false;  ///< false: renewed, ended or begun anew meanwhile
    std::optional<SysTime> lease_until;  ///< not reaped, because this attempt's lease ends only then
    std::optional<OpenFiring> open;  ///< set when it is open again (DUE or CLAIMED)
    std::optional<OpenFiring> next;  ///< a tick that had waited for this one (overlap) and is DUE now
  };
  using Answer = std::vector<Result<ItemAnswer>>;
  Shard shard = 0;
  Fence fence;
  SysTime now;  ///< store time; a lease beyond it has not ended
  std::vector<Item> items;
};

/// Open → ended, by the client's wish. A running attempt is asked to stop.
struct CancelRequest {
  struct ItemAnswer {
    bool cancelled = false;  ///< false: the task had ended before
    std::vector<FiringId> begun;  ///< running now: asked to stop, no promise
    std::vector<OpenFiring> running;  ///< the same, with executor and token, for whoever tells the executors
    std::vector<TaskId> chained;  ///< tasks that its successes created; they are not cancelled
  };
  using Answer = std::vector<Result<ItemAnswer>>;  ///< NotFound
  Shard shard = 0;
  Fence fence;
  std::vector<TaskId> ids;
};

/// No tick of a paused task begins: its planned DUE firings wait, running ones go on.
struct PauseRequest {
  using Answer = std::vector<Result<bool>>;  ///< false: it was paused already · NotFound · Conflict (ended)
  Shard shard = 0;
  Fence fence;
  std::vector<TaskId> ids;
};

struct ResumeRequest {
  struct Item {
    TaskId id;
    std::optional<SkipItem> skip;  ///< of the planned tick that waits (reason paused); carried out if that is `open`
  };
  using Answer = std::vector<Result<std::vector<OpenFiring>>>;  ///< what is DUE again · NotFound
  Shard shard = 0;
  Fence fence;
  std::vector<Item> items;
};

/// A run by hand, beside the plan: the next tick m<seq>, or a re-run of an old tick, DUE at once. Also for a task that has ended
/// (not cancelled). No overlap holds it up.
struct TriggerRequest {
  struct Item {
    TaskId id;
    std::optional<DueTick> again;  ///< run this old tick again, as <tick>+<n>, n the first that is free; its `due` is kept
    std::optional<Payload> params;  ///< in place of the target's own
    std::string request_id;  ///< empty: none; a repeat answers the same firing
  };
  using Answer = std::vector<Result<OpenFiring>>;  ///< NotFound · Conflict (cancelled; more than kRerunsMax re-runs of the tick)
  Shard shard = 0;
  Fence fence;
  SysTime now;
  std::vector<Item> items;
};

/// DUE or WAITING → ended SKIPPED: one range row for neighbouring ticks of one fate, and the tick after them armed.
struct SkipRequest {
  using Item = SkipItem;
  using Answer = std::vector<Result<bool>>;  ///< false: `open` was not DUE or WAITING
  Shard shard = 0;
  Fence fence;
  std::vector<Item> items;
};

/// Removes ended tasks with all their rows, and old ended rows of living tasks; request ids past their day.
struct PurgeRequest {
  struct Answer {
    std::uint64_t tasks = 0;
    std::uint64_t rows = 0;
    std::uint64_t request_ids = 0;
    bool more = false;  ///< tasks and rows: `limit` was reached
  };
  Shard shard = 0;
  Fence fence;
  SysTime tasks_ended_before;
  SysTime rows_ended_before;
  SysTime request_ids_before;
  std::uint64_t tasks_max = limits::kEndedTasksMax / kShardCount;  ///< ended tasks kept in this shard, the newest
  std::uint64_t rows_of_task_max = limits::kRowsOfTaskMax;  ///< ended rows kept of a living task, the newest
  std::size_t limit = 1'000;  ///< rows and tasks removed in this operation, and request ids looked at: the next goes on behind them
};

/// The store's clock was stepped: what counts elapsed time moves with it: run, claim and redelivery deadlines, retry instants, and the
/// due instants of LADDER ticks that have not begun. What names an instant (TIMING, PLAN) stays.
struct ShiftRequest {
  using Answer = std::monostate;
  Shard shard = 0;
  Fence fence;
  ClockSteps steps;  ///< all up to here; those that the shard has been moved by before are left out
};

/// Writes the fence: from now on lower ones are refused. CLAIMED firings become DUE at once; RUNNING ones are left alone. Steps of the
/// store's clock that the shard has not been moved by (Shift) are carried out first.
struct TakeOverRequest {
  struct Answer {
    std::vector<OpenFiring> running;  ///< whose leases the new owner keeps from here
    std::uint64_t requeued = 0;  ///< CLAIMED → DUE
    std::vector<std::string> waiting_target_keys;  ///< targets with firings WAITING for an executor (NoExecutor, Backlog)
    std::uint64_t change_sequence = 0;  ///< where `changes` goes on from
  };
  Shard shard = 0;
  Fence fence;  ///< ≥ the stored one, else Fenced
  /// From the store's time: a RUNNING lease that is longer is cut to it, for the clock was stepped back while nobody was there.
  std::optional<milliseconds> lease_most;
};

/// What other processes wrote into the shard since `after`; entries up to `after` are removed.
struct ChangesRequest {
  struct Change {
    std::uint64_t sequence = 0;
    FiringId id;
    std::optional<OpenFiring> open;  ///< as it is now; nothing: ended or gone
  };
  struct Answer {
    std::vector<Change> changes;
    bool more = false;
  };
  Shard shard = 0;
  Fence fence;
  std::uint64_t after = 0;
  std::size_t limit = 10'000;
};

// ---- executor verbs: the run token is the proof -------------------------------------------------------------------------------

/// CLAIMED or SENT → RUNNING as attempt n + 1.
struct BeginRequest {
  struct Item {
    FiringId id;
    StartRun start;
  };
  struct Drop {
    std::string reason;  ///< cancelled, ended, runs already …
  };
  struct Later {
    SysTime when;  ///< DUE again at this instant (a retry), or paused until
  };
  using ItemAnswer = std::variant<BegunRun, Drop, Later>;
  using Answer = std::vector<Result<ItemAnswer>>;
  Shard shard = 0;
  std::vector<Item> items;
};

enum class RenewAnswer : std::uint8_t { Ok, CancelAsked, Lost };

struct RenewRequest {
  struct Item {
    FiringId id;
    RunToken token;
    SysTime lease_until;  ///< a lease is never shortened
    bool started = false;
    bool cancel_acknowledged = false;
    AttemptReport report;
  };
  using Answer = std::vector<Result<RenewAnswer>>;  ///< Lost: the token is not that of a running attempt
  Shard shard = 0;
  std::vector<Item> items;
};

struct EndRequest {
  struct Item {
    FiringId id;
    RunToken token;
    Outcome outcome = Outcome::Success;  ///< Success, Fail, Timeout or Stopped
    std::optional<Payload> result;
    std::string error;
    AttemptReport report;
    std::optional<SysTime> retry_at;  ///< DUE again at this instant instead of ended (task/after_end.h); never when cancel was asked
    std::shared_ptr<const CreateRequest::Item> chained;  ///< created in the same operation when accepted and ended
  };
  struct ItemAnswer {
    enum class Verdict : std::uint8_t {
      Accepted,
      Repeated,  ///< this token's end had been accepted before: answered as then
      Stale,  ///< another attempt, or ended otherwise: nothing written
    } verdict = Verdict::Accepted;
    std::optional<OpenFiring> retry;  ///< Accepted and DUE again
    std::vector<FiringId> dropped;  ///< ticks that this success ended by runOnce
    std::optional<OpenFiring> next;  ///< a tick that had waited for this one (overlap) and is DUE now
  };
  using Answer = std::vector<Result<ItemAnswer>>;  ///< NotFound: no such firing (purged, or never there)
  Shard shard = 0;
  std::optional<Fence> fence;  ///< the owner's: then no change record is written. Any node may leave it out
  std::vector<Item> items;
};

/// RUNNING attempts with their tasks in the version that they run: what a node that does not know an attempt needs to judge its end.
struct RunningRequest {
  using Answer = std::vector<Result<std::optional<BegunRun>>>;  ///< nothing: the firing is not RUNNING, or not there
  Shard shard = 0;
  std::vector<FiringId> ids;
};

/// The original's saveResult: the latest firing's result, if it runs or ended without one.
struct SaveResultRequest {
  using Answer = std::monostate;  ///< NotFound · Conflict (has a result, or nothing ran yet)
  Shard shard = 0;
  TaskId id;
  Payload result;
};

// ---- reads: no fence ----------------------------------------------------------------------------------------------------------

/// Open firings of one state whose score is ≤ until, by (score, id), after the cursor.
struct OpenRequest {
  struct Answer {
    std::vector<OpenFiring> firings;
    bool more = false;
  };
  Shard shard = 0;
  State state = State::Due;  ///< any but Ended
  SysTime until;
  std::optional<std::pair<SysTime, FiringId>> after;
  std::size_t limit = 1'000;
};

/// A task as users see it.
struct TaskView {
  TaskPtr task;
  Status status = Status::Create;
  bool paused = false;
  std::optional<Firing> armed;  ///< the earliest firing DUE, WAITING, CLAIMED or SENT
  std::optional<Firing> planned;  ///< LADDER, TIMING, PLAN: the planned tick that is DUE or WAITING and never began
  std::optional<Firing> latest;  ///< the firing that began last
  std::uint64_t firings = 0;  ///< ended FIRED
  std::optional<SysTime> ended_at;
};

struct GetRequest {
  using Answer = std::vector<Result<TaskView>>;  ///< NotFound
  Shard shard = 0;
  std::vector<TaskId> ids;
};

struct ListRequest {
  struct Filter {
    std::string app_id;
    std::string interface;
    std::string method;
    std::optional<Kind> kind;
    std::optional<Status> status;
    std::optional<SysTime> created_from;  ///< inclusive
    std::optional<SysTime> created_to;  ///< exclusive
    std::string name;  ///< a part of its name, upper and lower case alike (of A to Z)
    std::vector<std::pair<std::string, std::string>> labels;  ///< it has all of these
  };
  struct Answer {
    std::vector<TaskView> tasks;  ///< newest first (creation instant, then id)
    std::uint64_t matched = 0;  ///< how many of those looked at pass the filter
    std::optional<TaskId> next;  ///< pass as `before` for the next page; nothing: no more. A page may be short and still have one
  };
  std::optional<Shard> shard;  ///< nothing: all shards that this store holds
  Filter filter;
  std::optional<TaskId> before;
  std::size_t limit = limits::kPageSizeDefault;
  bool count_only = false;  ///< no tasks in the answer; `limit` does not count
};

/// One line of the ledger: a firing with its attempts, or a range of ticks with one fate and no firing.
struct LedgerRow {
  std::optional<Firing> firing;
  std::vector<Attempt> attempts;  ///< oldest first; at most kAttemptsKept
  std::optional<TickRange> range;
  SkipReason range_reason = SkipReason::None;
  Fate range_fate = Fate::Skipped;
  SysTime range_at;  ///< when it was written
  std::uint64_t sequence = 0;  ///< order of entry within the task, for paging
};

struct LedgerRequest {
  struct Answer {
    std::vector<LedgerRow> rows;  ///< newest first
    std::optional<std::uint64_t> next;  ///< pass as `before`
  };
  Shard shard = 0;  ///< NotFound: no such task
  TaskId id;
  std::optional<Tick> tick;  ///< only what became of this tick: its row, or the range that may cover it, and its re-runs
  std::optional<std::uint64_t> before;
  std::size_t limit = limits::kPageSizeDefault;
};

struct CountsRequest {
  struct Answer {
    std::uint64_t tasks = 0;
    std::vector<std::pair<Status, std::uint64_t>> by_status;
    std::vector<std::pair<State, std::uint64_t>> by_state;  ///< firings
    std::uint64_t stale_ends = 0;  ///< ends refused since the store was opened
  };
  std::optional<Shard> shard;
};

using StoreRequest = std::variant<CreateRequest, UpdateRequest, ClaimRequest, ParkRequest, UnparkRequest, MarkRequest, ReapRequest,
                                  CancelRequest, PauseRequest, ResumeRequest, TriggerRequest, SkipRequest, PurgeRequest, ShiftRequest,
                                  TakeOverRequest, ChangesRequest, BeginRequest, RenewRequest, EndRequest, RunningRequest,
                                  SaveResultRequest, OpenRequest, GetRequest, ListRequest, LedgerRequest, CountsRequest>;

}  // namespace meepo::ports
