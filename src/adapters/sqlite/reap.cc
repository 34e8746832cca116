// reap: taking back, or ending, what ran out of its lease or what its executor does not have.

#include "adapters/sqlite/writer.h"

namespace meepo::adapters::sqlite {

using namespace ports;
using To = ReapRequest::Item::To;

Result<ReapRequest::Answer> Writer::run(const ReapRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<ReapRequest::ItemAnswer>(request.items, [&](const auto& item) { return reap(request, item); });
}

Result<ReapRequest::ItemAnswer> Writer::reap(const ReapRequest& request, const ReapRequest::Item& item) {
  const auto pair = find_pair(request.shard, item.id);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr) return ReapRequest::ItemAnswer{};
  auto& firing = pair->firing->firing;
  if (reaped_before(*pair->firing, item)) {
    ReapRequest::ItemAnswer again{.reaped = true};
    if (firing.state == State::Due) again.open = tables_.open_firing(*pair->firing);
    return again;
  }
  if (item.lease_ended && firing.score > request.now) {
    ReapRequest::ItemAnswer renewed;
    if (firing.state == State::Running && firing.run_token == item.token) renewed.lease_until = firing.score;
    return renewed;
  }
  if (firing.state == State::Running) {
    if (item.token != firing.run_token) return ReapRequest::ItemAnswer{};
    auto answer = reap_run(*pair, item);
    const auto next = let_next_begin(*pair->task);
    if (!next) return fail(next.error());
    if (answer && *next != nullptr) answer->next = tables_.open_firing(**next);
    return answer;
  }
  if (!item.token.empty() || item.to != To::Due) return ReapRequest::ItemAnswer{};
  {
    Moving moving(tables_, *pair->firing, *pair->task);
    if (moving.go({Move::ReapToClaimed})) {
      firing.score = tables_.now + limits::kClaimLease;
    } else if (moving.go({Move::ReapToDue})) {
      firing.score = firing.due;
    } else {
      return ReapRequest::ItemAnswer{};
    }
  }
  return ReapRequest::ItemAnswer{.reaped = true, .open = tables_.open_firing(*pair->firing)};
}

/// This attempt was taken back before, by a request whose answer was lost: it neither runs nor was its end accepted.
bool Writer::reaped_before(const Row& row, const ReapRequest::Item& item) {
  const Firing& firing = row.firing;
  if (item.token.empty() || firing.run_token != item.token || row.end_accepted) return false;
  if (firing.state == State::Due) return item.to == To::Due;
  return firing.state == State::Ended;
}

Result<ReapRequest::ItemAnswer> Writer::reap_run(const Pair& pair, const ReapRequest::Item& item) {
  auto& firing = pair.firing->firing;
  if (firing.begun_at && *firing.begun_at > tables_.now) firing.begun_at.reset();  // claimed ahead, and taken back before it was due
  const std::string evidence = cut(item.evidence, limits::kErrorBytesKept);
  if (firing.started || !evidence.empty()) {
    auto attempt = attempt_with(pair, {});
    if (!attempt) return fail(std::move(attempt.error()));
    attempt->ended_at = tables_.now;
    attempt->error = evidence;
    tables_.save_attempt(*pair.firing, *pair.task, *attempt, false);
  }
  if (item.mark_suspect) firing.suspect = true;
  if (item.count_crash) ++firing.crashes;
  if (item.to != To::Due) {
    firing.error = evidence;
    end(pair, {Move::ReapToEnd}, Fate::Fired, item.to == To::Unknown ? Outcome::Unknown : Outcome::Quarantined, SkipReason::None);
    return ReapRequest::ItemAnswer{.reaped = true, .open = {}};
  }
  // A cancelled attempt, or one of a runOnce task that has its success, does not go again.
  const bool cancelled = firing.cancel_asked_at.has_value();
  if (cancelled || pair.task->facts.takes_no_more()) {
    if (firing.started) {
      firing.error = evidence;
      end(pair, {Move::ReapToEnd}, Fate::Fired, Outcome::Unknown, SkipReason::None);
    } else if (cancelled) {
      end(pair, {Move::ReapToEnd}, Fate::Cancelled, Outcome::None, SkipReason::None);
    } else {
      end(pair, {Move::ReapToEnd}, Fate::Skipped, Outcome::None, SkipReason::RunOnce);
    }
    return ReapRequest::ItemAnswer{.reaped = true, .open = {}};
  }
  {
    Moving moving(tables_, *pair.firing, *pair.task);
    moving.go({Move::ReapToDue});
    firing.score = firing.due;
  }
  return ReapRequest::ItemAnswer{.reaped = true, .open = tables_.open_firing(*pair.firing)};
}

}  // namespace meepo::adapters::sqlite
