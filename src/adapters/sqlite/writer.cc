// What several verbs share.

#include "adapters/sqlite/writer.h"

#include "adapters/sqlite/writer_statements.h"
#include "base/planted_bug.h"
#include "task/ticks.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

/// After so many new rows of a task retention has a look whether it has too many.
constexpr std::uint64_t kCrowdedEvery = 500;

}  // namespace

Writer::Writer(Connection& connection, StaleEnds& stale_ends)
    : connection_(connection), tables_(connection), statements_(std::make_unique<Statements>(connection)), stale_ends_(stale_ends) {}
Writer::~Writer() = default;

Result<void> Writer::check_shard(Shard shard, std::size_t items) const {
  if (shard >= kShardCount) {
    return fail(Code::InvalidArgument, "shard is " + std::to_string(shard) + ": expected 0 to " + std::to_string(kShardCount - 1), "shard");
  }
  if (items > limits::kBatchItemsMax) {
    return fail(Code::InvalidArgument,
                "the request has " + std::to_string(items) + " items: expected at most " + std::to_string(limits::kBatchItemsMax), "items");
  }
  return {};
}

Result<void> Writer::check(Shard shard, const Fence& fence, std::size_t items) const {
  if (auto checked = check_shard(shard, items); !checked) return checked;
  const auto& stored = const_cast<Tables&>(tables_).shard(shard).fence;
  if (fence < stored && !planted(PlantedBug::NoFenceCheck)) {
    return fail(Code::Fenced, "shard " + std::to_string(shard) + " is owned under fence " + std::string(stored.text()) +
                                  ": the request has " + std::string(fence.text()));
  }
  return {};
}

Result<void> Writer::check_id(Shard shard, const TaskId& id) {
  if (id.shard() == shard) return {};
  return fail(Code::InvalidArgument,
              "task " + std::string(id.text()) + " is of shard " + std::to_string(id.shard()) + ": the request is for shard " +
                  std::to_string(shard),
              "id");
}

Result<Writer::Pair> Writer::find_pair(Shard shard, const FiringId& id) {
  if (auto checked = check_id(shard, id.task); !checked) return fail(std::move(checked.error()));
  const auto firing = tables_.find(id.task, id.tick.text());
  if (!firing) return fail(firing.error());
  if (*firing == nullptr || !(*firing)->has_firing) return Pair{};
  if ((*firing)->has_task) return Pair{.firing = *firing, .task = *firing};
  const auto task = tables_.find_task(id.task);
  if (!task) return fail(task.error());
  if (*task == nullptr) return fail(Code::Corruption, "firing " + id.text() + " has no task");
  return Pair{.firing = *firing, .task = *task};
}

Result<TaskPtr> Writer::record_for(const Pair& pair) { return tables_.record(*pair.task, pair.firing->pinned_version); }

BegunRun Writer::begin(const Pair& pair, std::initializer_list<Move> moves, const StartRun& start, TaskPtr task,
                       std::optional<SysTime> at) {
  {
    Moving moving(tables_, *pair.firing, *pair.task);
    moving.go(moves);
    auto& firing = pair.firing->firing;
    if (pair.firing->planned() && firing.attempt == 0 && pair.task->facts.max_count > 0) ++pair.task->facts.begun;
    ++firing.attempt;
    firing.run_token = start.token;
    firing.score = start.lease_until;
    firing.begun_at = at.value_or(tables_.now);
    firing.started = false;
    firing.cancel_acknowledged_at.reset();
    firing.waiting_since.reset();
    firing.wait_reason = WaitReason::None;
    pair.firing->executor = tables_.intern(start.executor);
    pair.firing->end_accepted = false;
    pair.task->facts.latest = pair.firing->tick;
  }
  return {.firing = tables_.firing(*pair.firing), .task = std::move(task)};
}

