#include "engine/executors.h"

#include <algorithm>

#include "base/limits.h"
#include "base/planted_bug.h"

namespace meepo::engine {

Executor& Executors::open(SessionId session, std::string instance, std::string name, std::vector<std::string> target_keys,
                          std::uint32_t credits, SysTime now) {
  Executor& executor = known(instance);
  if (executor.session != 0) close(executor.session);
  executor.session = session;
  executor.name = std::move(name);
  executor.credits = executor.credits_most = credits;
  executor.connected_at = now;
  sessions_[session] = &executor;
  serve(executor, std::move(target_keys));
  return executor;
}

void Executors::serve(Executor& executor, std::vector<std::string> target_keys) {
  std::ranges::sort(target_keys);
  target_keys.erase(std::ranges::unique(target_keys).begin(), target_keys.end());
  executor.target_keys = std::move(target_keys);
  for (const auto& key : executor.target_keys) keys_[key].executors.push_back(&executor);
}

void Executors::serve_nothing(Executor& executor) {
  for (const auto& key : executor.target_keys) {
    const auto entry = keys_.find(key);
    std::erase(entry->second.executors, &executor);
    if (entry->second.executors.empty()) keys_.erase(entry);
  }
}

std::vector<std::string> Executors::offer(SessionId session, std::vector<std::string> target_keys) {
  Executor* const executor = by_session(session);
  if (executor == nullptr) return {};
  serve_nothing(*executor);
  auto before = std::move(executor->target_keys);
  serve(*executor, std::move(target_keys));
  return before;
}

Executor* Executors::close(SessionId session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return nullptr;
  Executor& executor = *found->second;
  sessions_.erase(found);
  serve_nothing(executor);
  executor.session = 0;
  executor.credits = 0;
  executor.starved_keys.clear();
  return &executor;
}

Executor* Executors::by_session(SessionId session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second;
}

Executor* Executors::by_instance(const std::string& instance) {
  const auto found = executors_.find(instance);
  return found == executors_.end() ? nullptr : found->second.get();
}

Executor& Executors::known(const std::string& instance) {
  auto& slot = executors_[instance];
  if (!slot) {
    slot = std::make_unique<Executor>();
    slot->instance = instance;
  }
  return *slot;
}

void Executors::forget_if_gone(const std::string& instance) {
  const auto found = executors_.find(instance);
  if (found != executors_.end() && found->second->session == 0 && found->second->runs.empty()) executors_.erase(found);
}

void Executors::take_starved(Executor& executor, std::vector<std::string>& keys) {
  keys.insert(keys.end(), executor.starved_keys.begin(), executor.starved_keys.end());
  executor.starved_keys.clear();
}

void Executors::grant(SessionId session, std::uint32_t credits, std::vector<std::string>& keys) {
  Executor* executor = by_session(session);
  if (executor == nullptr || credits == 0) return;
  executor->credits += credits;
  executor->credits_most = std::max(executor->credits_most, executor->credits);
  take_starved(*executor, keys);
}

Executor* Executors::reserve(const std::string& target_key, bool suspect) {
  const auto found = keys_.find(target_key);
  if (found == keys_.end()) return nullptr;
  Key& key = found->second;
  for (std::size_t tried = 0; tried < key.executors.size(); ++tried) {
    Executor& executor = *key.executors[key.next++ % key.executors.size()];
    if (executor.credits == 0 && planted(PlantedBug::UnboundedQueue)) ++executor.credits;
    if (executor.credits == 0 || (suspect && executor.suspects > 0)) continue;
    --executor.credits;
    if (suspect) ++executor.suspects;
    return &executor;
  }
  for (Executor* executor : key.executors) {
    auto& starved = executor->starved_keys;
    if (std::ranges::find(starved, target_key) == starved.end()) starved.push_back(target_key);
  }
  return nullptr;
}

Executor* Executors::reserve_ahead(const std::string& target_key) {
  const auto found = keys_.find(target_key);
  if (found == keys_.end()) return nullptr;
  Key& key = found->second;
  for (std::size_t tried = 0; tried < key.executors.size(); ++tried) {
    Executor& executor = *key.executors[key.next++ % key.executors.size()];
    if (executor.credits <= std::clamp(executor.credits_most / limits::kCreditsKeptShare, 1U, limits::kCreditsKeptMost)) continue;
    --executor.credits;
    return &executor;
  }
  return nullptr;
}

void Executors::release(Executor& executor, SessionId session, bool suspect, std::vector<std::string>& keys) {
  if (suspect && executor.suspects > 0) --executor.suspects;
  if (executor.session == session) ++executor.credits;
  take_starved(executor, keys);
}

void Executors::suspect_over(Executor& executor, std::vector<std::string>& keys) {
  if (executor.suspects > 0) --executor.suspects;
  take_starved(executor, keys);
}

std::vector<const Executor*> Executors::connected() const {
  std::vector<const Executor*> all;
  all.reserve(sessions_.size());
  for (const auto& [session, executor] : sessions_) all.push_back(executor);
  std::ranges::sort(all, {}, &Executor::instance);
  return all;
}

std::vector<const Executor*> Executors::gone_with_prefix(std::string_view prefix) const {
  std::vector<const Executor*> gone;
  for (const auto& [instance, executor] : executors_) {
    if (executor->session == 0 && instance.starts_with(prefix)) gone.push_back(executor.get());
  }
  std::ranges::sort(gone, {}, &Executor::instance);
  return gone;
}

}  // namespace meepo::engine
