#pragma once
// The scheduler's state and its steps, one .cc file each. Private to src/scheduler.
//
// Everything runs in turns: events (use cases, reports, answers of the store) change the engine and put work into the outgoing lists;
// at the end of the loop's batch one turn plans what follows and sends all of it, batched per shard and per stream.

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/planted_bug.h"
#include "base/store_clock.h"
#include "engine/engine.h"
#include "schedule/planner.h"
#include "scheduler/scheduler.h"

namespace meepo::scheduler {

class Scheduler::Impl {
 public:
  Impl(Options options, Parts parts);
  ~Impl();

  // scheduler.cc
  void start();
  void stop(std::move_only_function<void()> done);
  bool ready() const { return ready_ && !stopping_; }
  bool stopping() const { return stopping_; }
  // create.cc
  Result<void> admit_creates(std::size_t count);
  void create(std::vector<CheckedSpec> specs, Done<std::vector<Result<Created>>> done);
  // cancel.cc
  void cancel(TaskId id, Done<Result<Cancelled>> done);
  void pause(TaskId id, Done<Result<bool>> done);
  void resume(TaskId id, Done<Result<void>> done);
  void trigger(ports::TriggerRequest::Item item, Done<Result<FiringId>> done);
  // update.cc
  void update(TaskId id, std::uint32_t version, Change change, Done<Result<Updated>> done);
  // again.cc
  void rerun(ports::TriggerRequest::Item item, Tick tick, Done<Result<FiringId>> done);
  void backfill(BackfillRange range, Done<Result<Backfilled>> done);
  // read.cc
  void save_result(TaskId id, Payload result, Done<Result<void>> done);
  void get(TaskId id, Done<Result<ports::TaskView>> done);
  void list(ports::ListRequest request, Done<Result<ports::ListRequest::Answer>> done);
  void ledger(ports::LedgerRequest request, Done<Result<ports::LedgerRequest::Answer>> done);
  void counts(Done<Result<ports::CountsRequest::Answer>> done);
  std::vector<ExecutorView> executors() const;
  ports::SchedulerFigures figures() const;