void Writer::fill_armed(Row& row, Row& task_row, const Arm& arm, const Row& like) {
  row.has_firing = true;
  row.target = like.target;
  row.priority = like.priority;
  row.on_lost = like.on_lost;
  row.sequence = ++task_row.facts.sequence;
  if (row.sequence % kCrowdedEvery == 0) crowded_.at(task_row.task.shard()).insert(task_row.task);
  auto& firing = row.firing;
  firing.id = {.task = task_row.task, .tick = arm.tick.tick};
  firing.due = arm.tick.due;
  firing.score = arm.tick.due;
  firing.state = arm.state == State::Waiting ? State::Waiting : State::Due;
  if (firing.state == State::Waiting) {
    firing.wait_reason = arm.wait_reason;
    firing.waiting_since = tables_.now;
  }
  if (row.planned() && !row.has_task) task_row.facts.planned = row.tick;
  ++task_row.facts.armed;
  task_row.facts.ended_at.reset();
  task_row.dirty = true;
}

Result<Row*> Writer::arm(Row& task_row, const Arm& arm, const Row& like) {
  const auto existing = tables_.find(task_row.task, arm.tick.tick.text());
  if (!existing) return fail(existing.error());
  if (*existing != nullptr) return nullptr;
  Row& row = tables_.add(task_row.task, arm.tick.tick.text());
  fill_armed(row, task_row, arm, like);
  return &row;
}

Result<Row*> Writer::arm_next(Row& task_row, const DueTick& next, const Row& like) {
  const auto& facts = task_row.facts;
  if (facts.takes_no_more() || facts.has_all()) return nullptr;
  auto armed = arm(task_row,
                   {.tick = next,
                    .state = facts.paused ? State::Waiting : State::Due,
                    .wait_reason = facts.paused ? WaitReason::Paused : WaitReason::None},
                   like);
  // Of a tick that waited for another firing, lateness counts from when it was let go.
  if (armed && *armed != nullptr && facts.buffers()) (*armed)->firing.score = std::max(next.due, tables_.now);
  return armed;
}

Result<Row*> Writer::skip_planned(const Pair& pair, const TickRange& range, SkipReason reason, const std::optional<DueTick>& next) {
  Row& row = *pair.firing;
  Row& task_row = *pair.task;
  const Row like = row;
  // The range covers this tick too, and each tick has one line of the ledger.
  {
    Moving moving(tables_, row, task_row);
    if (!moving.go({Move::Skip})) return nullptr;
    row.removed = true;
  }
  tables_.add_range(task_row, {.range = range, .fate = Fate::Skipped, .reason = reason, .sequence = row.sequence});
  return next ? arm_next(task_row, *next, like) : Result<Row*>(nullptr);
}

bool Writer::end(const Pair& pair, std::initializer_list<Move> moves, Fate fate, Outcome outcome, SkipReason skip_reason) {
  Moving moving(tables_, *pair.firing, *pair.task);
  if (!moving.go(moves)) return false;
  auto& firing = pair.firing->firing;
  firing.fate = fate;
  if (outcome != Outcome::None) firing.outcome = outcome;
  firing.skip_reason = skip_reason;
  firing.ended_at = tables_.now;
  // The store's clock was set back between its claim and its due instant.
  if (firing.begun_at && *firing.begun_at > tables_.now) firing.begun_at = tables_.now;
  firing.score = tables_.now;
  firing.wait_reason = WaitReason::None;
  firing.waiting_since.reset();
  if (fate == Fate::Fired) {
    pair.task->facts.last_outcome = firing.outcome;
    ++pair.task->facts.fired;
  }
  return true;
}

bool Writer::end_unbegun(const Pair& pair, Fate fate, SkipReason skip_reason) {
  if (fate == Fate::Cancelled) return end(pair, {Move::Cancel}, fate, Outcome::None, skip_reason);
  switch (pair.firing->firing.state) {
    case State::Claimed: return end(pair, {Move::ReapToDue, Move::Skip}, fate, Outcome::None, skip_reason);
    case State::Sent: return end(pair, {Move::ReapToClaimed, Move::ReapToDue, Move::Skip}, fate, Outcome::None, skip_reason);
    default: return end(pair, {Move::Skip}, fate, Outcome::None, skip_reason);
  }
}

Result<std::optional<TickRange>> Writer::unarmed_ticks(Row& task_row) {
  if (task_row.facts.planned.empty()) return std::nullopt;
  const auto task = tables_.record(task_row);
  if (!task) return fail(task.error());
  const auto planned = Tick::parse(task_row.facts.planned);
  if (!planned) return fail(planned.error());
  const auto next = next_tick(**task, *planned);
  if (!next) return std::nullopt;
  return ticks_from(**task, next->tick);
}

}  // namespace meepo::adapters::sqlite
