// Engine::plan: what follows from what is due, who has credits and what waits.

#include <algorithm>

#include "engine/engine.h"

namespace meepo::engine {

Plan Engine::plan(SysTime now) {
  std::vector<TimingWheel::Entry> due;
  wheel_.advance(now, due);
  for (const auto& entry : due) {
    const auto handle = handles_.find(entry.handle);
    if (handle == handles_.end()) continue;
    Known& known = *handle->second;
    handles_.erase(handle);
    make_ready(known);
  }
  for (const auto& [key, when] : unserved_) {
    if (when <= now) awake_.insert(key);
  }
  Plan plan;
  auto awake = std::move(awake_);
  awake_.clear();
  for (const auto& key : awake) {
    const auto found = targets_.find(key);
    if (found == targets_.end()) continue;
    plan_target(key, found->second, now, plan);
    Target& target = found->second;
    if (target.ready.empty() && target.suspects.empty() && target.waiting.none() && target.fetching == 0) {
      targets_.erase(found);
      unserved_.erase(key);
    }
  }
  return plan;
}

void Engine::plan_target(const std::string& key, Target& target, SysTime now, Plan& plan) {
  if (!executors_.serves(key)) {
    if (target.ready.empty() && target.suspects.empty()) {
      unserved_.erase(key);
      return;
    }
    const auto [entry, added] = unserved_.try_emplace(key, now + kParkGrace);
    if (entry->second > now) return;
    park(target, target.ready, 0, WaitReason::NoExecutor, plan);
    park(target, target.suspects, 0, WaitReason::NoExecutor, plan);
    unserved_.erase(key);
    return;
  }
  unserved_.erase(key);
  match(target.suspects, true, now, plan);
  match(target.ready, false, now, plan);
  park(target, target.ready, limits::kReadyPerTargetMax, WaitReason::Backlog, plan);
  fetch_waiting(key, target, plan);
}

void Engine::match(Queue& queue, bool suspect, SysTime now, Plan& plan) {
  while (!queue.empty()) {
    OpenFiring& first = (*queue.begin())->firing;
    const bool ahead = first.score > now;
    const Executor* executor = ahead ? executors_.reserve_ahead(first.target_key) : executors_.reserve(first.target_key, suspect);
    if (executor == nullptr && !ahead) return;
    if (executor == nullptr) {
      Known& known = **queue.begin();
      queue.erase(queue.begin());
      watch(known, known.firing.score);
      continue;
    }
    queue.erase(queue.begin());
    plan.matches.push_back({.firing = std::move(first), .session = executor->session, .executor = executor->instance});
    known_.erase(plan.matches.back().firing.id);
  }
}

/// All but the first `keep` of the queue wait in the store from now on.
void Engine::park(Target& target, Queue& queue, std::size_t keep, WaitReason reason, Plan& plan) {
  while (queue.size() > keep) {
    const auto last = std::prev(queue.end());
    const FiringId id = (*last)->firing.id;
    queue.erase(last);
    known_.erase(id);
    target.waiting.set(id.task.shard());
    ++target.parks;
    plan.parks.push_back({.id = id, .reason = reason});
  }
}

// Half a queue is kept ahead, so that credits never wait for the store. All shards with waiting firings are asked at once, for a share
// each, so that none is forgotten.
void Engine::fetch_waiting(const std::string& key, Target& target, Plan& plan) {
  const std::size_t ahead = target.ready.size() + target.suspects.size();
  if (target.fetching > 0 || target.waiting.none() || ahead >= limits::kReadyPerTargetMax / 2) return;
  const std::size_t share = std::clamp((limits::kReadyPerTargetMax - ahead) / target.waiting.count(), kUnparkShareMin, kUnparkShareMax);
  for (std::size_t shard = 0; shard < kShardCount; ++shard) {
    if (!target.waiting.test(shard)) continue;
    ++target.fetching;
    plan.unparks.push_back({.shard = static_cast<Shard>(shard), .target_key = key, .limit = share, .parks_seen = target.parks});
  }
}

}  // namespace meepo::engine