 private:
  static constexpr milliseconds kRepeatFirst{50};       ///< back-off of insist()
  static constexpr milliseconds kRepeatMost{2'000};
  static constexpr milliseconds kLoadEvery{10'000};     ///< of the wheel's horizon of 30 s
  static constexpr std::size_t kLoadPage = 1'000;
  static constexpr int kSafetyGroups = 8;               ///< the safety read takes an eighth of the shards at a time
  static constexpr std::size_t kItemsPerRequest = 1'000;
  static constexpr std::size_t kCreatesPerRequest = 128;
  static constexpr std::size_t kCreatesInStoreMax = 256;
  static constexpr std::size_t kClaimsPerRequest = 64;  ///< few, so that the first of many due firings are sent while the rest is claimed
  static constexpr int kUpdateTries = 20;  ///< a tick or another update may come between reading and writing
  static constexpr std::size_t kPurgePiece = 256;  ///< rows and tasks removed at a time
  static constexpr std::size_t kPurgeMuch = 32;  ///< removed from one shard: the next is looked at without a pause
  static constexpr int kPurgeSooner = 10;  ///< times as soon, after one that gave less
  static constexpr milliseconds kStepFelt{1'000};  ///< steps of the store's clock are let add up to this before leases are moved

  struct ShardState {
    Fence fence;
    std::uint64_t change_sequence = 0;
    std::optional<SysTime> loaded_until;  ///< DUE firings up to here are known, if any; nothing: not loaded yet
    bool loading = false;
    bool load_anew = false;  ///< the load under way reads what a step of the clock has moved
  };
  struct CreateCall {
    std::vector<Result<Created>> answers;
    std::size_t left = 0;
    Done<std::vector<Result<Created>>> done;
  };
  struct PendingCreate {
    CheckedSpec spec;
    std::shared_ptr<CreateCall> call;
    std::size_t index = 0;
  };
  /// One item of a CreateRequest, and what is to be done with its answer.
  struct CreateWork {
    PendingCreate pending;
    ports::Arm first;
    std::string target_key;
    engine::Placement placement;
    RunToken token;
    SysTime lease_until;
    std::optional<DueTick> next;
    std::optional<Error> refuse;
    bool unserved = false;
  };
  /// What an attempt's end is judged by.
  struct EndBasis {
    TaskPtr task;
    SysTime due;
    std::uint32_t failures = 0;
    bool cancel_asked = false;
  };
  struct KnownEnd {
    ports::RunEnd end;
    std::optional<EndBasis> basis;  ///< nothing: not a running attempt, as far as this node can know
  };
  struct UpdateCall {
    TaskId id;
    std::uint32_t version = 0;
    Change change;
    Done<Result<Updated>> done;
    int tries = 0;
  };

  // scheduler.cc: turns, time, talking to the store
  SysTime now() const { return clock_.now(parts_.loop.steady_now()); }
  /// For histograms: what lies ahead counts as 0.
  static double seconds(milliseconds span) { return std::max(0.0, std::chrono::duration<double>(span).count()); }
  void need_turn();
  void turn();
  void arm_timer();
  void finish_stop_if_idle();
  RunToken new_token();
  std::optional<Fence> fence_of(Shard shard) const;
  void lose_shard(Shard shard);
  /// Whether this node still owns the shard under that fence. A request without a fence needs no owner.
  bool still_owns(Shard shard, const std::optional<Fence>& fence) const;
  static bool is_worth_repeating(const Error& error);
  void not_done(Shard shard, const std::optional<Fence>& fence, const Error& error);
  void trace(std::string_view verb, const FiringId& id, std::string detail = {}) const;

  /// One request to the store. The handler runs unless the scheduler is gone; it gets the reply's value.
  template <class Request, class Handler>
  void ask(Request request, Handler handler);
  /// A request that must be carried out: repeated with a growing delay while its outcome is not known or it was refused for now. The
  /// handler(request, Result<answer>) runs once: with an error when the shard is lost, the store finds the request wrong, or at a stop.
  template <class Request, class Handler>
  void insist(Request request, Handler handler, milliseconds delay = kRepeatFirst);

  // create.cc
  void flush_creates();
  Shard shard_for(const TaskSpec& spec);
  CreateWork prepare(PendingCreate pending, SysTime created);
  void send_creates(Shard shard, Fence fence, std::vector<CreateWork> work);
  void created(Shard shard, CreateWork work, Result<ports::CreateRequest::ItemAnswer> answer);
  static void answer(PendingCreate& pending, Result<Created> result);

  // claim.cc
  void claim(std::vector<engine::Match> matches);
  void claimed(const engine::Match& match, const ports::ClaimRequest::Item& item, Result<ports::ClaimRequest::ItemAnswer> answer);
  void arm_later(ports::ClaimRequest::Item item, const TaskPtr& task, SysTime due);  ///< PlantedBug::NextTickArmedLater
  void begun(engine::Lease lease, engine::SessionId session, const std::optional<Payload>& params, std::optional<SysTime> not_before);
  void dispatch();

  // misfire.cc
  bool skips(const engine::Match& match, SysTime at);
  void send_skips();
  void skipped(const ports::SkipItem& item, const TaskPtr& task);

  // update.cc
  void try_update(std::shared_ptr<UpdateCall> call);
  Result<TaskSpec> changed_spec(UpdateCall& call, const Task& task);
  Result<std::optional<DueTick>> armed_after(const Task& before, const Task& after, const std::optional<Firing>& planned);
  void send_update(std::shared_ptr<UpdateCall> call, const ports::TaskView& view, std::shared_ptr<const Task> task,
                   std::optional<DueTick> arm);
  void updated(UpdateCall& call, const TaskPtr& task, const std::optional<Firing>& planned, const std::optional<DueTick>& arm);

  // cancel.cc
  void resume_planned(const ports::TaskView& view, Done<Result<void>> done);
  void ask_to_stop(const std::vector<OpenFiring>& running);
  void trigger_items(ports::TriggerRequest request, Done<Result<std::vector<FiringId>>> done);

  // again.cc
  Result<std::vector<DueTick>> backfill_ticks(const Task& task, const BackfillRange& range);

  // clock_step.cc
  void clock_stepped(milliseconds by, ports::ClockSteps steps);

  // purge.cc
  void purge();

  // end.cc
  void ended(ports::SessionId session, std::vector<ports::RunEnd> ends);
  void look_up_ends(ports::SessionId session, std::vector<ports::RunEnd> ends);
  void send_ends(ports::SessionId session, std::vector<KnownEnd> ends);
  void send_ends(ports::SessionId session, ports::EndRequest request);
  ports::EndRequest::Item end_item(KnownEnd known, bool owned);
  void end_answered(ports::SessionId session, const ports::EndRequest::Item& item, Result<ports::EndRequest::ItemAnswer> answer);

  // park.cc
  void park(std::vector<engine::Park> parks);
  void unpark(std::vector<engine::Unpark> unparks);

  // sessions.cc
  SysTime opened(ports::SessionId session, ports::ExecutorHello hello);
  void offered(ports::SessionId session, std::vector<std::string> target_keys);
  void take_back_unnamed(const ports::ExecutorHello& hello);
  void renewed(ports::SessionId session, std::vector<ports::RunRenewal> renewals);
  void renew_answered(ports::SessionId session, const ports::RenewRequest& request, const ports::RenewRequest::Answer& answers);
  void handed_back(std::vector<ports::RunRef> runs);
  void closed(ports::SessionId session);

  // recover.cc
  void granted(std::vector<ports::ShardGrant> grants);
  void taken_over(Shard shard, ports::TakeOverRequest::Answer answer);
  void recover_inside_executors();
  void look_after_leases();
  void reap(std::vector<engine::LostRun> lost, bool lease_ended);
  void tell_to_stop(const engine::Lease& lease);
  void reap_unanswered(const ports::ReapRequest& request, const Error& error);
  void reap_answered(const ports::ReapRequest& request, ports::ReapRequest::Answer answers);

  // load.cc
  void load(Shard shard, std::optional<std::pair<SysTime, FiringId>> after);
  void loaded(Shard shard, SysTime until, ports::OpenRequest::Answer answer);
  void load_all();
  void safety_read();
  void read_overdue(Shard shard, std::optional<std::pair<SysTime, FiringId>> after);
  void read_lapsed(Shard shard, State state);
  void read_changes(Shard shard);
  /// A firing that is DUE in the store now.
  void add_due(OpenFiring firing, engine::Engine::When when = engine::Engine::When::Ahead);
  void add_due(std::optional<OpenFiring> firing) {
    if (firing) add_due(*std::move(firing));
  }
  void add_due(const TaskPtr& task, const DueTick& tick);

  Options options_;
  Parts parts_;
  StoreClock clock_;
  engine::Engine engine_;
  std::map<Shard, ShardState> shards_;
  std::size_t takeovers_left_ = 0;
  bool ready_ = false;
  bool dispatching_ = false;

  schedule::Planner planner_;
  std::deque<PendingCreate> creates_;
  std::atomic<std::size_t> creates_waiting_ = 0;  ///< here and in the store, not answered yet; other threads read it
  std::atomic<std::uint64_t> creates_turned_away_ = 0;  ///< because so many waited
  std::size_t creates_in_store_ = 0;  ///< of these: asked for and not answered
  std::size_t next_shard_ = 0;
  std::map<ports::SessionId, std::vector<ports::Run>> runs_out_;
  std::map<ports::SessionId, std::vector<ports::EndVerdict>> verdicts_out_;
  std::map<ports::SessionId, std::vector<ports::RenewVerdict>> renewals_out_;
  std::vector<std::pair<ports::SkipItem, TaskPtr>> skips_out_;
  std::vector<engine::LostRun> lost_out_;  ///< to be taken back whatever their lease says
  std::set<FiringId> reaping_;  ///< asked for because their lease ended, not answered yet
  std::unordered_map<RunToken, engine::LostRun> judged_;  ///< of executors that are gone, until each run's lease ends

  bool turn_posted_ = false;
  ports::Loop::TimerId timer_ = 0;
  SteadyTime timer_at_{};
  SteadyTime next_load_{};
  SteadyTime next_safety_{};
  SteadyTime next_purge_{};
  Shard purged_ = 0;
  milliseconds step_not_felt_{0};  ///< steps of the store's clock that leases have not been moved by
  int safety_group_ = 0;
  ports::SchedulerFigures figures_;  ///< its counters and histograms
  std::size_t asked_ = 0;  ///< requests in the store, and repeats that wait
  bool stopping_ = false;
  std::move_only_function<void()> stopped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// ---- templates ----------------------------------------------------------------------------------------------------------------

template <class Request, class Handler>
void Scheduler::Impl::ask(Request request, Handler handler) {
  ++asked_;
  parts_.store.call(std::move(request), [this, alive = std::weak_ptr(alive_), handler = std::move(handler)](auto reply) mutable {
    if (alive.expired()) return;
    --asked_;
    using Answer = typename Request::Answer;
    if (reply) {
      const bool first = !clock_.observed();
      const auto step = clock_.observe(reply->now, {.count = reply->steps.count, .total = reply->steps.total}, parts_.loop.steady_now());
      if (first) engine_.clock_stepped(milliseconds(0), now());  // until here its wheel stood at this node's own time
      if (step.count() != 0) clock_stepped(step, reply->steps);
      handler(Result<Answer>(std::move(reply->value)));
    } else {
      handler(Result<Answer>(fail(std::move(reply.error()))));
    }
    need_turn();
  });
}

template <class Request, class Handler>
void Scheduler::Impl::insist(Request request, Handler handler, milliseconds delay) {
  auto kept = std::make_shared<Request>(request);
  ask(std::move(request), [this, kept, delay, handler = std::move(handler)](Result<typename Request::Answer> answer) mutable {
    std::optional<Fence> fence;
    if constexpr (requires { kept->fence; }) fence = kept->fence;
    if (answer || !is_worth_repeating(answer.error()) || !still_owns(kept->shard, fence) || stopping_) {
      if (!answer) not_done(kept->shard, fence, answer.error());
      handler(*kept, std::move(answer));
      return;
    }
    if (answer.error().code == Code::Exhausted) parts_.alerter.alert("store_exhausted", answer.error().message);
    ++asked_;
    parts_.loop.call_at(
        parts_.loop.steady_now() + delay, [this, alive = std::weak_ptr(alive_), kept, delay, handler = std::move(handler)]() mutable {
          if (alive.expired()) return;
          --asked_;
          insist(std::move(*kept), std::move(handler), planted(PlantedBug::UncappedSleep) ? delay * 3 : std::min(delay * 2, kRepeatMost));
        });
  });
}

}  // namespace meepo::scheduler
