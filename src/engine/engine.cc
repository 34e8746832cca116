#include "engine/engine.h"

#include <algorithm>
#include <tuple>

namespace meepo::engine {

void Engine::disown(Shard shard) {
  shards_.reset(shard);
  std::vector<FiringId> gone;
  for (const auto& [id, known] : known_) {
    if (id.task.shard() == shard) gone.push_back(id);
  }
  for (const auto& id : gone) forget(id);
  std::vector<Lease> left;
  leases_.remove_shard(shard, left);
  for (const auto& lease : left) {
    Executor* executor = executors_.by_instance(lease.executor);
    if (executor == nullptr) continue;
    executor->runs.erase(lease.token);
    if (lease.suspect && executor->suspects > 0) --executor->suspects;
    executors_.forget_if_gone(lease.executor);
  }
  for (auto& [key, target] : targets_) target.waiting.reset(shard);
}

std::vector<Shard> Engine::owned() const {
  std::vector<Shard> all;
  for (int shard = 0; shard < kShardCount; ++shard) {
    if (shards_.test(static_cast<std::size_t>(shard))) all.push_back(static_cast<Shard>(shard));
  }
  return all;
}

bool Engine::GoesFirst::operator()(const Known* a, const Known* b) const {
  const OpenFiring& x = a->firing;
  const OpenFiring& y = b->firing;
  if (x.priority != y.priority) return x.priority > y.priority;
  return std::tie(x.due, x.id) < std::tie(y.due, y.id);
}

Engine::Queue& Engine::queue_of(const OpenFiring& firing) {
  Target& target = targets_[firing.target_key];
  return firing.suspect ? target.suspects : target.ready;
}

/// What its task plans and nothing has begun yet. A retry or a suspect waits for its own instant.
bool Engine::goes_ahead(const OpenFiring& firing) const { return firing.task != nullptr && firing.attempt == 0 && !firing.suspect; }

bool Engine::add(OpenFiring firing, SysTime now, When how) {
  if (!owns(firing.id.task.shard())) return false;
  const SysTime when = how == When::Ahead && goes_ahead(firing) ? firing.score - ahead_ : firing.score;
  if (when > now && when >= wheel_.horizon_end()) return false;
  const auto [place, added] = known_.try_emplace(firing.id);
  if (!added) return false;
  Known& known = place->second;
  known.firing = std::move(firing);
  if (when <= now) {
    make_ready(known);
    return true;
  }
  watch(known, when);
  return true;
}

void Engine::watch(Known& known, SysTime when) {
  known.handle = ++last_handle_;
  known.wakes = when;
  handles_[known.handle] = &known;
  wheel_.add(when, known.handle);
}

void Engine::make_ready(Known& known) {
  known.handle = 0;
  queue_of(known.firing).insert(&known);
  awake_.insert(known.firing.target_key);
}

void Engine::forget(const FiringId& id) {
  const auto found = known_.find(id);
  if (found == known_.end()) return;
  Known& known = found->second;
  if (known.handle != 0) {
    wheel_.remove(known.wakes, known.handle);
    handles_.erase(known.handle);
  } else {
    queue_of(known.firing).erase(&known);
  }
  known_.erase(found);
}

void Engine::clock_stepped(milliseconds by, SysTime now) {
  wheel_ = TimingWheel(now);
  known_.clear();
  handles_.clear();
  for (auto& [key, target] : targets_) {
    target.ready.clear();
    target.suspects.clear();
  }
  for (auto& [key, when] : unserved_) when += by;
  leases_.shift(by, now);
}

void Engine::open(SessionId session, std::string instance, std::string name, std::vector<std::string> target_keys, std::uint32_t credits,
                  SysTime now) {
  served(executors_.open(session, std::move(instance), std::move(name), std::move(target_keys), credits, now).target_keys);
}

void Engine::served(const std::vector<std::string>& keys) {
  for (const auto& key : keys) unserved_.erase(key);
  wake(keys);
}

void Engine::perhaps_unserved(const std::vector<std::string>& keys, SysTime now) {
  for (const auto& key : keys) {
    if (executors_.serves(key) || !targets_.contains(key)) continue;
    unserved_.try_emplace(key, now + kParkGrace);
    awake_.insert(key);
  }
}

void Engine::offer(SessionId session, std::vector<std::string> target_keys, SysTime now) {
  const auto before = executors_.offer(session, std::move(target_keys));
  const Executor* const executor = executors_.by_session(session);
  if (executor == nullptr) return;
  served(executor->target_keys);
  perhaps_unserved(before, now);
}

void Engine::close(SessionId session, SysTime now) {
  Executor* executor = executors_.close(session);
  if (executor == nullptr) return;
  executor->gone_at = now;
  perhaps_unserved(executor->target_keys, now);
  executors_.forget_if_gone(executor->instance);
}

void Engine::grant(SessionId session, std::uint32_t credits) {
  std::vector<std::string> keys;
  executors_.grant(session, credits, keys);
  wake(keys);
}

void Engine::release(const std::string& instance, SessionId session, bool suspect) {
  Executor* executor = executors_.by_instance(instance);
  if (executor == nullptr) return;
  std::vector<std::string> keys;
  executors_.release(*executor, session, suspect, keys);
  wake(keys);
}

void Engine::wake(const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    if (targets_.contains(key)) awake_.insert(key);
  }
}

