// purge: retention, in small pieces.

#include <algorithm>

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

struct Writer::Purging {
  const PurgeRequest& request;
  PurgeRequest::Answer answer;
  bool full() const { return answer.tasks + answer.rows >= request.limit; }
  std::int64_t left() const { return static_cast<std::int64_t>(request.limit - answer.tasks - answer.rows); }
};

Result<PurgeRequest::Answer> Writer::run(const PurgeRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.limit); !checked) return fail(std::move(checked.error()));
  Purging purging{.request = request, .answer = {}};
  purge_tasks(purging);
  purge_surplus_tasks(purging);
  purge_rows(purging);
  purge_crowded(purging);
  purge_request_ids(purging);
  if (purging.full()) purging.answer.more = true;
  return purging.answer;
}

void Writer::purge_tasks(Purging& purging) { remove_tasks(purging, purging.request.tasks_ended_before, purging.left()); }

/// The oldest ended tasks beyond those that may be kept.
void Writer::purge_surplus_tasks(Purging& purging) {
  if (purging.full()) return;
  const auto& counts = tables_.shard(purging.request.shard).counts.tasks;
  const std::uint64_t at_most = counts.at(index_of(Status::Done)) + counts.at(index_of(Status::Cancel)) + counts.at(index_of(Status::Fail));
  if (at_most <= purging.request.tasks_max) return;
  std::uint64_t ended = 0;
  {
    auto run = statements_->count_ended.run();
    run.bind(1, place_first(purging.request.shard, kTaskEnded));
    if (run.step()) ended = static_cast<std::uint64_t>(run.integer(0));
  }
  if (ended <= purging.request.tasks_max) return;
  const auto surplus = static_cast<std::int64_t>(ended - purging.request.tasks_max);
  remove_tasks(purging, SysTime::max(), std::min(surplus, purging.left()));
}

void Writer::remove_tasks(Purging& purging, SysTime ended_before, std::int64_t most) {
  std::vector<TaskId> ids;
  {
    auto run = statements_->ended.run();
    run.bind(1, place_first(purging.request.shard, kTaskEnded)).bind(2, to_unix_ms(ended_before));
    run.bind(3, INT64_MIN).bind_blob(4, {}).bind_text(5, {}).bind(6, most);
    while (run.step()) {
      if (const auto id = unpack(run.bytes(0))) ids.push_back(*id);
    }
  }
  for (const auto& id : ids) {
    if (purging.full()) return;
    remove_task(purging, id);
  }
}

/// Living tasks that grew: their oldest ended rows beyond those that may be kept.
void Writer::purge_crowded(Purging& purging) {
  auto& crowded = crowded_.at(purging.request.shard);
  while (!crowded.empty() && !purging.full()) {
    const TaskId id = *crowded.begin();
    tables_.start_item();
    const auto found = tables_.find_task(id);
    const std::uint64_t sequence = found && *found != nullptr ? (*found)->facts.sequence : 0;
    const std::string own_tick = found && *found != nullptr ? (*found)->tick : std::string();
    std::vector<std::string> ticks;
    if (sequence > purging.request.rows_of_task_max) {
      const auto until = static_cast<std::int64_t>(sequence - purging.request.rows_of_task_max);
      const auto key = pack(id);
      auto run = statements_->old_rows.run();
      run.bind_blob(1, view(key)).bind(2, until).bind(3, purging.left());
      while (run.step()) ticks.emplace_back(run.bytes(0));
      auto ranges = statements_->remove_old_ranges.run();
      ranges.bind_blob(1, view(key)).bind(2, until).done();
    }
    for (const auto& tick : ticks) {
      if (tick != own_tick) remove_row(purging, id, tick);
    }
    if (!purging.full()) crowded.erase(id);
  }
}

void Writer::remove_row(Purging& purging, const TaskId& id, const std::string& tick) {
  tables_.start_item();
  const auto row = tables_.find(id, tick);
  if (!row || *row == nullptr || (*row)->has_task || (*row)->open()) return;
  const auto key = pack(id);
  (*row)->removed = (*row)->dirty = true;
  tables_.flush();
  statements_->remove_attempts_of.run().bind_blob(1, view(key)).bind_text(2, tick).done();
  ++purging.answer.rows;
}

