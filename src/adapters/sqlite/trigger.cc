// trigger and skip: ticks beside the plan, and ticks that the plan leaves out.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

/// Requests to trigger have a name space of their own for each task: no application is called like this.
std::string trigger_scope(const TaskId& id) { return "@" + std::string(id.text()); }

}  // namespace

Result<TriggerRequest::Answer> Writer::run(const TriggerRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<OpenFiring>(request.items, [&](const auto& item) { return trigger(request, item); });
}

Result<OpenFiring> Writer::trigger(const TriggerRequest& request, const TriggerRequest::Item& item) {
  if (auto checked = check_id(request.shard, item.id); !checked) return fail(std::move(checked.error()));
  const auto found = tables_.find_task(item.id);
  if (!found) return fail(found.error());
  if (*found == nullptr) return fail(Code::NotFound, "no task " + std::string(item.id.text()));
  Row& task_row = **found;
  const std::string scope = trigger_scope(item.id);
  if (!item.request_id.empty()) {
    std::string tick;
    {
      auto run = statements_->request_id.run();
      run.bind(1, request.shard).bind_text(2, scope).bind_text(3, item.request_id);
      if (run.step() && from_unix_ms(run.integer(3)) + limits::kRequestIdKept > tables_.now) tick = run.bytes(1);
    }
    const auto row = tick.empty() ? Result<Row*>(nullptr) : tables_.find(item.id, tick);
    if (!row) return fail(row.error());
    if (*row != nullptr) return tables_.open_firing(**row);
  }
  if (task_row.facts.cancelled) return fail(Code::Conflict, "task " + std::string(item.id.text()) + " is cancelled");
  const auto task = tables_.record(task_row);
  if (!task) return fail(task.error());

  Row like;
  like.target = tables_.intern(target_key((*task)->spec.target));
  like.priority = (*task)->spec.options.priority;
  like.on_lost = (*task)->spec.options.on_lost;
  const auto tick = tick_by_hand(task_row, request, item);
  if (!tick) return fail(tick.error());
  const auto armed = arm(task_row, {.tick = *tick, .state = State::Due, .wait_reason = WaitReason::None}, like);
  if (!armed) return fail(armed.error());
  if (*armed == nullptr) return fail(Code::Internal, "firing " + FiringId{.task = item.id, .tick = tick->tick}.text() + " exists already");
  (*armed)->firing.score = std::max(tick->due, request.now);
  (*armed)->firing.params = item.params;
  if (!item.request_id.empty()) save_request_id(request.shard, scope, item.request_id, (*armed)->firing.id, true, 0);
  return tables_.open_firing(**armed);
}

/// m<sequence>, due now; or the first free <tick>+<n>, due when the old tick was.
Result<DueTick> Writer::tick_by_hand(Row& task_row, const TriggerRequest& request, const TriggerRequest::Item& item) {
  if (!item.again) return DueTick{.tick = Tick::by_hand(++task_row.facts.by_hand), .due = request.now};
  for (std::uint32_t n = 1; n <= limits::kRerunsMax; ++n) {
    const Tick tick = item.again->tick.again(n);
    const auto row = tables_.find(item.id, tick.text());
    if (!row) return fail(row.error());
    if (*row == nullptr) return DueTick{.tick = tick, .due = item.again->due};
  }
  return fail(Code::Conflict, "firing " + FiringId{.task = item.id, .tick = item.again->tick}.text() + " has run again " +
                                  std::to_string(limits::kRerunsMax) + " times: expected fewer");
}

Result<SkipRequest::Answer> Writer::run(const SkipRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<bool>(request.items, [&](const auto& item) { return skip(request.shard, item); });
}

Result<bool> Writer::skip(Shard shard, const SkipRequest::Item& item) {
  if (item.open.task != item.id) {
    return fail(Code::InvalidArgument, "firing " + item.open.text() + " is not of task " + std::string(item.id.text()), "open");
  }
  const auto pair = find_pair(shard, item.open);
  if (!pair) return fail(pair.error());
  if (pair->firing == nullptr || !after(pair->firing->firing.state, Move::Skip)) return false;
  Row& row = *pair->firing;
  if (!row.never_began()) return fail(Code::Conflict, "firing " + item.open.text() + " began already: it cannot be skipped");
  if (row.has_task || !row.planned()) {
    end(*pair, {Move::Skip}, Fate::Skipped, Outcome::None, item.reason);
    return true;
  }
  if (const auto armed = skip_planned(*pair, item.range, item.reason, item.next); !armed) return fail(armed.error());
  return true;
}

}  // namespace meepo::adapters::sqlite
