// why: which tick is meant, what the ledger says of it, and the sentence that follows.

#include <algorithm>
#include <utility>

#include "api/calls/calls.h"
#include "api/calls/explain.h"
#include "base/text.h"
#include "task/ticks.h"

namespace meepo::api {

struct Calls::WhyCall {
  TaskId id;
  std::optional<Tick> tick;     ///< asked for by name
  std::optional<SysTime> time;  ///< asked for by time
  Done<v1::WhyResponse> done;
  ports::TaskView view;
  std::optional<DueTick> meant;
  std::optional<DueTick> next;
};

void Calls::why(const v1::WhyRequest& request, Done<v1::WhyResponse> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  auto call = std::make_shared<WhyCall>();
  call->id = *id;
  if (auto tick = Tick::parse(request.time())) {
    call->tick = *std::move(tick);
  } else if (!request.time().empty()) {
    const auto time = instant_from(request.time(), "time");
    if (!time) {
      return done(fail(Code::InvalidArgument,
                       "time is " + quoted(request.time()) + ": expected ISO 8601, or a tick such as r3, m1 or 1795856400000", "time"));
    }
    call->time = *time;
  }
  call->done = std::move(done);
  loop_.post([this, call = std::move(call)]() mutable {
    scheduler_.get(call->id, [this, call](Result<ports::TaskView> view) mutable {
      if (!view) return call->done(fail(std::move(view.error())));
      call->view = *std::move(view);
      why_of_task(std::move(call));
    });
  });
}

/// Finds the tick that is meant.
void Calls::why_of_task(std::shared_ptr<WhyCall> call) {
  const Task& task = *call->view.task;
  if (call->tick) {
    const auto due = task.spec.kind == Kind::Ladder ? rung_due(task, *call->tick) : call->tick->instant();
    call->meant = DueTick{.tick = *call->tick, .due = due.value_or(task.created)};
  } else if (call->time) {
    call->meant = planner_.at_or_before(task, *call->time);
    if (!call->meant) {
      const auto first = planner_.first(task);
      if (first) call->next = *first;
    }
  } else if (const auto& firing = call->view.latest ? call->view.latest : call->view.armed) {
    call->meant = DueTick{.tick = firing->id.tick, .due = firing->due};
  }
  why_of_tick(std::move(call));
}

void Calls::why_of_tick(std::shared_ptr<WhyCall> call) {
  const auto finish = [this, call](const std::vector<ports::LedgerRow>& rows) {
    const std::string key = target_key(call->view.task->spec.target);
    const auto executors = scheduler_.executors();
    const bool served = std::ranges::any_of(
        executors, [&](const auto& executor) { return std::ranges::find(executor.target_keys, key) != executor.target_keys.end(); });
    if (const auto row = std::ranges::find_if(rows, [&](const auto& r) { return r.firing && r.firing->id.tick == call->meant->tick; });
        row != rows.end()) {
      call->meant->due = row->firing->due;
    }
    call->done(explain({.view = call->view,
                        .tick = call->meant,
                        .asked = call->time,
                        .next = call->next,
                        .rows = rows,
                        .now = loop_.system_now(),
                        .served = served}));
  };
  if (!call->meant) return finish({});
  ports::LedgerRequest request{
      .shard = call->id.shard(), .id = call->id, .tick = call->meant->tick, .before = {}, .limit = limits::kPageSizeMax};
  scheduler_.ledger(std::move(request), [call, finish](Result<ports::LedgerRequest::Answer> answer) {
    if (!answer) return call->done(fail(std::move(answer.error())));
    finish(answer->rows);
  });
}

}  // namespace meepo::api
