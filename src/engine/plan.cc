// Engine::plan: what follows from what is due, who has credits and what waits.

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

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
  std::vector<Target*> served;
  for (const auto& key : awake) {
    const auto found = targets_.find(key);
    if (found == targets_.end()) continue;
    Target& target = found->second;
    if (!executors_.serves(key)) {
      park_unserved(key, target, now, plan);
      continue;
    }
    unserved_.erase(key);
    target.unserved = false;
    while (match_first(target.suspects, true, now, plan)) {}
    served.push_back(&target);
  }
  match_in_turn(std::move(served), now, plan);
  for (const auto& key : awake) {
    const auto found = targets_.find(key);
    if (found == targets_.end()) continue;
    Target& target = found->second;
    if (executors_.serves(key)) {
      park(target, target.ready, limits::kReadyPerTargetMax, WaitReason::Backlog, plan);
      fetch_waiting(key, target, plan);
    }
    if (target.ready.empty() && target.suspects.empty() && target.waiting.none() && target.fetching == 0) {
      targets_.erase(found);
      unserved_.erase(key);
    }
  }
  return plan;
}

void Engine::park_unserved(const std::string& key, Target& target, SysTime now, Plan& plan) {
  const bool is_said = target.unserved || target.waiting.none();
  if (target.ready.empty() && target.suspects.empty() && is_said) {
    unserved_.erase(key);
    return;
  }
  const auto [entry, added] = unserved_.try_emplace(key, now + kParkGrace);
  if (entry->second > now) return;
  park(target, target.ready, 0, WaitReason::NoExecutor, plan);
  park(target, target.suspects, 0, WaitReason::NoExecutor, plan);
  unserved_.erase(key);
  if (!std::exchange(target.unserved, true)) plan.unserved.push_back(key);
}

// Higher priority goes first. Among equals the targets take turns, the one that was matched longest ago first: a long queue of one target
// must not keep another's firings from an executor that serves both.
void Engine::match_in_turn(std::vector<Target*> targets, SysTime now, Plan& plan) {
  std::ranges::sort(targets, {}, &Target::matched);
  std::array<std::deque<Target*>, limits::kPriorityMax + 1> turns;
  const auto turn_of = [&turns](const Target& target) -> std::deque<Target*>& {
    return turns.at(static_cast<std::size_t>(std::clamp((*target.ready.begin())->firing.priority, 0, limits::kPriorityMax)));
  };
  for (Target* target : targets) {
    if (!target->ready.empty()) turn_of(*target).push_back(target);
  }
  for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
    while (!turn->empty()) {
      Target& target = *turn->front();
      turn->pop_front();
      if (!match_first(target.ready, false, now, plan)) continue;
      target.matched = ++matches_;
      if (!target.ready.empty()) turn_of(target).push_back(&target);
    }
  }
}

/// Takes the first firing out of the queue: matched, or, ahead of its time and without a credit to spare, to be looked at when it is due.
/// False: nobody has a credit for it, or there is none.
bool Engine::match_first(Queue& queue, bool suspect, SysTime now, Plan& plan) {
  if (queue.empty()) return false;
  OpenFiring& first = (*queue.begin())->firing;
  const bool ahead = first.score > now;
  const Executor* executor = ahead ? executors_.reserve_ahead(first.target_key) : executors_.reserve(first.target_key, suspect);
  if (executor == nullptr && !ahead) return false;
  if (executor == nullptr) {
    Known& known = **queue.begin();
    queue.erase(queue.begin());
    watch(known, known.firing.score);
    return true;
  }
  queue.erase(queue.begin());
  plan.matches.push_back({.firing = std::move(first), .session = executor->session, .executor = executor->instance});
  known_.erase(plan.matches.back().firing.id);
  return true;
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