/// The task's own row goes last, so that a task with more rows than the limit is taken up again.
void Writer::remove_task(Purging& purging, const TaskId& id) {
  tables_.start_item();
  const auto found = tables_.find_task(id);
  if (!found || *found == nullptr) return;
  Row& task_row = **found;
  std::vector<std::string> ticks;
  const auto key = pack(id);
  {
    auto run = statements_->ticks.run();
    run.bind_blob(1, view(key));
    while (run.step()) ticks.emplace_back(run.bytes(0));
  }
  for (const auto& tick : ticks) {
    if (tick == task_row.tick) continue;
    if (purging.full()) break;
    const auto row = tables_.find(id, tick);
    if (!row || *row == nullptr) continue;
    (*row)->removed = (*row)->dirty = true;
    ++purging.answer.rows;
  }
  tables_.flush();
  if (purging.full()) return;
  if (task_row.facts.attempts) statements_->remove_attempts.run().bind_blob(1, view(key)).done();
  if (task_row.facts.ranges) statements_->remove_ranges.run().bind_blob(1, view(key)).done();
  if (task_row.facts.unique_key) {
    // A record that does not decode leaves its entry behind, which counts as free.
    if (const auto task = tables_.record(task_row)) {
      const auto& spec = (*task)->spec;
      auto run = statements_->remove_unique_key.run();
      run.bind(1, id.shard()).bind_text(2, spec.app_id).bind_text(3, spec.options.unique_key).bind_blob(4, view(key)).done();
    }
  }
  if (task_row.facts.records) statements_->remove_records.run().bind_blob(1, view(key)).done();
  task_row.removed = task_row.dirty = true;
  tables_.flush();
  ++purging.answer.tasks;
}

void Writer::purge_rows(Purging& purging) {
  const auto shard = purging.request.shard;
  const auto before = to_unix_ms(purging.request.rows_ended_before);
  std::vector<std::pair<TaskId, std::string>> rows;
  if (!purging.full()) {
    auto run = statements_->ended.run();
    run.bind(1, place_first(shard, static_cast<int>(State::Ended))).bind(2, before);
    run.bind(3, INT64_MIN).bind_blob(4, {}).bind_text(5, {}).bind(6, purging.left());
    while (run.step()) {
      if (const auto id = unpack(run.bytes(0))) rows.emplace_back(*id, run.bytes(1));
    }
  }
  for (const auto& [id, tick] : rows) remove_row(purging, id, tick);
  if (purging.full()) return;
  std::vector<std::pair<std::string, std::int64_t>> ranges;
  {
    auto run = statements_->old_ranges.run();
    run.bind(1, shard).bind(2, before).bind(3, purging.left());
    while (run.step()) ranges.emplace_back(run.bytes(0), run.integer(1));
  }
  for (const auto& [task, sequence] : ranges) {
    statements_->remove_range.run().bind_blob(1, task).bind(2, sequence).done();
    ++purging.answer.rows;
  }
}

/// Goes round the shard's request ids, some at each call: no index has to be kept for them.
void Writer::purge_request_ids(Purging& purging) {
  const auto shard = purging.request.shard;
  const auto before = to_unix_ms(purging.request.request_ids_before);
  auto& [app_id, request_id] = request_ids_seen_.at(shard);
  struct Entry {
    std::string app_id;
    std::string request_id;
    bool old;
  };
  std::vector<Entry> entries;
  {
    auto run = statements_->sweep_request_ids.run();
    run.bind(1, shard).bind_text(2, app_id).bind_text(3, request_id).bind(4, static_cast<std::int64_t>(purging.request.limit));
    while (run.step()) entries.push_back({std::string(run.bytes(0)), std::string(run.bytes(1)), run.integer(2) < before});
  }
  for (const auto& entry : entries) {
    if (!entry.old) continue;
    statements_->remove_request_id.run().bind(1, shard).bind_text(2, entry.app_id).bind_text(3, entry.request_id).done();
    ++purging.answer.request_ids;
  }
  const bool more = !entries.empty() && entries.size() >= purging.request.limit;
  app_id = more ? entries.back().app_id : std::string();
  request_id = more ? entries.back().request_id : std::string();
}

}  // namespace meepo::adapters::sqlite
