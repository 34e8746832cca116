// Deadlines: when a run that came ahead begins, a handler's timeout, the end of a lease that could not be renewed. One ordered list and
// one timer for all runs. A run has one entry, at or before its earliest deadline: a renewed lease moves nothing, the entry is looked at
// once and put later.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "executor/impl.h"

namespace meepo::executor {

/// The store's time is the last that was told, carried on by the steady clock from when it was asked for: however long the answer was on
/// its way, no lease is thought longer than it is.
std::chrono::nanoseconds Executor::Impl::lease_left(StreamId id, SysTime lease_until) {
  const Stream* stream = open_stream(id);
  if (stream == nullptr) return std::chrono::nanoseconds(0);
  return (lease_until - stream->store_time) - (loop_.steady_now() - stream->time_asked_at);
}

/// The context is cancelled a fifth before the lease's end, so that the target has stopped when another attempt may begin.
void Executor::Impl::set_lease(ActiveRun& run, std::chrono::nanoseconds left) {
  run.on_loop.lease_at = loop_.steady_now() + left / 5 * 4;
  watch(run);
}

void Executor::Impl::watch(ActiveRun& run) {
  auto& state = run.on_loop;
  const SteadyTime at = std::min({state.begin_at, state.lease_at, state.timeout_at});
  if (state.deadline && (*state.deadline)->first <= at) return;
  unwatch(run);
  if (at != SteadyTime::max()) state.deadline = deadlines_.emplace_hint(deadlines_.end(), at, &run);
}

void Executor::Impl::unwatch(ActiveRun& run) {
  if (run.on_loop.deadline) deadlines_.erase(*std::exchange(run.on_loop.deadline, std::nullopt));
}

void Executor::Impl::arm_timer() {
  if (deadlines_.empty() || (timer_ != 0 && timer_at_ <= deadlines_.begin()->first)) return;
  loop_.cancel_timer(timer_);
  timer_at_ = deadlines_.begin()->first;
  timer_ = loop_.call_at(timer_at_, [this] {
    timer_ = 0;
    look_at_deadlines();
  });
}

void Executor::Impl::look_at_deadlines() {
  const auto now = loop_.steady_now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    // A deadline that was reached may end the run and forget it.
    const RunPtr run = runs_.at(deadlines_.begin()->second->on_loop.ref.token);
    unwatch(*run);
    auto& state = run->on_loop;
    // One whose lease has ended meanwhile (this process stood still) is not begun any more.
    if (state.begin_at <= now && state.lease_at > now) {
      state.begin_at = SteadyTime::max();
      invoke(run);
    }
    if (std::min(state.lease_at, state.timeout_at) <= now) reached(*run);
    if (!state.end && !state.acknowledged) watch(*run);
  }
  end_turn();
}

void Executor::Impl::reached(ActiveRun& run) {
  auto& state = run.on_loop;
  if (state.timeout_at <= loop_.steady_now()) {
    run.cancel();
    end(run, Outcome::Timeout, std::nullopt, "no return within its timeout of " + std::to_string(state.run.timeout.count()) + " ms");
    return;
  }
  log::warn("lease_ending", {{"firing", state.ref.id.text()}});
  // One that has not started is taken back by its scheduler: there is nothing to report.
  if (withdraw(run)) {
    acknowledge(run);
    return;
  }
  state.lease_at = SteadyTime::max();
  state.reason = ActiveRun::Reason::LeaseEnding;
  run.cancel();
}

void Executor::Impl::renew_all() {
  renew_timer_ = loop_.call_at(loop_.steady_now() + options_.renew_every, [this] { renew_all(); });
  for (const auto& [id, stream] : streams_) {
    if (stream.open) source_.ask_time(id, loop_.steady_now());
  }
  for (const auto& [token, run] : runs_) {
    const auto& state = run->on_loop;
    if (!state.end && !state.acknowledged && state.reason != ActiveRun::Reason::Lost) offer_renewal(*run);
  }
  end_turn();
}

}  // namespace meepo::executor
