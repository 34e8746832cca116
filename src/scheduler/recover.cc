// recover: shards are taken over with what runs in them; attempts that are lost are taken back or ended.

#include <algorithm>

#include "base/log.h"
#include "base/planted_bug.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::granted(std::vector<ports::ShardGrant> grants) {
  for (const auto& grant : grants) {
    lose_shard(grant.shard);  // owned before, under a lower fence: what another owner did in between is not known here
    shards_[grant.shard] = {.fence = grant.fence, .change_sequence = 0, .loaded_until = std::nullopt, .loading = false};
    engine_.own(grant.shard);
    ++takeovers_left_;
    insist(ports::TakeOverRequest{.shard = grant.shard, .fence = grant.fence, .lease_most = options_.run_lease},
           [this](const ports::TakeOverRequest& request, Result<ports::TakeOverRequest::Answer> answer) {
             if (answer && still_owns(request.shard, request.fence)) taken_over(request.shard, *std::move(answer));
             if (--takeovers_left_ > 0 || stopping_) return;
             recover_inside_executors();
             for (const Shard shard : engine_.owned()) {
               const ShardState& state = shards_.at(shard);
               if (!state.loaded_until && !state.loading) load(shard, std::nullopt);
             }
           });
  }
}

void Scheduler::Impl::taken_over(Shard shard, ports::TakeOverRequest::Answer answer) {
  shards_.at(shard).change_sequence = answer.change_sequence;
  for (auto& firing : answer.running) {
    engine::Lease lease{.id = firing.id, .token = firing.run_token, .due = firing.due, .lease_until = firing.score};
    lease.executor = std::move(firing.executor);
    lease.target_key = std::move(firing.target_key);
    lease.priority = firing.priority;
    lease.attempt = firing.attempt;
    lease.failures = firing.failures;
    lease.crashes = firing.crashes;
    lease.suspect = firing.suspect;
    lease.started = firing.started;
    lease.cancel_asked = firing.cancel_asked;
    lease.on_lost = firing.on_lost;
    if (lease.suspect) ++engine_.executors().known(lease.executor).suspects;
    engine_.begun(std::move(lease));
  }
  for (const auto& key : answer.waiting_target_keys) engine_.waiting(shard, key);
}

/// Executors of an earlier process of this node died with it. Whether their attempts had started is not to be known, so they had.
void Scheduler::Impl::recover_inside_executors() {
  if (options_.inside_executor_prefix.empty()) return;
  for (const engine::Executor* executor : engine_.executors().gone_with_prefix(options_.inside_executor_prefix)) {
    for (const auto& token : executor->runs) {
      if (engine::Lease* lease = engine_.leases().find(token)) lease->started = true;
    }
    for (auto& lost : engine::judge_crash(*executor, engine_.runs_of(*executor))) lost_out_.push_back(std::move(lost));
  }
}

void Scheduler::Impl::look_after_leases() {
  std::vector<engine::LostRun> lost;
  for (const RunToken& token : engine_.leases().ended(now())) {
    const engine::Lease& lease = *engine_.leases().find(token);
    const engine::Executor* executor = engine_.executors().by_instance(lease.executor);
    if (executor != nullptr && executor->session != 0) {
      // The executor is there but does not renew this one, or not here. If the store agrees, it is told to stop.
      engine::LostRun item = engine::not_started(lease, "attempt lost: executor " + lease.executor + " stopped renewing its lease");
      if (lease.started && lease.on_lost == OnLost::Unknown) item.to = engine::LostRun::To::Unknown;
      lost.push_back(std::move(item));
      continue;
    }
    if (!judged_.contains(token) && executor != nullptr) {
      // One judgement for all that it ran, at the first lease that ends; each is carried out when its own lease has ended.
      for (auto& item : engine::judge_crash(*executor, engine_.runs_of(*executor))) judged_.try_emplace(item.token, item);
    }
    const auto judged = judged_.find(token);
    lost.push_back(judged != judged_.end() ? judged->second : engine::not_started(lease, "attempt lost: its executor is not known"));
  }
  if (!lost.empty() && !planted(PlantedBug::NoLeaseReaper)) reap(std::move(lost), true);
}

