// update: a task's spec replaced. What is claimed or runs ends on the version that it began with.

#include "adapters/sqlite/writer.h"
#include "task/record.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

bool waits_for_others(const Task& task) {
  Facts facts;
  facts.follow(task.spec);
  return facts.buffers();
}

}  // namespace

Result<UpdateRequest::Answer> Writer::run(const UpdateRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<bool>(request.items, [&](const auto& item) { return update(request.shard, item); });
}

Result<bool> Writer::update(Shard shard, const UpdateRequest::Item& item) {
  const Task& task = *item.task;
  if (auto checked = check_id(shard, task.id); !checked) return fail(std::move(checked.error()));
  const auto found = tables_.find_task(task.id);
  if (!found) return fail(found.error());
  if (*found == nullptr) return fail(Code::NotFound, "no task " + std::string(task.id.text()));
  Row& task_row = **found;
  auto& facts = task_row.facts;
  if (task.version != item.expected_version + 1 || task.spec.kind != facts.kind) {
    return fail(Code::InvalidArgument, "an update to version " + std::to_string(task.version) + ", kind " +
                                           std::string(to_string(task.spec.kind)) + ": expected version " +
                                           std::to_string(item.expected_version + 1) + " and the task's kind, " +
                                           std::string(to_string(facts.kind)));
  }
  const auto current = tables_.record(task_row);
  if (!current) return fail(current.error());
  if (facts.version == task.version && **current == task) return true;  // this update, repeated
  if (facts.version != item.expected_version) {
    return fail(Code::Conflict, "task " + std::string(task.id.text()) + " has version " + std::to_string(facts.version) +
                                    ": the update is of version " + std::to_string(item.expected_version));
  }
  if (facts.ended()) return fail(Code::Conflict, "task " + std::string(task.id.text()) + " has ended");
  const auto armed = is_armed(task_row, item.armed);
  if (!armed || !*armed) return armed;
  const auto open = tables_.find_open(task.id);
  if (!open) return fail(open.error());

  bool pinned = false;
  for (Row* row : *open) {
    const State state = row->firing.state;
    const bool begins_anew = state == State::Due || state == State::Waiting;
    if ((begins_anew && row->never_began()) || row->pinned_version != 0) continue;
    row->pinned_version = facts.version;
    row->dirty = true;
    pinned = true;
  }
  if (pinned) {
    tables_.keep_record(task.id, facts.version, encode_task(**current));
    facts.records = true;
  }
  if (auto replaced = replace_armed(task_row, item, *open); !replaced) return fail(std::move(replaced.error()));
  facts.version = task.version;
  facts.follow(task.spec);
  tables_.set_record(task_row, task);
  task_row.dirty = true;
  return true;
}

/// Whether `armed` is the planned tick that is DUE or WAITING and never began; of a REAL it is not asked.
Result<bool> Writer::is_armed(const Row& task_row, const std::optional<Tick>& armed) {
  if (task_row.facts.kind == Kind::Real) return true;
  const auto& planned = task_row.facts.planned;
  const auto row = planned.empty() ? Result<Row*>(nullptr) : tables_.find(task_row.task, planned);
  if (!row) return fail(row.error());
  const bool waits =
      *row != nullptr && (*row)->never_began() && ((*row)->firing.state == State::Due || (*row)->firing.state == State::Waiting);
  return waits ? armed == (*row)->firing.id.tick : !armed;
}

Result<void> Writer::replace_armed(Row& task_row, const UpdateRequest::Item& item, const std::vector<Row*>& open) {
  Row like;
  like.target = tables_.intern(target_key(item.task->spec.target));
  like.priority = item.task->spec.options.priority;
  like.on_lost = item.task->spec.options.on_lost;
  for (Row* row : open) {
    const State state = row->firing.state;
    if ((state != State::Due && state != State::Waiting) || !row->never_began()) continue;
    row->target = like.target;
    row->priority = like.priority;
    row->on_lost = like.on_lost;
    row->dirty = true;
    if (!row->planned()) continue;
    // Nothing would let it go any more under a policy by which no tick waits.
    const bool waits_no_more = row->firing.wait_reason == WaitReason::Overlap && !waits_for_others(*item.task);
    Moving moving(tables_, *row, task_row);
    const bool same_tick = item.arm && item.arm->tick.tick == row->firing.id.tick;
    if (same_tick) {
      row->firing.due = row->firing.score = item.arm->tick.due;
      if (waits_no_more && moving.go({Move::Unpark})) row->firing.wait_reason = WaitReason::None;
    } else if (!row->has_task) {
      moving.go({Move::Skip});
      row->removed = true;
    }
  }
  const auto max_count = item.task->spec.options.max_count;
  const bool has_all = max_count > 0 && task_row.facts.begun >= max_count;
  if (!item.arm || item.task->spec.kind == Kind::Real || task_row.facts.takes_no_more() || has_all) return {};
  Arm arming = *item.arm;
  if (task_row.facts.paused) {
    arming.state = State::Waiting;
    arming.wait_reason = WaitReason::Paused;
  }
  const auto armed = arm(task_row, arming, like);
  if (!armed) return fail(armed.error());
  return {};
}

}  // namespace meepo::adapters::sqlite
