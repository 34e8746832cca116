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
  const Tick tick = Tick::by_hand(++task_row.facts.by_hand);
  const auto armed =
      arm(task_row, {.tick = {.tick = tick, .due = request.now}, .state = State::Due, .wait_reason = WaitReason::None}, like);
  if (!armed) return fail(armed.error());
  if (*armed == nullptr) return fail(Code::Internal, "firing " + FiringId{.task = item.id, .tick = tick}.text() + " exists already");
  (*armed)->firing.params = item.params;
  if (!item.request_id.empty()) save_request_id(request.shard, scope, item.request_id, (*armed)->firing.id, true, 0);
  return tables_.open_firing(**armed);
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
  Row& task_row = *pair->task;
  if (!row.never_began()) return fail(Code::Conflict, "firing " + item.open.text() + " began already: it cannot be skipped");
  const Row like = row;
  const bool real = row.has_task;
  if (real || !row.planned()) {
    end(*pair, {Move::Skip}, Fate::Skipped, Outcome::None, item.reason);
    return true;
  }
  // The range covers this tick too, and each tick has one line of the ledger.
  {
    Moving moving(tables_, row, task_row);
    moving.go({Move::Skip});
    row.removed = true;
  }
  tables_.add_range(task_row, {.range = item.range, .fate = Fate::Skipped, .reason = item.reason});
  if (item.next && !task_row.facts.takes_no_more()) {
    if (const auto armed = arm_next(task_row, *item.next, like); !armed) return fail(armed.error());
  }
  return true;
}

}  // namespace meepo::adapters::sqlite
