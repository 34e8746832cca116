// end: the accepted end of an attempt, with all that follows from it in the same operation: retry, chain, runOnce. And save_result.

#include <algorithm>

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"
#include "base/planted_bug.h"
#include "task/ticks.h"

namespace meepo::adapters::sqlite {

using namespace ports;
using Verdict = EndRequest::ItemAnswer::Verdict;

namespace {

bool reportable(Outcome outcome) {
  return outcome == Outcome::Success || outcome == Outcome::Fail || outcome == Outcome::Timeout || outcome == Outcome::Stopped;
}

Result<void> check_payload(const Payload& payload) {
  if (payload.data.size() <= limits::kPayloadBytesMax) return {};
  return fail(
      Code::InvalidArgument,
      "the result has " + std::to_string(payload.data.size()) + " bytes: expected at most " + std::to_string(limits::kPayloadBytesMax),
      "result");
}

}  // namespace

Result<EndRequest::Answer> Writer::run(const EndRequest& request) {
  auto checked =
      request.fence ? check(request.shard, *request.fence, request.items.size()) : check_shard(request.shard, request.items.size());
  if (!checked) return fail(std::move(checked.error()));
  return each<EndRequest::ItemAnswer>(request.items, [&](const auto& item) { return end_item(request, item); });
}

/// What the stored attempt says, with this report added.
Result<Attempt> Writer::attempt_with(const Pair& pair, const AttemptReport& report) {
  const auto& firing = pair.firing->firing;
  auto stored = pair.task->facts.attempts ? tables_.attempt(*pair.firing, firing.attempt) : Result<std::optional<Attempt>>(std::nullopt);
  if (!stored) return fail(std::move(stored.error()));
  Attempt attempt = *stored ? std::move(**stored) : Attempt{};
  attempt.number = firing.attempt;
  attempt.executor = tables_.name(pair.firing->executor);
  attempt.begun_at = firing.begun_at;
  if (report.progress) attempt.progress = cut(*report.progress, limits::kProgressBytesKept);
  // A log that was cut is full: its mark stays its end.
  if (!report.log.empty() && attempt.log.size() + 4 <= limits::kLogBytesKept) {
    if (!attempt.log.empty()) attempt.log += '\n';
    attempt.log = cut(attempt.log + report.log, limits::kLogBytesKept);
  }
  return attempt;
}

struct Writer::Ending {
  bool retries = false;
  bool drops = false;                ///< the success that a runOnce task waited for
  bool chained = false;
  std::optional<Attempt> attempt;    ///< set when there is more to say than the firing row does
  std::vector<Row*> open;            ///< drops: the task's open firings
  std::optional<TickRange> unarmed;  ///< drops: the rest of its plan
};

Result<EndRequest::ItemAnswer> Writer::end_item(const EndRequest& request, const EndRequest::Item& item) {
  if (!reportable(item.outcome)) {
    return fail(Code::InvalidArgument,
                "an attempt cannot end " + std::string(to_string(item.outcome)) + ": expected SUCCESS, FAIL, TIMEOUT or STOPPED",
                "outcome");
  }
  if (item.result) {
    if (auto checked = check_payload(*item.result); !checked) return fail(std::move(checked.error()));
  }
  const auto pair = find_pair(request.shard, item.id);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr) return fail(Code::NotFound, "no firing " + item.id.text());
  const auto& firing = pair->firing->firing;
  const bool other = firing.run_token != item.token && !planted(PlantedBug::EndIgnoresToken);
  if (firing.state != State::Running || other) return not_running(*pair, item);
  auto ending = prepare_end(request.shard, *pair, item);
  if (!ending) return fail(std::move(ending.error()));
  auto answer = write_end(*pair, item, *ending);
  const auto next = let_next_begin(*pair->task);
  if (!next) return fail(next.error());
  if (*next != nullptr) answer.next = tables_.open_firing(**next);
  if (!request.fence) {
    if (*next != nullptr) tables_.add_change((*next)->firing.id);
    tables_.add_change(item.id);
    for (const auto& id : answer.dropped) tables_.add_change(id);
    if (ending->chained) tables_.add_change({.task = item.chained->task->id, .tick = item.chained->first.tick.tick});
  }
  return answer;
}

Result<Writer::Ending> Writer::prepare_end(Shard shard, const Pair& pair, const EndRequest::Item& item) {
  const auto& facts = pair.task->facts;
  const bool success = item.outcome == Outcome::Success;
  Ending ending;
  ending.retries = item.retry_at && !success && !pair.firing->firing.cancel_asked_at && !facts.takes_no_more();
  ending.drops = success && facts.run_once && !facts.succeeded;
  if (!success || facts.attempts || item.report.progress || !item.report.log.empty()) {
    auto attempt = attempt_with(pair, item.report);
    if (!attempt) return fail(std::move(attempt.error()));
    if (!success || !attempt->log.empty() || !attempt->progress.empty()) ending.attempt = std::move(*attempt);
  }
  if (ending.drops) {
    auto open = tables_.find_open(item.id.task);
    if (!open) return fail(std::move(open.error()));
    ending.open = std::move(*open);
    // A cancel has dealt with the rest of the plan already.
    auto unarmed = facts.cancelled ? Result<std::optional<TickRange>>(std::nullopt) : unarmed_ticks(*pair.task);
    if (!unarmed) return fail(std::move(unarmed.error()));
    ending.unarmed = std::move(*unarmed);
  }
  if (item.chained && !ending.retries) {
    if (auto created = create(shard, *item.chained); !created) return fail(std::move(created.error()).prefixed("chained task"));
    ending.chained = true;
  }
  return ending;
}

