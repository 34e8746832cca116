#include "engine/leases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "base/planted_bug.h"

namespace meepo::engine {

Lease& Leases::add(Lease lease) {
  const RunToken token = lease.token;
  const SysTime until = lease.lease_until;
  const auto [place, added] = leases_.try_emplace(token);
  if (!added) {
    // Known from a takeover, which does not tell the task.
    if (!place->second.lease.task) place->second.lease.task = std::move(lease.task);
    return place->second.lease;
  }
  place->second.lease = std::move(lease);
  watch(place->second, until);
  return place->second.lease;
}

// The wheel reaches 30 s ahead; a lease beyond that (a long one, or a clock that stepped) is looked at on the way.
void Leases::watch(Slot& slot, SysTime when) {
  const SysTime last = wheel_.horizon_end() - milliseconds(1);
  slot.handle = ++last_handle_;
  slot.wakes = std::min(when, last);
  wheel_.add(slot.wakes, slot.handle);
  handles_[slot.handle] = slot.lease.token;
}

Lease* Leases::find(const RunToken& token) {
  const auto found = leases_.find(token);
  return found == leases_.end() ? nullptr : &found->second.lease;
}

void Leases::renew(const RunToken& token, SysTime lease_until) {
  Lease* lease = find(token);
  if (lease != nullptr) lease->lease_until = std::max(lease->lease_until, lease_until);
}

void Leases::remove(const RunToken& token) {
  const auto found = leases_.find(token);
  if (found == leases_.end()) return;
  wheel_.remove(found->second.wakes, found->second.handle);
  handles_.erase(found->second.handle);
  leases_.erase(found);
}

void Leases::shift(milliseconds by, SysTime now) {
  wheel_ = TimingWheel(now);
  handles_.clear();
  for (auto& [token, slot] : leases_) {
    slot.lease.lease_until += by;
    watch(slot, slot.lease.lease_until);
  }
}

void Leases::remove_shard(Shard shard, std::vector<Lease>& removed) {
  std::vector<RunToken> tokens;
  for (const auto& [token, slot] : leases_) {
    if (slot.lease.id.task.shard() == shard) tokens.push_back(token);
  }
  for (const auto& token : tokens) {
    removed.push_back(std::move(*find(token)));
    remove(token);
  }
}

std::vector<RunToken> Leases::ended(SysTime now) {
  std::vector<TimingWheel::Entry> woken;
  wheel_.advance(now, woken);
  std::vector<RunToken> tokens;
  for (const auto& entry : woken) {
    const auto handle = handles_.find(entry.handle);
    if (handle == handles_.end()) continue;
    const RunToken token = handle->second;
    handles_.erase(handle);
    Slot& slot = leases_.find(token)->second;
    if (slot.lease.lease_until > now) {
      watch(slot, slot.lease.lease_until);
      continue;
    }
    tokens.push_back(token);
    watch(slot, now + kAskAgain);
  }
  return tokens;
}

namespace {

LostRun::To fate_of(const Lease& run, bool count_crash) {
  const bool quarantines = !planted(PlantedBug::NoQuarantine);
  if (quarantines && count_crash && run.crashes + 1 >= static_cast<std::uint32_t>(limits::kPoisonCrashesMax))
    return LostRun::To::Quarantined;
  return run.started && run.on_lost == OnLost::Unknown ? LostRun::To::Unknown : LostRun::To::Due;
}

}  // namespace

std::vector<LostRun> judge_crash(const Executor& executor, const std::vector<const Lease*>& runs) {
  const auto started_suspects = std::ranges::count_if(runs, [](const Lease* run) { return run->started && run->suspect; });
  const auto started = std::ranges::count_if(runs, [](const Lease* run) { return run->started; });
  // Known suspects are looked at first; without any, a single started run is the only one that can have done it.
  const auto counts = [&](const Lease& run) {
    return run.started && (started_suspects == 1 ? run.suspect : started_suspects == 0 && started == 1);
  };
  std::vector<LostRun> lost;
  lost.reserve(runs.size());
  for (const Lease* run : runs) {
    const bool count = counts(*run);
    LostRun item{
        .id = run->id, .token = run->token, .to = fate_of(*run, count), .mark_suspect = false, .count_crash = count, .evidence = {}};
    // What waited there for its due instant cannot have done it.
    item.mark_suspect = run->started || !executor.gone_at || run->due <= *executor.gone_at;
    item.evidence = fmt::format("attempt {} lost: executor {} went away while {} ({} runs, {} started)", run->attempt, executor.instance,
                                run->started ? "running it" : "holding it, not reported started", runs.size(), started);
    if (item.to == LostRun::To::Quarantined) {
      item.evidence += fmt::format("; quarantined: {} crashes with this firing as the only suspect", run->crashes + 1);
    }
    lost.push_back(std::move(item));
  }
  return lost;
}

LostRun not_started(const Lease& lease, std::string evidence) {
  return {.id = lease.id,
          .token = lease.token,
          .to = LostRun::To::Due,
          .mark_suspect = false,
          .count_crash = false,
          .evidence = std::move(evidence)};
}

}  // namespace meepo::engine
