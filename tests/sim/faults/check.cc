#include "sim/faults/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "task/ticks.h"

namespace meepo::test {

using namespace ports;

namespace {

constexpr milliseconds kLately{5'000};
constexpr milliseconds kSlowest{15'000};    ///< a method's longest run, and some
constexpr milliseconds kWorkMost{60'000};  ///< three attempts of the slowest method, with their waits
const char* const kMethodThatCrashes = "crash";

const std::string& method_of(const TaskSpec& spec) { return std::get<ServiceTarget>(spec.target).method; }

}  // namespace

template <class Request>
typename Request::Answer Check::ask(Request request) {
  std::optional<typename Request::Answer> out;
  cluster_.store->call(std::move(request), [&](Result<Reply<typename Request::Answer>> reply) { out = std::move(reply.value().value); });
  cluster_.loop.run();
  return *std::move(out);
}

std::vector<LedgerRow> Check::ledger(TaskId id) {
  std::vector<LedgerRow> rows;
  LedgerRequest request{.shard = id.shard(), .id = id, .tick = {}, .before = {}, .limit = limits::kPageSizeMax};
  for (;;) {
    auto page = ask(LedgerRequest(request));
    std::ranges::move(page.rows, std::back_inserter(rows));
    if (!page.next) return rows;
    request.before = page.next;
  }
}

std::vector<OpenFiring> Check::open(Shard shard, State state) {
  return ask(OpenRequest{.shard = shard, .state = state, .until = SysTime::max(), .after = {}, .limit = limits::kBatchItemsMax}).firings;
}

void Check::liveness() {
  const SysTime lately = cluster_.loop.system_now() - kLately;
  const bool waits = cluster_.witness.was_short_of_credits(kSlowest);
  for (std::size_t node = 0; node < Cluster::kSchedulers; ++node) {
    auto* scheduler = cluster_.scheduler(node);
    if (scheduler == nullptr || !scheduler->ready()) violation("I18", fmt::format("scheduler-{} is not ready", node));
  }
  for (Shard shard = 0; shard < Cluster::kShards; ++shard) {
    for (const auto& firing : open(shard, State::Due)) {
      if (firing.score < lately && !waits) violation("I18", fmt::format("{} is DUE since {}", firing.id.text(), to_iso_utc(firing.score)));
    }
    for (const auto& firing : open(shard, State::Claimed)) violation("I18", firing.id.text() + " is CLAIMED");
    for (const auto& firing : open(shard, State::Running)) {
      if (firing.score < lately) violation("I18", firing.id.text() + " is RUNNING after its lease");
    }
  }
}

void Check::everything() {
  liveness();
  calls();
  for (const auto& asked : workload_.asked()) {
    if (asked.id) task(asked);
  }
}

void Check::calls() {
  std::map<std::string, const Asked*> by_argument;
  for (const auto& asked : workload_.asked()) by_argument[asked.argument] = &asked;
  std::map<std::string, std::set<TaskId>> tasks;
  for (const auto& call : cluster_.witness.calls()) {
    auto& [called, succeeded] = called_[call.id];
    called = true;
    succeeded = succeeded || call.success;
    const auto found = by_argument.find(call.arguments);
    if (found == by_argument.end()) continue;  // of a chained task
    const Asked& asked = *found->second;
    tasks[call.arguments].insert(call.id.task);
    if (!asked.id && !asked.unsure) violation("I2", call.id.text() + " was called though its create had been refused");
    if (asked.cancelled_at && call.at > *asked.cancelled_at && !asked.running_at_cancel.contains(call.id)) {
      violation("I6", call.id.text() + " was called after the cancel had been acknowledged");
    }
  }
  for (const auto& [argument, ids] : tasks) {
    const Asked& asked = *by_argument.at(argument);
    const bool other = asked.id && !ids.contains(*asked.id);
    const bool may_be_two = asked.spec.options.request_id.empty() && asked.unsure;
    if (!may_be_two && (ids.size() > 1 || other)) violation("I14", fmt::format("create {} made {} tasks", argument, ids.size()));
  }
}

bool Check::was_called(const FiringId& id, bool with_success) const {
  const auto found = called_.find(id);
  return found != called_.end() && found->second.first && (!with_success || found->second.second);
}

void Check::task(const Asked& asked) {
  const auto views = ask(GetRequest{.shard = asked.id->shard(), .ids = {*asked.id}});
  if (!views.front()) {
    violation("I1", "acknowledged task " + std::string(asked.id->text()) + " is not there");
    return;
  }
  rows(asked, *views.front(), ledger(*asked.id));
}

void Check::rows(const Asked& asked, const TaskView& view, const std::vector<LedgerRow>& rows) {
  std::set<FiringId> seen;
  std::uint64_t planned = 0;
  bool by_hand = false;
  for (const auto& line : rows) {
    if (line.range) {
      if (line.range_fate == Fate::Skipped && line.range_reason != SkipReason::RunOnce) {
        violation("I1", fmt::format("{}: {} ticks were skipped", asked.id->text(), line.range->count));
      }
      planned += line.range->count;
      continue;
    }
    if (!seen.insert(line.firing->id).second) violation("I7", line.firing->id.text() + " has two rows");
    if (line.firing->id.tick.is_by_hand()) {
      by_hand = true;
    } else {
      ++planned;
    }
    row(asked, *line.firing);
  }
  if (asked.by_hand && !by_hand) violation("I1", asked.by_hand->text() + " was acknowledged and is not there");
  if (asked.spec.kind == Kind::Plan) {
    plan(asked, view, rows);
    return;
  }
  const std::uint64_t expected = asked.spec.kind == Kind::Ladder ? parse_ladder(asked.spec.define)->size() : 1;
  if (planned != expected) violation("I7", fmt::format("{}: {} ticks in the ledger, {} planned", asked.id->text(), planned, expected));
  // Steps back of the clock may have put its last tick to the end of the run, or beyond.
  const SysTime late = cluster_.loop.system_now() - kWorkMost;
  const bool ahead = (view.armed && view.armed->due > late) || std::ranges::any_of(rows, [&](const LedgerRow& line) {
                       return line.firing && line.firing->state != State::Ended && line.firing->due > late;
                     });
  if (!view.ended_at && !ahead) {
    const auto armed = view.armed ? fmt::format(", {} {} since {}", to_string(view.armed->state), to_string(view.armed->wait_reason),
                                                to_iso_utc(view.armed->score))
                                  : std::string();
    violation("I18", fmt::format("{} has not ended: {}{}", asked.id->text(), to_string(view.status), armed));
  }
}

void Check::row(const Asked& asked, const Firing& firing) {
  if (firing.state != State::Ended) return;  // liveness looks at those
  const std::string id = firing.id.text();
  if (firing.fate == Fate::Cancelled) {
    if (!asked.cancel_asked) violation("I1", id + " is CANCELLED and nobody asked");
    return;
  }
  if (firing.fate == Fate::Skipped) {
    if (firing.skip_reason != SkipReason::RunOnce) violation("I1", id + " is SKIPPED: " + std::string(to_string(firing.skip_reason)));
    return;
  }
  const bool success = firing.outcome == Outcome::Success;
  if (firing.outcome == Outcome::Quarantined) {
    if (method_of(asked.spec) != kMethodThatCrashes) violation("I1", id + " is QUARANTINED: " + firing.error);
    if (cluster_.alerts.counts["firing_quarantined"] == 0 && !cluster_.witness.quarantine_untold(firing.id))
      violation("I20", id + " was quarantined without an alert");
    return;
  }
  if (firing.outcome == Outcome::Unknown) {
    const bool may = asked.spec.options.on_lost == OnLost::Unknown || asked.cancel_asked || asked.spec.options.run_once;
    if (!may) violation("I1", id + " is UNKNOWN: " + firing.error);
    return;
  }
  if (firing.outcome != Outcome::Stopped && !was_called(firing.id, success)) {
    violation("I1", id + " ended " + std::string(to_string(firing.outcome)) + " without such a call");
  }
  if (success && (!firing.result || firing.result->data != asked.argument)) violation("I16", id + " has another result");
  chain(asked, firing);
}

void Check::chain(const Asked& asked, const Firing& firing) {
  const bool chains = firing.outcome == Outcome::Success && !asked.spec.next.empty();
  if (firing.chained.has_value() != chains) violation("I15", firing.id.text() + (chains ? " has not chained" : " has chained"));
  if (!chains || !firing.chained) return;
  if (*firing.chained != chained_task_id(firing.id, firing.due)) violation("I15", firing.id.text() + " has chained another id");
  const auto views = ask(GetRequest{.shard = firing.chained->shard(), .ids = {*firing.chained}});
  if (!views.front() || !views.front()->ended_at) violation("I15", firing.id.text() + ": its chained task has not run");
}

/// Every instant of the plan, by the answer by hand, is covered by one row; no other instant has any.
void Check::plan(const Asked& asked, const TaskView& view, const std::vector<LedgerRow>& rows) {
  std::map<SysTime, int> covered;
  std::size_t open_planned = 0;
  std::optional<SysTime> cancelled;  ///< the tick that was armed then: none after it was ever planned
  for (const auto& line : rows) {
    if (line.range) {
      for (SysTime at = *line.range->first.instant(); at <= *line.range->last.instant(); at += std::chrono::seconds(1)) {
        if (asked.plan->fires(at)) ++covered[at];
      }
      continue;
    }
    const auto instant = line.firing->id.tick.instant();
    if (!instant) continue;
    ++covered[*instant];
    if (line.firing->fate == Fate::Cancelled) cancelled = std::max(cancelled, instant);
    if (!asked.plan->fires(*instant)) violation("I7", line.firing->id.text() + " is not an instant of " + asked.plan->define);
    if (line.firing->state == State::Due || line.firing->state == State::Waiting) ++open_planned;
  }
  for (const auto& [at, rows_of_it] : covered) {
    if (rows_of_it > 1) violation("I7", fmt::format("{}@{} has {} rows", asked.id->text(), to_unix_ms(at), rows_of_it));
  }
  // The clock may have shown later times before it was set back; what was due then may have fired, and need not have.
  const SysTime now = cluster_.loop.system_now() - kLately;
  const SysTime until = asked.cancelled_at ? std::min(now, cancelled.value_or(now)) : now;
  for (SysTime at = std::chrono::floor<std::chrono::seconds>(view.task->created) + std::chrono::seconds(1); at < until;
       at += std::chrono::seconds(1)) {
    if (!asked.plan->fires(at) || covered.contains(at)) continue;
    violation("I7", fmt::format("{}@{} ({} in {}) has no row", asked.id->text(), to_unix_ms(at), asked.plan->define, asked.plan->zone));
  }
  if (asked.cancelled_at) {
    if (!view.ended_at) violation("I18", std::string(asked.id->text()) + " was cancelled and has not ended");
  } else if (!view.planned || open_planned == 0) {
    violation("I12", std::string(asked.id->text()) + " has no armed tick");
  }
}

}  // namespace meepo::test
