// claim, park, unpark, mark: what the owner does with a firing before it runs.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"
#include "base/planted_bug.h"

namespace meepo::adapters::sqlite {

using namespace ports;

Result<ClaimRequest::Answer> Writer::run(const ClaimRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<ClaimRequest::ItemAnswer>(request.items, [&](const auto& item) { return claim(request, item); });
}

Result<ClaimRequest::ItemAnswer> Writer::claim(const ClaimRequest& request, const ClaimRequest::Item& item) {
  auto pair = find_pair(request.shard, item.id);
  if (!pair) return fail(std::move(pair.error()));
  if (pair->firing == nullptr) return ClaimRequest::ItemAnswer{};
  Row& row = *pair->firing;
  const State state = row.firing.state;
  const bool same_run = item.start && state == State::Running && row.firing.run_token == item.start->token;
  const bool due = state == State::Due && row.firing.score <= request.now + request.ahead;
  if (due && row.firing.score > tables_.now) {
    const auto waits = waits_for_due(*pair, request.ahead);
    if (!waits) return fail(waits.error());
    if (*waits) return ClaimRequest::ItemAnswer{.claimed = false, .not_yet = tables_.open_firing(row)};
  }
  if (!same_run && !due && state != State::Claimed) return ClaimRequest::ItemAnswer{};
  // A token names one attempt: this one was begun by the same request before, and has been taken back or has ended since.
  if (due && item.start && row.firing.run_token == item.start->token) return ClaimRequest::ItemAnswer{};
  ClaimRequest::ItemAnswer answer;
  if (due) {
    const auto turn = take_turn(*pair, item, answer);
    if (!turn) return fail(turn.error());
    if (*turn != Turn::Now) return answer;
  }

  TaskPtr task;
  if (item.start) {
    const bool knows = item.known && row.pinned_version == 0 && item.known->version == pair->task->facts.version;
    auto record = knows ? Result<TaskPtr>(item.known) : record_for(*pair);
    if (!record) return fail(std::move(record.error()));
    task = std::move(*record);
  }
  answer.claimed = true;
  if (same_run && !(planted(PlantedBug::NextTickArmedLater) && item.next)) {
    answer.begun = BegunRun{.firing = tables_.firing(row), .task = std::move(task)};
    return answer;
  }
  const bool counts = row.planned() && row.never_began();
  if (item.next && !row.next_armed && !pair->task->facts.takes_no_more() && !pair->task->facts.has_all(counts ? 1 : 0)) {
    Row like = row;
    if (row.pinned_version != 0) {
      const auto current = tables_.record(*pair->task);
      if (!current) return fail(current.error());
      like.target = tables_.intern(target_key((*current)->spec.target));
    }
    if (const auto armed = arm_next(*pair->task, *item.next, like); !armed) return fail(armed.error());
    row.next_armed = true;
    row.dirty = true;
  }
  if (same_run) return answer;
  if (item.start) {
    // Claimed ahead, it begins when it is due.
    const SysTime at = due ? std::max(tables_.now, row.firing.score) : tables_.now;
    answer.begun = due ? begin(*pair, {Move::Claim, Move::Begin}, *item.start, std::move(task), at)
                       : begin(*pair, {Move::Begin}, *item.start, std::move(task));
  } else if (due) {
    Moving moving(tables_, row, *pair->task);
    moving.go({Move::Claim});
    row.firing.score = request.lease_until;
  }
  return answer;
}

/// Too far ahead by the store's clock; or what overlap says of it is not known before it is due.
Result<bool> Writer::waits_for_due(const Pair& pair, milliseconds ahead) {
  const Row& row = *pair.firing;
  if (row.firing.score > tables_.now + ahead) return true;
  if (!row.planned() || row.has_task || pair.task->facts.overlap == Overlap::Allow) return false;
  return is_other_under_way(pair);
}

Result<ParkRequest::Answer> Writer::run(const ParkRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<bool>(request.items, [&](const ParkRequest::Item& item) -> Result<bool> {
    const auto pair = find_pair(request.shard, item.id);
    if (!pair) return fail(pair.error());
    if (pair->firing == nullptr) return false;
    auto& firing = pair->firing->firing;
    if (firing.state == State::Waiting && firing.wait_reason == item.reason) return true;
    Moving moving(tables_, *pair->firing, *pair->task);
    if (!moving.go({Move::Park})) return false;
    firing.wait_reason = item.reason;
    firing.waiting_since = tables_.now;
    return true;
  });
}

Result<UnparkRequest::Answer> Writer::run(const UnparkRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.limit); !checked) return fail(std::move(checked.error()));
  UnparkRequest::Answer answer;
  const auto target = tables_.known_name(request.target_key);
  if (target == 0) return answer;
  std::vector<FiringId> ids;
  {
    auto run = statements_->waiting.run();
    run.bind(1, place_waiting(request.shard, target)).bind(2, target).bind(3, static_cast<std::int64_t>(request.limit) + 1);
    while (run.step()) {
      Row row;
      if (!Tables::read(run, row)) continue;  // set aside: it shows when it is asked for by its id
      const bool for_target = row.firing.wait_reason == WaitReason::NoExecutor || row.firing.wait_reason == WaitReason::Backlog;
      if (for_target) ids.push_back(row.firing.id);
    }
  }
  answer.more = ids.size() > request.limit;
  if (answer.more) ids.resize(request.limit);
  for (const auto& id : ids) {
    tables_.start_item();
    const auto pair = find_pair(request.shard, id);
    if (!pair || pair->firing == nullptr) continue;
    {
      Moving moving(tables_, *pair->firing, *pair->task);
      if (!moving.go({Move::Unpark})) continue;
      pair->firing->firing.wait_reason = WaitReason::None;
      pair->firing->firing.waiting_since.reset();
    }
    tables_.flush();
    answer.firings.push_back(tables_.open_firing(*pair->firing));
  }
  return answer;
}

Result<MarkRequest::Answer> Writer::run(const MarkRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.ids.size()); !checked) return fail(std::move(checked.error()));
  return each<bool>(request.ids, [&](const FiringId& id) -> Result<bool> {
    const auto pair = find_pair(request.shard, id);
    if (!pair) return fail(pair.error());
    if (pair->firing == nullptr) return false;
    if (pair->firing->firing.state == State::Sent) return true;
    Moving moving(tables_, *pair->firing, *pair->task);
    if (!moving.go({Move::Mark})) return false;
    pair->firing->firing.score = request.redelivery_at;
    return true;
  });
}

}  // namespace meepo::adapters::sqlite