EndRequest::ItemAnswer Writer::write_end(const Pair& pair, const EndRequest::Item& item, Ending& ending) {
  auto& firing = pair.firing->firing;
  EndRequest::ItemAnswer answer;
  if (item.outcome != Outcome::Success) firing.error = cut(item.error, limits::kErrorBytesKept);
  if (ending.attempt) {
    ending.attempt->ended_at = tables_.now;
    ending.attempt->outcome = item.outcome;
    if (item.outcome != Outcome::Success) ending.attempt->error = firing.error;
    tables_.save_attempt(*pair.firing, *pair.task, *ending.attempt, true);
  }
  if (item.outcome == Outcome::Fail || item.outcome == Outcome::Timeout) ++firing.failures;
  if (item.outcome == Outcome::Success) pair.task->facts.succeeded = true;
  if (item.result) firing.result = item.result;
  if (ending.chained) firing.chained = item.chained->task->id;
  pair.firing->end_accepted = true;
  if (ending.retries) {
    {
      Moving moving(tables_, *pair.firing, *pair.task);
      moving.go({Move::Retry});
      firing.outcome = item.outcome;
      firing.score = *item.retry_at;
    }
    answer.retry = tables_.open_firing(*pair.firing);
  } else {
    end(pair, {Move::End}, Fate::Fired, item.outcome, SkipReason::None);
  }
  if (ending.drops) drop_later_ticks(pair, ending, answer.dropped);
  return answer;
}

void Writer::drop_later_ticks(const Pair& pair, const Ending& ending, std::vector<FiringId>& dropped) {
  for (Row* row : ending.open) {
    // A retry that waits is dropped, too; what runs may end as it will.
    if (row == pair.firing || !row->open() || row->firing.state == State::Running || !row->planned()) continue;
    if (end_unbegun({.firing = row, .task = pair.task}, Fate::Skipped, SkipReason::RunOnce)) dropped.push_back(row->firing.id);
  }
  if (ending.unarmed) tables_.add_range(*pair.task, {.range = *ending.unarmed, .fate = Fate::Skipped, .reason = SkipReason::RunOnce});
}

/// The token is not that of a running attempt: its end was accepted before, or it is stale.
Result<EndRequest::ItemAnswer> Writer::not_running(const Pair& pair, const EndRequest::Item& item) {
  const Row& row = *pair.firing;
  EndRequest::ItemAnswer answer;
  const bool last = row.firing.run_token == item.token && row.end_accepted;
  const bool earlier = !last && pair.task->facts.attempts && tables_.accepted_attempt(row, item.token) != 0;
  if (item.token.empty() || (!last && !earlier)) {
    stale_ends_.at(item.id.task.shard()).fetch_add(1, std::memory_order_relaxed);
    answer.verdict = Verdict::Stale;
    return answer;
  }
  answer.verdict = Verdict::Repeated;
  if (last && row.firing.state == State::Due) answer.retry = tables_.open_firing(row);
  if (last && row.firing.outcome == Outcome::Success && pair.task->facts.run_once) answer.dropped = dropped_by(row);
  return answer;
}

/// The ticks that a success ended by runOnce: they ended with it.
std::vector<FiringId> Writer::dropped_by(const Row& row) {
  std::vector<FiringId> dropped;
  const auto key = pack(row.task);
  auto run = statements_->rows.run();
  run.bind_blob(1, view(key));
  while (run.step()) {
    Row other;
    if (!Tables::read(run, other) || !other.has_firing) continue;
    const bool skipped = other.firing.fate == Fate::Skipped && other.firing.skip_reason == SkipReason::RunOnce;
    if (skipped && other.firing.ended_at == row.firing.ended_at) dropped.push_back(other.firing.id);
  }
  return dropped;
}

Result<SaveResultRequest::Answer> Writer::run(const SaveResultRequest& request) {
  if (auto checked = check_shard(request.shard, 1); !checked) return fail(std::move(checked.error()));
  if (auto checked = check_id(request.shard, request.id); !checked) return fail(std::move(checked.error()));
  if (auto checked = check_payload(request.result); !checked) return fail(std::move(checked.error()));
  tables_.start_item();
  const auto task = tables_.find_task(request.id);
  if (!task) return fail(task.error());
  if (*task == nullptr) return fail(Code::NotFound, "no task " + std::string(request.id.text()));
  const auto& latest = (*task)->facts.latest;
  const auto row = latest.empty() ? Result<Row*>(nullptr) : tables_.find(request.id, latest);
  if (!row) return fail(row.error());
  if (*row == nullptr) return fail(Code::Conflict, "task " + std::string(request.id.text()) + " has no firing that began");
  auto& firing = (*row)->firing;
  if (firing.result == request.result) return std::monostate{};
  const bool takes = firing.state == State::Running || firing.state == State::Ended;
  if (!takes || (firing.result && firing.state == State::Ended)) {
    return fail(Code::Conflict, "firing " + firing.id.text() + " " + (takes ? "has a result" : "neither runs nor has ended"));
  }
  firing.result = request.result;
  (*row)->dirty = true;
  tables_.flush();
  return std::monostate{};
}

}  // namespace meepo::adapters::sqlite
