// cancel, pause, resume: the client's wishes for a whole task.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"
#include "base/planted_bug.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

std::unexpected<Error> no_task(const TaskId& id) { return fail(Code::NotFound, "no task " + std::string(id.text())); }

}  // namespace

Result<CancelRequest::Answer> Writer::run(const CancelRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.ids.size()); !checked) return fail(std::move(checked.error()));
  return each<CancelRequest::ItemAnswer>(request.ids, [&](const TaskId& id) { return cancel(request.shard, id); });
}

Result<CancelRequest::ItemAnswer> Writer::cancel(Shard shard, const TaskId& id) {
  if (auto checked = check_id(shard, id); !checked) return fail(std::move(checked.error()));
  const auto task = tables_.find_task(id);
  if (!task) return fail(task.error());
  if (*task == nullptr) return no_task(id);
  Row& task_row = **task;
  CancelRequest::ItemAnswer answer;
  if (task_row.facts.ended() && !task_row.facts.cancelled) return answer;
  answer.cancelled = true;

  const auto open = tables_.find_open(id);
  if (!open) return fail(open.error());
  const auto unarmed = task_row.facts.takes_no_more() ? Result<std::optional<TickRange>>(std::nullopt) : unarmed_ticks(task_row);
  if (!unarmed) return fail(unarmed.error());
  if (!task_row.facts.cancelled) {
    task_row.facts.cancelled = true;
    task_row.dirty = true;
  }
  for (Row* row : *open) {
    if (planted(PlantedBug::BeginIgnoresCancel) && row->firing.state == State::Due) continue;
    if (end_unbegun({.firing = row, .task = &task_row}, Fate::Cancelled, SkipReason::None)) continue;
    if (!row->firing.cancel_asked_at) {
      row->firing.cancel_asked_at = tables_.now;
      row->dirty = true;
    }
    answer.begun.push_back(row->firing.id);
    answer.running.push_back(tables_.open_firing(*row));
  }
  if (*unarmed) tables_.add_range(task_row, {.range = **unarmed, .fate = Fate::Cancelled, .reason = SkipReason::None});

  const auto key = pack(id);
  auto run = statements_->rows.run();
  run.bind_blob(1, view(key));
  while (run.step()) {
    Row row;
    if (Tables::read(run, row) && row.firing.chained) answer.chained.push_back(*row.firing.chained);
  }
  return answer;
}

Result<PauseRequest::Answer> Writer::run(const PauseRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.ids.size()); !checked) return fail(std::move(checked.error()));
  return each<bool>(request.ids, [&](const TaskId& id) { return pause(request.shard, id); });
}

Result<bool> Writer::pause(Shard shard, const TaskId& id) {
  if (auto checked = check_id(shard, id); !checked) return fail(std::move(checked.error()));
  const auto task = tables_.find_task(id);
  if (!task) return fail(task.error());
  if (*task == nullptr) return no_task(id);
  Row& task_row = **task;
  if (task_row.facts.ended()) return fail(Code::Conflict, "task " + std::string(id.text()) + " has ended");
  if (task_row.facts.paused) return false;
  const auto open = tables_.find_open(id);
  if (!open) return fail(open.error());
  task_row.facts.paused = true;
  task_row.dirty = true;
  for (Row* row : *open) {
    if (!row->never_began() || !row->planned()) continue;
    auto& firing = row->firing;
    if (firing.state != State::Waiting) {
      Moving moving(tables_, *row, task_row);
      const bool waits = moving.go({Move::Park}) || moving.go({Move::ReapToDue, Move::Park}) ||
                         moving.go({Move::ReapToClaimed, Move::ReapToDue, Move::Park});
      if (!waits) continue;
      firing.score = firing.due;
      firing.waiting_since = tables_.now;
    }
    firing.wait_reason = WaitReason::Paused;
    row->dirty = true;
  }
  return true;
}

Result<ResumeRequest::Answer> Writer::run(const ResumeRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<std::vector<OpenFiring>>(request.items, [&](const auto& item) { return resume(request.shard, item); });
}

Result<std::vector<OpenFiring>> Writer::resume(Shard shard, const ResumeRequest::Item& item) {
  const TaskId& id = item.id;
  if (auto checked = check_id(shard, id); !checked) return fail(std::move(checked.error()));
  const auto task = tables_.find_task(id);
  if (!task) return fail(task.error());
  if (*task == nullptr) return no_task(id);
  Row& task_row = **task;
  const auto open = tables_.find_open(id);
  if (!open) return fail(open.error());
  const bool was_paused = std::exchange(task_row.facts.paused, false);
  if (was_paused) task_row.dirty = true;
  std::vector<OpenFiring> due;
  for (Row* row : *open) {
    const bool waited = row->firing.state == State::Waiting && row->firing.wait_reason == WaitReason::Paused;
    if (waited && item.skip && item.skip->open == row->firing.id && row->planned() && row->never_began()) {
      const auto armed = skip_planned({.firing = row, .task = &task_row}, item.skip->range, item.skip->reason, item.skip->next);
      if (!armed) return fail(armed.error());
      if (*armed != nullptr) due.push_back(tables_.open_firing(**armed));
      continue;
    }
    if (waited) {
      Moving moving(tables_, *row, task_row);
      moving.go({Move::Unpark});
      row->firing.wait_reason = WaitReason::None;
      row->firing.waiting_since.reset();
    } else if (row->firing.state != State::Due || !row->planned() || !row->never_began()) {
      continue;
    }
    due.push_back(tables_.open_firing(*row));
  }
  return due;
}

}  // namespace meepo::adapters::sqlite
