// load: the store's DUE set becomes known here up to the wheel's horizon, and the safety read finds whatever this node has missed.

#include <algorithm>

#include "base/log.h"
#include "base/planted_bug.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::load(Shard shard, std::optional<std::pair<SysTime, FiringId>> after) {
  ShardState& state = shards_.at(shard);
  state.loading = true;
  // Up to the wheel's own end, which lags behind now + 30 s by the time since it last turned.
  const SysTime until = engine_.horizon_end() - milliseconds(1);
  if (!after && state.loaded_until) after = std::pair(*state.loaded_until + milliseconds(1), FiringId{});
  ports::OpenRequest request{.shard = shard, .state = State::Due, .until = until, .after = after, .limit = kLoadPage};
  insist(std::move(request), [this, until, fence = state.fence](const ports::OpenRequest& sent, Result<ports::OpenRequest::Answer> answer) {
    if (answer && still_owns(sent.shard, fence)) loaded(sent.shard, until, *std::move(answer));
  });
}

void Scheduler::Impl::loaded(Shard shard, SysTime until, ports::OpenRequest::Answer answer) {
  ShardState& state = shards_.at(shard);
  if (std::exchange(state.load_anew, false)) {
    load(shard, std::nullopt);
    return;
  }
  std::optional<std::pair<SysTime, FiringId>> last;
  if (!answer.firings.empty()) last = std::pair(answer.firings.back().score, answer.firings.back().id);
  const SysTime at = now();
  for (auto& firing : answer.firings) engine_.add(std::move(firing), at);
  if (answer.more && !engine_.full()) {
    load(shard, last);
    return;
  }
  state.loading = false;
  // A full wheel takes up here again, with the instant that was cut through.
  state.loaded_until = answer.more && last ? last->first - milliseconds(1) : until;
  if (ready_ || !std::ranges::all_of(shards_, [](const auto& entry) { return entry.second.loaded_until.has_value(); })) return;
  ready_ = true;
  log::info("shards_loaded", {{"shards", std::to_string(shards_.size())},
                              {"due", std::to_string(engine_.due_known())},
                              {"running", std::to_string(engine_.leases().size())}});
  dispatching_ = true;
  parts_.dispatcher.start(
      {.opened = [this](ports::SessionId session, ports::ExecutorHello hello) { return opened(session, std::move(hello)); },
       .granted =
           [this](ports::SessionId session, std::uint32_t credits) {
             engine_.grant(session, credits);
             need_turn();
           },
       .offered = [this](ports::SessionId session, std::vector<std::string> target_keys) { offered(session, std::move(target_keys)); },
       .started =
           [this](ports::SessionId, const std::vector<ports::RunRef>& runs) {
             for (const auto& run : runs) {
               if (engine::Lease* lease = engine_.leases().find(run.token)) lease->started = true;
             }
           },
       .renewed = [this](ports::SessionId session, std::vector<ports::RunRenewal> renewals) { renewed(session, std::move(renewals)); },
       .ended = [this](ports::SessionId session, std::vector<ports::RunEnd> ends) { ended(session, std::move(ends)); },
       .handed_back = [this](ports::SessionId, std::vector<ports::RunRef> runs) { handed_back(std::move(runs)); },
       .closed = [this](ports::SessionId session) { closed(session); },
       .store_time = [this] { return std::chrono::floor<std::chrono::microseconds>(clock_.exactly(parts_.loop.steady_now())); }});
}

void Scheduler::Impl::load_all() {
  next_load_ = parts_.loop.steady_now() + kLoadEvery;
  for (auto& [shard, state] : shards_) {
    if (!state.loading && state.loaded_until) load(shard, std::nullopt);
  }
}

