// begin and renew: the executor's verbs while an attempt runs.

#include "adapters/sqlite/writer.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

/// When to ask again for a firing whose next instant nobody knows (paused, no executor).
constexpr std::chrono::minutes kAskAgain{1};

std::string ended_reason(const Firing& firing) {
  switch (firing.fate) {
    case Fate::Cancelled: return "cancelled";
    case Fate::Skipped: return "skipped: " + std::string(to_string(firing.skip_reason));
    default: return "ended " + std::string(to_string(firing.outcome));
  }
}

}  // namespace

Result<BeginRequest::Answer> Writer::run(const BeginRequest& request) {
  if (auto checked = check_shard(request.shard, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<BeginRequest::ItemAnswer>(request.items, [&](const auto& item) { return begin_item(request.shard, item); });
}

Result<BeginRequest::ItemAnswer> Writer::begin_item(Shard shard, const BeginRequest::Item& item) {
  const auto pair = find_pair(shard, item.id);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr) return BeginRequest::Drop{.reason = "no such firing"};
  auto& firing = pair->firing->firing;
  switch (firing.state) {
    case State::Ended: return BeginRequest::Drop{.reason = ended_reason(firing)};
    case State::Due: return BeginRequest::Later{.when = firing.score};
    case State::Waiting: return BeginRequest::Later{.when = std::max(firing.score, tables_.now + kAskAgain)};
    default: break;
  }
  const bool runs = firing.state == State::Running;
  if (runs && firing.run_token != item.start.token) {
    return BeginRequest::Drop{.reason = "runs already as attempt " + std::to_string(firing.attempt)};
  }
  auto task = record_for(*pair);
  if (!task) return fail(std::move(task.error()));
  if (runs) return BegunRun{.firing = tables_.firing(*pair->firing), .task = std::move(*task)};
  auto begun = begin(*pair, {Move::Begin}, item.start, std::move(*task));
  tables_.add_change(item.id);
  return begun;
}

Result<RunningRequest::Answer> Writer::run(const RunningRequest& request) {
  if (auto checked = check_shard(request.shard, request.ids.size()); !checked) return fail(std::move(checked.error()));
  return each<std::optional<BegunRun>>(request.ids, [&](const FiringId& id) { return running(request.shard, id); });
}

Result<std::optional<BegunRun>> Writer::running(Shard shard, const FiringId& id) {
  const auto pair = find_pair(shard, id);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr || pair->firing->firing.state != State::Running) return std::nullopt;
  auto task = record_for(*pair);
  if (!task) return fail(std::move(task.error()));
  return BegunRun{.firing = tables_.firing(*pair->firing), .task = std::move(*task)};
}

Result<RenewRequest::Answer> Writer::run(const RenewRequest& request) {
  if (auto checked = check_shard(request.shard, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<RenewAnswer>(request.items, [&](const auto& item) { return renew(request.shard, item); });
}

Result<RenewAnswer> Writer::renew(Shard shard, const RenewRequest::Item& item) {
  const auto pair = find_pair(shard, item.id);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr) return RenewAnswer::Lost;
  auto& firing = pair->firing->firing;
  if (!after(firing.state, Move::Renew) || firing.run_token != item.token) return RenewAnswer::Lost;
  if (item.report.progress || !item.report.log.empty()) {
    const auto attempt = attempt_with(*pair, item.report);
    if (!attempt) return fail(attempt.error());
    tables_.save_attempt(*pair->firing, *pair->task, *attempt, false);
  }
  bool matters = false;
  if (item.started && !firing.started) {
    firing.started = true;
    matters = true;
  }
  if (item.cancel_acknowledged && firing.cancel_asked_at && !firing.cancel_acknowledged_at) {
    firing.cancel_acknowledged_at = tables_.now;
    matters = true;
  }
  if (item.lease_until > firing.score || matters) {
    firing.score = std::max(firing.score, item.lease_until);
    pair->firing->dirty = true;
  }
  // The owner keeps leases itself, by the renewals that pass through it; these it would not know.
  if (matters) tables_.add_change(item.id);
  return firing.cancel_asked_at ? RenewAnswer::CancelAsked : RenewAnswer::Ok;
}

}  // namespace meepo::adapters::sqlite