Placement Engine::place(const std::string& target_key) {
  if (!executors_.serves(target_key)) return {.state = State::Waiting, .wait_reason = WaitReason::NoExecutor, .session = 0, .executor = {}};
  const auto found = targets_.find(target_key);
  if (found != targets_.end()) {
    const Target& to = found->second;
    // Whoever came first goes first: nothing overtakes a queue, and a full one (or one that has spilled over) is joined at its end.
    if (to.ready.size() >= limits::kReadyPerTargetMax || to.waiting.any()) {
      return {.state = State::Waiting, .wait_reason = WaitReason::Backlog, .session = 0, .executor = {}};
    }
    if (!to.ready.empty()) return {};
  }
  const Executor* executor = executors_.reserve(target_key, false);
  if (executor == nullptr) return {};
  return {.state = State::Due, .wait_reason = WaitReason::None, .session = executor->session, .executor = executor->instance};
}

void Engine::waiting(Shard shard, const std::string& target_key) {
  Target& to = targets_[target_key];
  to.waiting.set(shard);
  ++to.parks;
  awake_.insert(target_key);
}

void Engine::unparked(const Unpark& unpark, bool more) {
  Target& to = targets_[unpark.target_key];
  if (to.fetching > 0) --to.fetching;
  if (!more && to.parks == unpark.parks_seen) to.waiting.reset(unpark.shard);
  awake_.insert(unpark.target_key);
}

Lease& Engine::begun(Lease lease) {
  Executor& executor = executors_.known(lease.executor);
  executor.runs.insert(lease.token);
  return leases_.add(std::move(lease));
}

std::optional<Lease> Engine::over(const RunToken& token) {
  Lease* found = leases_.find(token);
  if (found == nullptr) return std::nullopt;
  Lease lease = std::move(*found);
  leases_.remove(token);
  if (Executor* executor = executors_.by_instance(lease.executor); executor != nullptr) {
    executor->runs.erase(token);
    if (lease.suspect) {
      std::vector<std::string> keys;
      executors_.suspect_over(*executor, keys);
      wake(keys);
    }
    executors_.forget_if_gone(lease.executor);
  }
  return lease;
}

std::vector<const Lease*> Engine::runs_of(const Executor& executor) {
  std::vector<const Lease*> runs;
  runs.reserve(executor.runs.size());
  for (const auto& token : executor.runs) {
    if (const Lease* lease = leases_.find(token); lease != nullptr) runs.push_back(lease);
  }
  std::ranges::sort(runs, {}, [](const Lease* lease) { return lease->id; });
  return runs;
}

std::optional<SysTime> Engine::next_wake() const {
  std::optional<SysTime> wake = wheel_.next_due();
  const auto sooner = [&wake](std::optional<SysTime> other) {
    if (other && (!wake || *other < *wake)) wake = other;
  };
  sooner(leases_.next_end());
  for (const auto& [key, when] : unserved_) sooner(when);
  return wake;
}

}  // namespace meepo::engine