void Scheduler::Impl::safety_read() {
  next_safety_ = parts_.loop.steady_now() + options_.safety_read_every / kSafetyGroups;
  if (!ready_) return;
  safety_group_ = (safety_group_ + 1) % kSafetyGroups;
  for (const Shard shard : engine_.owned()) {
    if (shard % kSafetyGroups != safety_group_) continue;
    read_overdue(shard, std::nullopt);
    read_lapsed(shard, State::Claimed);
    if (!planted(PlantedBug::NoLeaseReaper)) read_lapsed(shard, State::Running);
    read_changes(shard);
  }
}

/// DUE firings of the past that this node does not know: what an answer that never came has left behind.
void Scheduler::Impl::read_overdue(Shard shard, std::optional<std::pair<SysTime, FiringId>> after) {
  ports::OpenRequest request{.shard = shard, .state = State::Due, .until = now(), .after = std::move(after), .limit = kLoadPage};
  ask(std::move(request), [this, shard](Result<ports::OpenRequest::Answer> answer) {
    if (!answer || !shards_.contains(shard)) return;
    const SysTime at = now();
    std::optional<std::pair<SysTime, FiringId>> last;
    if (!answer->firings.empty()) last = std::pair(answer->firings.back().score, answer->firings.back().id);
    for (auto& firing : answer->firings) engine_.add(std::move(firing), at);
    if (answer->more && !engine_.full()) read_overdue(shard, last);
  });
}

/// Claims and runs whose lease has ended and that this node does not know: begun by an operation whose answer was lost.
void Scheduler::Impl::read_lapsed(Shard shard, State state) {
  ports::OpenRequest request{.shard = shard, .state = state, .until = now(), .after = std::nullopt, .limit = kLoadPage};
  ask(std::move(request), [this](Result<ports::OpenRequest::Answer> answer) {
    if (!answer) return;
    std::vector<engine::LostRun> lost;
    for (const auto& firing : answer->firings) {
      if (firing.state == State::Running && engine_.leases().find(firing.run_token) != nullptr) continue;
      engine::LostRun item{.id = firing.id, .token = firing.run_token, .evidence = "its lease ended and nobody had it"};
      if (firing.started && firing.on_lost == OnLost::Unknown) item.to = engine::LostRun::To::Unknown;
      lost.push_back(std::move(item));
    }
    if (!lost.empty()) reap(std::move(lost), true);
  });
}

void Scheduler::Impl::read_changes(Shard shard) {
  const ShardState& state = shards_.at(shard);
  ask(ports::ChangesRequest{.shard = shard, .fence = state.fence, .after = state.change_sequence},
      [this, shard, fence = state.fence](Result<ports::ChangesRequest::Answer> answer) {
        if (!answer) {
          not_done(shard, fence, answer.error());
          return;
        }
        if (!still_owns(shard, fence)) return;
        const auto found = shards_.find(shard);
        for (auto& change : answer->changes) {
          found->second.change_sequence = std::max(found->second.change_sequence, change.sequence);
          engine_.forget(change.id);
          if (change.open && change.open->state == State::Due) add_due(*std::move(change.open));
        }
        if (answer->more) read_changes(shard);
      });
}

void Scheduler::Impl::add_due(OpenFiring firing, engine::Engine::When when) {
  const auto found = shards_.find(firing.id.task.shard());
  if (found == shards_.end()) return;
  // Beyond what is loaded, a full wheel takes nothing more: the loader comes to it.
  if (engine_.full() && found->second.loaded_until && firing.score > *found->second.loaded_until) return;
  engine_.add(std::move(firing), now(), when);
  need_turn();
}

void Scheduler::Impl::add_due(const TaskPtr& task, const DueTick& tick) {
  OpenFiring firing{.id = {.task = task->id, .tick = tick.tick},
                    .state = State::Due,
                    .due = tick.due,
                    .score = tick.due,
                    .target_key = target_key(task->spec.target)};
  firing.priority = task->spec.options.priority;
  firing.on_lost = task->spec.options.on_lost;
  if (task->spec.kind != Kind::Real) firing.task = task;
  add_due(std::move(firing));
}

}  // namespace meepo::scheduler
