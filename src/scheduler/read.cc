// Reads: the store's answers, as they are.

#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::get(TaskId id, Done<Result<ports::TaskView>> done) {
  ask(ports::GetRequest{.shard = id.shard(), .ids = {id}}, [done = std::move(done)](Result<ports::GetRequest::Answer> answers) mutable {
    if (answers) {
      done(std::move(answers->front()));
    } else {
      done(fail(std::move(answers.error())));
    }
  });
}

void Scheduler::Impl::list(ports::ListRequest request, Done<Result<ports::ListRequest::Answer>> done) {
  ask(std::move(request), std::move(done));
}

void Scheduler::Impl::ledger(ports::LedgerRequest request, Done<Result<ports::LedgerRequest::Answer>> done) {
  request.shard = request.id.shard();
  ask(std::move(request), std::move(done));
}

void Scheduler::Impl::counts(Done<Result<ports::CountsRequest::Answer>> done) { ask(ports::CountsRequest{}, std::move(done)); }

std::vector<ExecutorView> Scheduler::Impl::executors() const {
  std::vector<ExecutorView> views;
  for (const engine::Executor* executor : engine_.executors().connected()) {
    views.push_back({.instance = executor->instance,
                     .name = executor->name,
                     .target_keys = executor->target_keys,
                     .running = executor->runs.size(),
                     .credits = executor->credits,
                     .connected_at = executor->connected_at});
  }
  return views;
}

ports::SchedulerFigures Scheduler::Impl::figures() const {
  ports::SchedulerFigures figures = figures_;
  figures.shards = shards_.size();
  figures.firings_known = engine_.due_known();
  figures.attempts_running = engine_.leases().size();
  const auto connected = engine_.executors().connected();
  figures.executors = connected.size();
  for (const engine::Executor* executor : connected) figures.credits += executor->credits;
  figures.creates_waiting = creates_waiting_;
  figures.creates_refused += creates_turned_away_;
  figures.store_requests_waiting = asked_;
  return figures;
}

}  // namespace meepo::scheduler
