// claim → begin → dispatch: due firings that hold an executor's credit are claimed and begun in one store operation a shard, and sent
// to their executors in one batch a stream.

#include "base/log.h"
#include "base/planted_bug.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::claim(std::vector<engine::Match> matches) {
  if (matches.empty()) return;
  struct Batch {
    ports::ClaimRequest request;
    std::vector<engine::Match> matches;
  };
  std::map<Shard, Batch> batches;
  const SysTime at = now();
  const auto send = [this](Batch batch) {
    insist(std::move(batch.request), [this, matches = std::move(batch.matches)](const ports::ClaimRequest& request,
                                                                                Result<ports::ClaimRequest::Answer> answers) mutable {
      for (std::size_t i = 0; i < matches.size(); ++i) {
        if (answers) {
          claimed(matches[i], request.items[i], std::move((*answers)[i]));
        } else {
          claimed(matches[i], request.items[i], fail(answers.error()));
        }
      }
    });
  };
  for (auto& match : matches) {
    const Shard shard = match.firing.id.task.shard();
    const auto fence = fence_of(shard);
    if (!fence) {
      engine_.release(match.executor, match.session, match.firing.suspect);
      continue;
    }
    trace("due", match.firing.id);
    if (skips(match, at)) {
      engine_.release(match.executor, match.session, match.firing.suspect);
      continue;
    }
    Batch& batch = batches[shard];
    batch.request.shard = shard;
    batch.request.fence = *fence;
    batch.request.now = at;
    batch.request.ahead = options_.claim_ahead;
    batch.request.lease_until = at + options_.claim_lease;
    ports::ClaimRequest::Item item{.id = match.firing.id, .next = std::nullopt, .start = std::nullopt, .known = match.firing.task};
    if (match.firing.task && match.firing.attempt == 0) {
      item.next = planner_.next(*match.firing.task, {.tick = match.firing.id.tick, .due = match.firing.due});
      if (planted(PlantedBug::NextTickFromNow) && item.next && match.firing.task->spec.kind == Kind::Plan) {
        item.next = planner_.after(*match.firing.task, at);
      }
      if (planted(PlantedBug::NextTickArmedLater)) item.next.reset();
    }
    item.start = ports::StartRun{.token = new_token(), .executor = match.executor, .lease_until = at + options_.run_lease};
    batch.request.items.push_back(std::move(item));
    batch.matches.push_back(std::move(match));
    if (batch.matches.size() >= kClaimsPerRequest) {
      send(std::exchange(batch, {}));
    }
  }
  for (auto& [shard, batch] : batches) {
    if (!batch.matches.empty()) send(std::move(batch));
  }
}

void Scheduler::Impl::claimed(const engine::Match& match, const ports::ClaimRequest::Item& item,
                              Result<ports::ClaimRequest::ItemAnswer> answer) {
  if (!answer || !answer->claimed || !answer->begun) {
    // Not DUE any more: cancelled, paused or taken meanwhile; or overlap held it up. A record that does not decode is reported and stays
    // as it is.
    if (!answer) parts_.alerter.alert("claim_refused", answer.error().message);
    engine_.release(match.executor, match.session, match.firing.suspect);
    if (!answer) return;
    if (answer->not_yet) add_due(*std::move(answer->not_yet), engine::Engine::When::NotBeforeDue);
    ask_to_stop(answer->to_stop);
    if (!answer->skipped) return;
    log::warn("skip", {{"firing", match.firing.id.text()}, {"reason", "overlap"}});
    figures_.ticks_skipped.add(SkipReason::Overlap);
    if (item.next) add_due(match.firing.task, *item.next);
    return;
  }
  const Firing& firing = answer->begun->firing;
  const TaskPtr& task = answer->begun->task;
  trace("claim", firing.id);
  engine::Lease lease{.id = firing.id, .token = firing.run_token, .due = firing.due, .lease_until = item.start->lease_until};
  lease.executor = match.executor;
  lease.target_key = match.firing.target_key;
  lease.priority = match.firing.priority;
  lease.attempt = firing.attempt;
  lease.begun_at = firing.begun_at;
  lease.failures = firing.failures;
  lease.crashes = firing.crashes;
  lease.suspect = match.firing.suspect;
  lease.on_lost = task->spec.options.on_lost;
  lease.task = task;
  // By the row, not by what the engine knew: a step of the clock may have moved a rung meanwhile. A retry begins at once.
  const bool ahead = firing.attempt == 1 && firing.due > now();
  begun(std::move(lease), match.session, firing.params, ahead ? std::optional(firing.due) : std::nullopt);
  if (item.next) add_due(task, *item.next);
  if (planted(PlantedBug::NextTickArmedLater)) arm_later(item, task, firing.due);
}

void Scheduler::Impl::arm_later(ports::ClaimRequest::Item item, const TaskPtr& task, SysTime due) {
  const Shard shard = item.id.task.shard();
  item.next = planner_.next(*task, {.tick = item.id.tick, .due = due});
  ask(ports::ClaimRequest{.shard = shard, .fence = fence_of(shard).value_or(Fence()), .lease_until = {}, .now = now(), .items = {item}},
      [this, task, next = item.next](const Result<ports::ClaimRequest::Answer>& answer) {
        if (answer && next) add_due(task, *next);
      });
}

/// The attempt is RUNNING in the store: it goes to its executor if that is still there, else back.
void Scheduler::Impl::begun(engine::Lease lease, engine::SessionId session, const std::optional<Payload>& params,
                            std::optional<SysTime> not_before) {
  trace("begin", lease.id, lease.executor);
  const engine::Lease& kept = engine_.begun(std::move(lease));
  const engine::Executor* executor = engine_.executors().by_session(session);
  if (executor == nullptr || executor->instance != kept.executor) {
    lost_out_.push_back(engine::not_started(kept, "its executor's stream closed before the attempt was sent"));
    return;
  }
  const TaskSpec& spec = kept.task->spec;
  figures_.begun.add(spec.kind);
  if (kept.attempt == 1) figures_.lateness.add(seconds(now() - kept.due));
  ports::Run run{.id = kept.id, .token = kept.token, .attempt = kept.attempt, .due = kept.due, .lease_until = kept.lease_until};
  run.timeout = spec.options.timeout;
  run.suspect = kept.suspect;
  run.target = spec.target;
  run.app_id = spec.app_id;
  if (auto* service = std::get_if<ServiceTarget>(&run.target); service != nullptr && params) service->params = *params;
  run.not_before = not_before;
  runs_out_[session].push_back(std::move(run));
}

void Scheduler::Impl::dispatch() {
  for (auto& [session, verdicts] : std::exchange(verdicts_out_, {})) parts_.dispatcher.answer_ends(session, std::move(verdicts));
  for (auto& [session, verdicts] : std::exchange(renewals_out_, {})) parts_.dispatcher.answer_renewals(session, std::move(verdicts));
  for (auto& [session, runs] : std::exchange(runs_out_, {})) {
    for (const auto& run : runs) trace("dispatch", run.id);
    parts_.dispatcher.send(session, std::move(runs));
  }
}

}  // namespace meepo::scheduler
