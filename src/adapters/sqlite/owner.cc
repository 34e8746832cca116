// take_over, changes, open: what a shard's owner reads to know its shard.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

Result<TakeOverRequest::Answer> Writer::run(const TakeOverRequest& request) {
  if (auto checked = check(request.shard, request.fence, 0); !checked) return fail(std::move(checked.error()));
  auto& shard = tables_.shard(request.shard);
  shard.fence = request.fence;
  shard.dirty = true;
  shift_to(request.shard, steps);
  TakeOverRequest::Answer answer;
  answer.change_sequence = shard.change_sequence;

  const auto ids_in = [&](State state) {
    std::vector<FiringId> ids;
    auto run = statements_->at_place.run();
    run.bind(1, place_first(request.shard, static_cast<int>(state))).bind(2, place_last(request.shard, static_cast<int>(state)));
    while (run.step()) {
      Row row;
      if (Tables::read(run, row)) ids.push_back(row.firing.id);
    }
    return ids;
  };
  for (const auto& id : ids_in(State::Claimed)) {
    tables_.start_item();
    const auto pair = find_pair(request.shard, id);
    if (!pair || pair->firing == nullptr) continue;
    {
      Moving moving(tables_, *pair->firing, *pair->task);
      if (!moving.go({Move::ReapToDue})) continue;
      pair->firing->firing.score = pair->firing->firing.due;
    }
    tables_.flush();
    ++answer.requeued;
  }
  for (const auto& id : ids_in(State::Running)) {
    tables_.start_item();
    const auto row = tables_.find(id.task, id.tick.text());
    if (!row || *row == nullptr) continue;
    if (request.lease_most && (*row)->firing.score > tables_.now + *request.lease_most) {
      (*row)->firing.score = tables_.now + *request.lease_most;
      (*row)->dirty = true;
      tables_.flush();
    }
    answer.running.push_back(tables_.open_firing(**row));
  }
  answer.waiting_target_keys = waiting_targets(request.shard);
  return answer;
}

/// Places with the low bits set hold the firings that wait for a target: one step a target, not one a firing, unless there are more
/// names than places.
std::vector<std::string> Writer::waiting_targets(Shard shard) {
  std::vector<std::string> keys;
  bool one_each = true;
  {
    auto run = statements_->last_name.run();
    if (run.step()) one_each = run.integer(0) < kBuckets - 1;
  }
  const auto last = place_last(shard, static_cast<int>(State::Waiting));
  for (auto place = place_first(shard, static_cast<int>(State::Waiting));;) {
    {
      auto run = statements_->next_place.run();
      run.bind(1, place).bind(2, last);
      if (!run.step()) break;
      place = run.integer(0);
    }
    auto run = one_each ? statements_->waiting_target.run() : statements_->waiting_targets.run();
    run.bind(1, place);
    while (run.step()) keys.push_back(tables_.name(run.integer(0)));
  }
  return keys;
}

Result<ChangesRequest::Answer> Writer::run(const ChangesRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.limit); !checked) return fail(std::move(checked.error()));
  ChangesRequest::Answer answer;
  {
    auto run = statements_->prune_changes.run();
    run.bind(1, request.shard).bind(2, static_cast<std::int64_t>(request.after)).done();
  }
  auto run = statements_->changes.run();
  run.bind(1, request.shard).bind(2, static_cast<std::int64_t>(request.after)).bind(3, static_cast<std::int64_t>(request.limit) + 1);
  while (run.step()) {
    if (answer.changes.size() == request.limit) {
      answer.more = true;
      break;
    }
    const auto task = unpack(run.bytes(1));
    const auto tick = Tick::parse(run.bytes(2));
    if (!task || !tick) continue;
    ChangesRequest::Change change{.sequence = static_cast<std::uint64_t>(run.integer(0)), .id = {.task = *task, .tick = *tick}, .open = {}};
    tables_.start_item();
    const auto row = tables_.find(*task, tick->text());
    if (row && *row != nullptr && (*row)->open()) change.open = tables_.open_firing(**row);
    answer.changes.push_back(std::move(change));
  }
  return answer;
}

Result<OpenRequest::Answer> Writer::run(const OpenRequest& request) {
  if (auto checked = check_shard(request.shard, request.limit); !checked) return fail(std::move(checked.error()));
  if (request.state == State::Ended) return fail(Code::InvalidArgument, "state is ENDED: expected a state of open firings", "state");
  OpenRequest::Answer answer;
  const int state = static_cast<int>(request.state);
  const bool waiting = request.state == State::Waiting;
  const auto key = request.after ? pack(request.after->second.task) : PackedId{};
  auto run = waiting ? statements_->open_waiting.run() : statements_->open.run();
  int at = 1;
  run.bind(at++, place_first(request.shard, state));
  if (waiting) run.bind(at++, place_last(request.shard, state));
  run.bind(at++, to_unix_ms(request.until));
  run.bind(at++, request.after ? to_unix_ms(request.after->first) : INT64_MIN);
  run.bind_blob(at++, view(key)).bind_text(at + 0, request.after ? request.after->second.tick.text() : std::string_view());
  run.bind(at + 1, static_cast<std::int64_t>(request.limit) + 1);
  while (run.step()) {
    if (answer.firings.size() == request.limit) {
      answer.more = true;
      break;
    }
    Row row;
    if (!Tables::read(run, row)) continue;
    tables_.start_item();
    answer.firings.push_back(tables_.open_firing(row));
  }
  return answer;
}

}  // namespace meepo::adapters::sqlite
