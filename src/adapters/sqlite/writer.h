#pragma once
// The verbs that write, and the reads that run in their order (Open, Changes). Each run() is one request inside the transaction that
// the caller holds; after each the caller asks the connection whether SQLite failed and, if so, rolls back.
// One file a subject: create.cc, claim.cc, begin.cc, end.cc, reap.cc, owner.cc, cancel.cc, trigger.cc, update.cc, purge.cc.
// Thread: the connection's.

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/tables.h"
#include "ports/store_requests.h"

namespace meepo::adapters::sqlite {

/// Ends refused since the store was opened, by shard. Written by the writer's thread, read by the reader's.
using StaleEnds = std::array<std::atomic<std::uint64_t>, kShardCount>;

class Writer {
 public:
  Writer(Connection& connection, StaleEnds& stale_ends);
  ~Writer();

  Tables& tables() { return tables_; }
  ports::ClockSteps steps;  ///< of the store's clock, up to the running transaction's time
  void committed() { shifted_before_ = shifted_; }
  void rolled_back() { shifted_ = shifted_before_; }

  Result<ports::CreateRequest::Answer> run(const ports::CreateRequest& request);
  Result<ports::UpdateRequest::Answer> run(const ports::UpdateRequest& request);
  Result<ports::ClaimRequest::Answer> run(const ports::ClaimRequest& request);
  Result<ports::ParkRequest::Answer> run(const ports::ParkRequest& request);
  Result<ports::UnparkRequest::Answer> run(const ports::UnparkRequest& request);
  Result<ports::MarkRequest::Answer> run(const ports::MarkRequest& request);
  Result<ports::ReapRequest::Answer> run(const ports::ReapRequest& request);
  Result<ports::CancelRequest::Answer> run(const ports::CancelRequest& request);
  Result<ports::PauseRequest::Answer> run(const ports::PauseRequest& request);
  Result<ports::ResumeRequest::Answer> run(const ports::ResumeRequest& request);
  Result<ports::TriggerRequest::Answer> run(const ports::TriggerRequest& request);
  Result<ports::SkipRequest::Answer> run(const ports::SkipRequest& request);
  Result<ports::PurgeRequest::Answer> run(const ports::PurgeRequest& request);
  Result<ports::ShiftRequest::Answer> run(const ports::ShiftRequest& request);
  Result<ports::TakeOverRequest::Answer> run(const ports::TakeOverRequest& request);
  Result<ports::ChangesRequest::Answer> run(const ports::ChangesRequest& request);
  Result<ports::BeginRequest::Answer> run(const ports::BeginRequest& request);
  Result<ports::RunningRequest::Answer> run(const ports::RunningRequest& request);
  Result<ports::RenewRequest::Answer> run(const ports::RenewRequest& request);
  Result<ports::EndRequest::Answer> run(const ports::EndRequest& request);
  Result<ports::SaveResultRequest::Answer> run(const ports::SaveResultRequest& request);
  Result<ports::OpenRequest::Answer> run(const ports::OpenRequest& request);

 private:
  /// A firing with its task; for REAL's own tick both are one row. `firing` may be missing.
  struct Pair {
    Row* firing = nullptr;
    Row* task = nullptr;
  };

  Result<void> check_shard(Shard shard, std::size_t items) const;
  Result<void> check(Shard shard, const Fence& fence, std::size_t items) const;
  static Result<void> check_id(Shard shard, const TaskId& id);

  /// One item after the other: what is refused writes nothing and does not hold up the rest.
  template <class Answer, class Items, class Function>
  std::vector<Result<Answer>> each(const Items& items, Function function) {
    std::vector<Result<Answer>> answers;
    answers.reserve(items.size());
    for (const auto& item : items) {
      tables_.start_item();
      answers.push_back(function(item));
      if (answers.back()) tables_.flush();
    }
    return answers;
  }

  Result<Pair> find_pair(Shard shard, const FiringId& id);
  Result<TaskPtr> record_for(const Pair& pair);
  /// DUE or CLAIMED or SENT → RUNNING. The caller has read the record.
  /// @param at  when it begins; nothing: now
  ports::BegunRun begin(const Pair& pair, std::initializer_list<Move> moves, const ports::StartRun& start, TaskPtr task,
                        std::optional<SysTime> at = std::nullopt);
  /// Makes a row an armed firing of the task; target, priority and onLost as in `like`.
  void fill_armed(Row& row, Row& task_row, const ports::Arm& arm, const Row& like);
  /// Adds a firing to a task; nullptr: it exists.
  Result<Row*> arm(Row& task_row, const ports::Arm& arm, const Row& like);
  /// The next planned tick, unless the task takes no more: then nullptr. It waits while the task is paused.
  Result<Row*> arm_next(Row& task_row, const DueTick& next, const Row& like);
  /// Ends a firing that is open, by these moves. False: refused.
  bool end(const Pair& pair, std::initializer_list<Move> moves, Fate fate, Outcome outcome, SkipReason skip_reason);
  /// After a firing's end: the planned tick that overlap held up is DUE. Answers its row, or null.
  Result<Row*> let_next_begin(Row& task_row);
  /// An armed planned tick that never began, and those after it in `range`, become a range row; `next` is armed: its row, or null.
  Result<Row*> skip_planned(const Pair& pair, const TickRange& range, SkipReason reason, const std::optional<DueTick>& next);
  /// Ends a firing that never began, in whatever state it is open. False: refused.
  bool end_unbegun(const Pair& pair, Fate fate, SkipReason skip_reason);
  /// The planned ticks that were not armed yet become one range row.
  Result<std::optional<TickRange>> unarmed_ticks(Row& task_row);