void Scheduler::Impl::reap(std::vector<engine::LostRun> lost, bool lease_ended) {
  using To = ports::ReapRequest::Item::To;
  const auto to = [](engine::LostRun::To from) {
    switch (from) {
      case engine::LostRun::To::Due: return To::Due;
      case engine::LostRun::To::Unknown: return To::Unknown;
      case engine::LostRun::To::Quarantined: return To::Quarantined;
    }
    return To::Due;
  };
  std::map<Shard, ports::ReapRequest> requests;
  for (auto& item : lost) {
    const Shard shard = item.id.task.shard();
    const auto fence = fence_of(shard);
    if (!fence) continue;
    // A store that is away is not asked again every second for the same lease.
    if (lease_ended && !reaping_.insert(item.id).second) continue;
    ports::ReapRequest& request = requests[shard];
    request.shard = shard;
    request.fence = *fence;
    request.now = now();
    request.items.push_back({.id = std::move(item.id),
                             .token = item.token,
                             .lease_ended = lease_ended,
                             .to = to(item.to),
                             .mark_suspect = item.mark_suspect,
                             .count_crash = item.count_crash,
                             .evidence = std::move(item.evidence)});
  }
  for (auto& [shard, request] : requests) {
    insist(std::move(request), [this](const ports::ReapRequest& sent, Result<ports::ReapRequest::Answer> answers) {
      for (const auto& item : sent.items) {
        if (item.lease_ended) reaping_.erase(item.id);
      }
      if (answers) {
        reap_answered(sent, *std::move(answers));
      } else {
        reap_unanswered(sent, answers.error());
      }
    });
  }
}

/// It may have been carried out, and no other node will say so.
void Scheduler::Impl::reap_unanswered(const ports::ReapRequest& request, const Error& error) {
  using To = ports::ReapRequest::Item::To;
  for (const auto& item : request.items) {
    const std::string text = item.id.text() + " perhaps: " + item.evidence + " (" + error.message + ")";
    if (item.to == To::Quarantined) parts_.alerter.alert("firing_quarantined", text);
    if (item.to == To::Unknown) parts_.alerter.alert("firing_unknown", text);
  }
}

/// Its executor, if it is there, still has an attempt that was taken back.
void Scheduler::Impl::tell_to_stop(const engine::Lease& lease) {
  const engine::Executor* executor = engine_.executors().by_instance(lease.executor);
  if (executor == nullptr || executor->session == 0) return;
  parts_.dispatcher.ask_cancel(executor->session, {{.id = lease.id, .token = lease.token}});
}

void Scheduler::Impl::reap_answered(const ports::ReapRequest& request, ports::ReapRequest::Answer answers) {
  using To = ports::ReapRequest::Item::To;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    const auto& item = request.items[i];
    if (!answers[i]) {
      parts_.alerter.alert("reap_refused", answers[i].error().message);
      continue;
    }
    judged_.erase(item.token);
    if (answers[i]->lease_until) {
      // Renewed through another node, or by a renewal whose answer was lost.
      // No lease is longer than this: a row that the store has yet to move by a step of its clock says more.
      engine_.leases().renew(item.token, std::min(*answers[i]->lease_until, now() + options_.run_lease));
      continue;
    }
    const auto lease = engine_.over(item.token);
    if (!answers[i]->reaped) continue;
    ++figures_.taken_back;
    if (item.lease_ended && lease) tell_to_stop(*lease);
    log::warn("reap", {{"firing", item.id.text()}, {"evidence", item.evidence}});
    if (item.to == To::Quarantined) parts_.alerter.alert("firing_quarantined", item.id.text() + ": " + item.evidence);
    if (item.to == To::Unknown) parts_.alerter.alert("firing_unknown", item.id.text() + ": " + item.evidence);
    if (answers[i]->open && answers[i]->open->state == State::Due) add_due(*std::move(answers[i]->open));
    add_due(std::move(answers[i]->next));
  }
}

}  // namespace meepo::scheduler
