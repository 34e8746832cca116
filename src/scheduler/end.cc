// end: what an executor reports becomes the firing's end, its retry or the next task of its chain, in one store operation a shard. The
// executor keeps its report until the verdict comes, so a repeat is as good as the first.

#include "scheduler/impl.h"
#include "task/after_end.h"
#include "task/ticks.h"

namespace meepo::scheduler {

/// The owner knows its leases; a lease after a takeover lacks its task, and another node's attempt is not known at all.
void Scheduler::Impl::ended(ports::SessionId session, std::vector<ports::RunEnd> ends) {
  std::vector<KnownEnd> known;
  std::vector<ports::RunEnd> unknown;
  for (auto& end : ends) {
    const engine::Lease* lease = engine_.leases().find(end.run.token);
    if (lease == nullptr || !lease->task) {
      unknown.push_back(std::move(end));
      continue;
    }
    known.push_back(
        {.end = std::move(end),
         .basis = EndBasis{.task = lease->task, .due = lease->due, .failures = lease->failures, .cancel_asked = lease->cancel_asked}});
  }
  if (!known.empty()) send_ends(session, std::move(known));
  if (!unknown.empty()) look_up_ends(session, std::move(unknown));
}

void Scheduler::Impl::look_up_ends(ports::SessionId session, std::vector<ports::RunEnd> ends) {
  std::map<Shard, std::vector<ports::RunEnd>> by_shard;
  for (auto& end : ends) by_shard[end.run.id.task.shard()].push_back(std::move(end));
  for (auto& [shard, of_shard] : by_shard) {
    ports::RunningRequest request{.shard = shard, .ids = {}};
    for (const auto& end : of_shard) request.ids.push_back(end.run.id);
    insist(std::move(request), [this, session, kept = std::move(of_shard)](const ports::RunningRequest&,
                                                                           Result<ports::RunningRequest::Answer> found) mutable {
      if (!found) return;  // the executor keeps its ends and offers them again
      std::vector<KnownEnd> known;
      for (std::size_t i = 0; i < kept.size(); ++i) {
        KnownEnd& each = known.emplace_back(KnownEnd{.end = std::move(kept[i]), .basis = std::nullopt});
        // An attempt that was taken back or ended before: the store says which.
        const auto& running = (*found)[i];
        if (!running || !*running || (*running)->firing.run_token != each.end.run.token) continue;
        const Firing& firing = (*running)->firing;
        each.basis = EndBasis{
            .task = (*running)->task, .due = firing.due, .failures = firing.failures, .cancel_asked = firing.cancel_asked_at.has_value()};
      }
      send_ends(session, std::move(known));
    });
  }
}

ports::EndRequest::Item Scheduler::Impl::end_item(KnownEnd known, bool owned) {
  ports::RunEnd& end = known.end;
  ports::EndRequest::Item item{.id = std::move(end.run.id), .token = end.run.token, .outcome = end.outcome};
  item.result = std::move(end.result);
  item.error = std::move(end.error);
  item.report = std::move(end.report);
  if (!known.basis) return item;
  const EndBasis& basis = *known.basis;
  AfterEnd after =
      after_end(*basis.task, {.tick = item.id.tick, .due = basis.due}, item.outcome, basis.failures, basis.cancel_asked, now());
  item.retry_at = after.retry_at;
  if (after.chained) {
    auto chained = std::make_shared<ports::CreateRequest::Item>();
    chained->content_hash = content_hash(after.chained->spec);
    chained->first.tick = first_tick(*after.chained);
    if (owned && !engine_.serves(target_key(after.chained->spec.target))) {
      chained->first.state = State::Waiting;
      chained->first.wait_reason = WaitReason::NoExecutor;
    }
    chained->task = std::make_shared<const Task>(*std::move(after.chained));
    item.chained = std::move(chained);
  }
  return item;
}

void Scheduler::Impl::send_ends(ports::SessionId session, std::vector<KnownEnd> ends) {
  std::map<Shard, ports::EndRequest> requests;
  for (auto& end : ends) {
    const Shard shard = end.end.run.id.task.shard();
    ports::EndRequest& request = requests[shard];
    request.shard = shard;
    request.fence = fence_of(shard);
    request.items.push_back(end_item(std::move(end), request.fence.has_value()));
  }
  for (auto& [shard, request] : requests) send_ends(session, std::move(request));
}

void Scheduler::Impl::send_ends(ports::SessionId session, ports::EndRequest request) {
  insist(std::move(request), [this, session](const ports::EndRequest& sent, Result<ports::EndRequest::Answer> answers) {
    if (!answers) {
      // The shard has another owner by now. The run token is proof enough.
      const bool lost = answers.error().code == Code::Fenced || !still_owns(sent.shard, sent.fence);
      if (!lost || stopping_) return;
      ports::EndRequest anew = sent;
      anew.fence.reset();
      send_ends(session, std::move(anew));
      return;
    }
    for (std::size_t i = 0; i < sent.items.size(); ++i) end_answered(session, sent.items[i], std::move((*answers)[i]));
  });
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
  if (verdict == Verdict::Accepted) {
    figures_.ended.add(item.outcome);
    if (lease && lease->begun_at) figures_.duration.add(seconds(now() - *lease->begun_at));
    if (item.chained) ++figures_.chained;
  }
  // A repeat may be ours, of a request whose answer was lost: what it led to is there, so it is looked at like the first. Should it be
  // old news, the claim finds nothing to do.
  if (answer->retry || (item.retry_at && lease)) ++figures_.retries;
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
      if (engine_.owns(next.id.shard())) engine_.waiting(next.id.shard(), target_key(next.spec.target));
    } else {
      add_due(item.chained->task, item.chained->first.tick);
    }
  }
}

}  // namespace meepo::scheduler