  // create.cc
  Result<ports::CreateRequest::ItemAnswer> create(Shard shard, const ports::CreateRequest::Item& item);
  Result<std::optional<ports::CreateRequest::ItemAnswer>> known_request(Shard shard, const ports::CreateRequest::Item& item);
  Result<void> check_unique_key(Shard shard, const Task& task);
  Result<ports::CreateRequest::ItemAnswer> repeated_create(const ports::CreateRequest::Item& item);
  void save_keys(Shard shard, const ports::CreateRequest::Item& item, const FiringId& first);
  void save_request_id(Shard shard, std::string_view app_id, std::string_view request_id, const FiringId& id, bool by_hand,
                       std::uint64_t hash);

  // overlap.cc
  enum class Turn { Now, Waits, Skipped };
  /// What a due planned tick may do now. Waits and Skipped are carried out.
  Result<Turn> take_turn(const Pair& pair, const ports::ClaimRequest::Item& item, ports::ClaimRequest::ItemAnswer& answer);
  Result<bool> is_other_under_way(const Pair& pair);
  Result<Turn> skip_turn(const Pair& pair, const std::optional<DueTick>& next, SkipReason reason, ports::ClaimRequest::ItemAnswer& answer);
  Result<void> stop_others(const Pair& pair, std::vector<OpenFiring>& stopped);
  Result<bool> came_while_one_waited(const Pair& pair);

  // claim.cc
  Result<ports::ClaimRequest::ItemAnswer> claim(const ports::ClaimRequest& request, const ports::ClaimRequest::Item& item);
  Result<bool> waits_for_due(const Pair& pair, milliseconds ahead);

  // begin.cc
  Result<ports::BeginRequest::ItemAnswer> begin_item(Shard shard, const ports::BeginRequest::Item& item);
  Result<std::optional<ports::BegunRun>> running(Shard shard, const FiringId& id);
  Result<ports::RenewAnswer> renew(Shard shard, const ports::RenewRequest::Item& item);

  // end.cc
  struct Ending;
  Result<ports::EndRequest::ItemAnswer> end_item(const ports::EndRequest& request, const ports::EndRequest::Item& item);
  Result<ports::EndRequest::ItemAnswer> not_running(const Pair& pair, const ports::EndRequest::Item& item);
  /// All that may be refused, the chained task included: nothing of the end is written before it.
  Result<Ending> prepare_end(Shard shard, const Pair& pair, const ports::EndRequest::Item& item);
  ports::EndRequest::ItemAnswer write_end(const Pair& pair, const ports::EndRequest::Item& item, Ending& ending);
  void drop_later_ticks(const Pair& pair, const Ending& ending, std::vector<FiringId>& dropped);
  std::vector<FiringId> dropped_by(const Row& row);
  Result<Attempt> attempt_with(const Pair& pair, const ports::AttemptReport& report);

  // reap.cc
  Result<ports::ReapRequest::ItemAnswer> reap(const ports::ReapRequest& request, const ports::ReapRequest::Item& item);
  static bool reaped_before(const Row& row, const ports::ReapRequest::Item& item);
  Result<ports::ReapRequest::ItemAnswer> reap_run(const Pair& pair, const ports::ReapRequest::Item& item);

  // owner.cc
  std::vector<std::string> waiting_targets(Shard shard);

  // cancel.cc
  Result<ports::CancelRequest::ItemAnswer> cancel(Shard shard, const TaskId& id);
  Result<bool> pause(Shard shard, const TaskId& id);
  Result<std::vector<OpenFiring>> resume(Shard shard, const ports::ResumeRequest::Item& item);

  // trigger.cc
  Result<OpenFiring> trigger(const ports::TriggerRequest& request, const ports::TriggerRequest::Item& item);
  Result<DueTick> tick_by_hand(Row& task_row, const ports::TriggerRequest& request, const ports::TriggerRequest::Item& item);
  Result<bool> skip(Shard shard, const ports::SkipRequest::Item& item);

  // update.cc
  Result<bool> update(Shard shard, const ports::UpdateRequest::Item& item);
  Result<bool> is_armed(const Row& task_row, const std::optional<Tick>& armed);
  Result<void> replace_armed(Row& task_row, const ports::UpdateRequest::Item& item, const std::vector<Row*>& open);

  // purge.cc
  struct Purging;
  void purge_tasks(Purging& purging);
  void purge_surplus_tasks(Purging& purging);
  void purge_rows(Purging& purging);
  void purge_crowded(Purging& purging);
  void remove_tasks(Purging& purging, SysTime ended_before, std::int64_t most);

  // shift.cc
  void shift_to(Shard shard, const ports::ClockSteps& steps);
  void shift(Row& row, milliseconds by);
  void purge_request_ids(Purging& purging);
  void remove_task(Purging& purging, const TaskId& id);
  void remove_row(Purging& purging, const TaskId& id, const std::string& tick);

  struct Statements;
  Connection& connection_;
  Tables tables_;
  std::unique_ptr<Statements> statements_;
  StaleEnds& stale_ends_;
  std::array<std::pair<std::string, std::string>, kShardCount> request_ids_seen_;  ///< where the sweep of old request ids goes on
  std::array<std::set<TaskId>, kShardCount> crowded_;            ///< tasks that may have more rows than are kept
  std::array<ports::ClockSteps, kShardCount> shifted_{};         ///< steps of the clock that each shard has been moved by
  std::array<ports::ClockSteps, kShardCount> shifted_before_{};  ///< as of the last commit
};

}  // namespace meepo::adapters::sqlite
