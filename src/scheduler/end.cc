// end: what an executor reports becomes the firing's end, its retry or the next task of its chain, in one store operation a shard. The
// executor keeps its report until the verdict comes, so a repeat is as good as the first.

#include "scheduler/impl.h"
#include "task/after_end.h"
#include "task/ticks.h"

namespace meepo::scheduler {

void Scheduler::Impl::ended(ports::SessionId session, std::vector<ports::RunEnd> ends) {
  std::vector<ports::RunEnd> known;
  std::vector<ports::RunEnd> without_task;
  for (auto& end : ends) {
    const engine::Lease* lease = engine_.leases().find(end.run.token);
    // After a takeover the lease is known, its task is not yet.
    const bool needs_task = lease != nullptr && !lease->task;
    (needs_task ? without_task : known).push_back(std::move(end));
  }
  if (!known.empty()) send_ends(session, std::move(known));
  if (!without_task.empty()) fetch_tasks(session, std::move(without_task));
}

void Scheduler::Impl::fetch_tasks(ports::SessionId session, std::vector<ports::RunEnd> ends) {
  std::map<Shard, std::vector<ports::RunEnd>> by_shard;
  for (auto& end : ends) by_shard[end.run.id.task.shard()].push_back(std::move(end));
  for (auto& [shard, of_shard] : by_shard) {
    ports::GetRequest request{.shard = shard, .ids = {}};
    for (const auto& end : of_shard) request.ids.push_back(end.run.id.task);
    insist(std::move(request),
           [this, session, kept = std::move(of_shard)](const ports::GetRequest&, Result<ports::GetRequest::Answer> views) mutable {
             if (!views) return;  // the executor keeps its ends and offers them again
             for (std::size_t i = 0; i < kept.size(); ++i) {
               engine::Lease* lease = engine_.leases().find(kept[i].run.token);
               if (lease != nullptr && (*views)[i]) lease->task = (*views)[i]->task;
             }
             send_ends(session, std::move(kept));
           });
  }
}

ports::EndRequest::Item Scheduler::Impl::end_item(ports::RunEnd end) {
  ports::EndRequest::Item item{.id = std::move(end.run.id), .token = end.run.token, .outcome = end.outcome};
  item.result = std::move(end.result);
  item.error = std::move(end.error);
  item.report = std::move(end.report);
  // An attempt that is not known here was taken back or ended before: the store says which.
  const engine::Lease* lease = engine_.leases().find(item.token);
  if (lease == nullptr || !lease->task) return item;
  const DueTick tick{.tick = lease->id.tick, .due = lease->due};
  AfterEnd after = after_end(*lease->task, tick, item.outcome, lease->failures, lease->cancel_asked, now());
  item.retry_at = after.retry_at;
  if (after.chained) {
    auto chained = std::make_shared<ports::CreateRequest::Item>();
    chained->content_hash = content_hash(after.chained->spec);
    chained->first.tick = first_tick(*after.chained);
    if (!engine_.serves(target_key(after.chained->spec.target))) {
      chained->first.state = State::Waiting;
      chained->first.wait_reason = WaitReason::NoExecutor;
    }
    chained->task = std::make_shared<const Task>(*std::move(after.chained));
    item.chained = std::move(chained);
  }
  return item;
}

void Scheduler::Impl::send_ends(ports::SessionId session, std::vector<ports::RunEnd> ends) {
  std::map<Shard, ports::EndRequest> requests;
  for (auto& end : ends) {
    const Shard shard = end.run.id.task.shard();
    ports::EndRequest& request = requests[shard];
    request.shard = shard;
    request.fence = fence_of(shard);
    request.items.push_back(end_item(std::move(end)));
  }
  for (auto& [shard, request] : requests) {
    insist(std::move(request), [this, session](const ports::EndRequest& sent, Result<ports::EndRequest::Answer> answers) {
      if (!answers) return;
      for (std::size_t i = 0; i < sent.items.size(); ++i) end_answered(session, sent.items[i], std::move((*answers)[i]));
    });
  }
}

void Scheduler::Impl::end_answered(ports::SessionId session, const ports::EndRequest::Item& item,
                                   Result<ports::EndRequest::ItemAnswer> answer) {
  using Verdict = ports::EndRequest::ItemAnswer::Verdict;
  if (!answer && answer.error().code != Code::NotFound) {
    parts_.alerter.alert("end_refused", answer.error().message);
    return;
  }
  const Verdict verdict = answer ? answer->verdict : Verdict::Stale;
  verdicts_out_[session].push_back({.run = {.id = item.id, .token = item.token}, .verdict = verdict});
  const auto lease = engine_.over(item.token);
  judged_.erase(item.token);
  trace("end", item.id, std::string(to_string(item.outcome)));
  if (verdict == Verdict::Stale) {
    parts_.alerter.alert("end_stale", "an end of " + item.id.text() + " was refused: its attempt had been taken back or had ended before");
    return;
  }
  // A repeat may be ours, of a request whose answer was lost: what it led to is there, so it is looked at like the first. Should it be
  // old news, the claim finds nothing to do.
  if (answer->retry) {
    add_due(std::move(*answer->retry));
  } else if (item.retry_at && lease) {
    OpenFiring again{.id = item.id, .state = State::Due, .due = lease->due, .score = *item.retry_at, .target_key = lease->target_key};
    again.priority = lease->priority;
    again.attempt = lease->attempt;
    again.on_lost = lease->on_lost;
    add_due(std::move(again));
  } else {
    trace("ended", item.id);
  }
  add_due(std::move(answer->next));
  for (const FiringId& dropped : answer->dropped) engine_.forget(dropped);
  if (item.chained && verdict == Verdict::Accepted) {
    const Task& next = *item.chained->task;
    trace("create", {.task = next.id, .tick = item.chained->first.tick.tick});
    if (item.chained->first.state == State::Waiting) {
      engine_.waiting(next.id.shard(), target_key(next.spec.target));
    } else {
      add_due(item.chained->task, item.chained->first.tick);
    }
  }
}

}  // namespace meepo::scheduler
