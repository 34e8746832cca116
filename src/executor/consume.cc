// What schedulers send: runs, wishes to cancel, and what became of renewals and ends.

#include <utility>

#include "base/log.h"
#include "executor/impl.h"

namespace meepo::executor {
namespace {

/// With less than this left of its lease a run is not begun before it is renewed: clocks drift, and a scheduler's guess of the store's
/// time lags behind it by the time that its answers take.
constexpr milliseconds kLeaseLeast{1'000};

}  // namespace

void Executor::Impl::runs(StreamId id, std::vector<ports::Run> arrived) {
  for (auto& each : arrived) {
    if (runs_.contains(each.token)) continue;
    if (stopping_) {
      if (Stream* stream = open_stream(id)) stream->handed_back.push_back({.id = std::move(each.id), .token = each.token});
      continue;
    }
    if (log::enabled(log::Level::Debug)) log::debug("begin", {{"firing", each.id.text()}, {"attempt", std::to_string(each.attempt)}});
    const RunToken token = each.token;
    const auto left = lease_left(id, each.lease_until);
    const auto run = std::make_shared<ActiveRun>(std::move(each), id);
    runs_.emplace(token, run);
    ++occupied_;
    // A run whose lease seems to be over came late, or the scheduler's clock was set back: only the scheduler can tell.
    const bool late = left < kLeaseLeast;
    run->on_loop.held = run->on_loop.run.suspect || late;
    if (run->on_loop.run.suspect) {
      run->on_loop.queued = suspect_.has_value();
      if (suspect_) {
        suspects_waiting_.push_back(token);
      } else {
        suspect_ = token;
      }
    }
    set_lease(*run, late ? options_.renew_every : left);
    if (run->on_loop.held) {
      offer_renewal(*run);
    } else {
      begin(run);
    }
  }
  end_turn();
}

void Executor::Impl::cancel_asked(const std::vector<ports::RunRef>& asked) {
  for (const auto& ref : asked) {
    if (ActiveRun* run = find(ref)) ask_cancel(*run);
  }
  end_turn();
}

void Executor::Impl::ask_cancel(ActiveRun& run) {
  auto& state = run.on_loop;
  if (state.end || state.acknowledged || std::exchange(state.cancel_asked, true)) return;
  if (state.begin_at != SteadyTime::max()) {
    hand_back(run);  // it is not due yet: a cancel is a cancel
  } else if (withdraw(run)) {
    end(run, Outcome::Stopped, std::nullopt, "cancelled before it was called");
  } else {
    run.cancel();
    offer_renewal(run);
  }
}

void Executor::Impl::end_verdicts(const std::vector<ports::EndVerdict>& verdicts) {
  for (const auto& verdict : verdicts) {
    ActiveRun* run = find(verdict.run);
    if (run != nullptr && run->on_loop.end) acknowledge(*run);
  }
  end_turn();
}

void Executor::Impl::renew_verdicts(StreamId id, const std::vector<ports::RenewVerdict>& verdicts) {
  for (const auto& verdict : verdicts) {
    ActiveRun* run = find(verdict.run);
    if (run == nullptr || run->on_loop.end || run->on_loop.acknowledged) continue;
    auto& state = run->on_loop;
    if (verdict.answer == ports::RenewAnswer::Lost) {
      // A scheduler that another stream's run was only named to does not know it.
      if (state.stream == id || !streams_.contains(state.stream)) lose(*run);
      continue;
    }
    const auto left = lease_left(id, verdict.lease_until);
    set_lease(*run, left > std::chrono::nanoseconds(0) ? left : options_.renew_every);
    if (left < kLeaseLeast && state.begin_at != SteadyTime::max()) {
      // The answer waited while this process stood still: what has not begun is asked for again.
      state.begin_at = SteadyTime::max();
      state.held = true;
    }
    if (verdict.answer == ports::RenewAnswer::CancelAsked) {
      ask_cancel(*run);
    } else if (state.held && !state.queued) {
      if (left < kLeaseLeast) {
        offer_renewal(*run);
      } else {
        state.held = false;
        begin(runs_.at(state.ref.token));
      }
    }
  }
  end_turn();
}

bool Executor::Impl::says_started(const ActiveRun& run) {
  const auto& state = run.on_loop;
  return state.started || (state.held && state.run.suspect && !state.queued);
}

void Executor::Impl::let_next_suspect() {
  const auto over = [this](const RunToken& token) {
    const auto found = runs_.find(token);
    return found == runs_.end() || found->second->on_loop.returned;
  };
  if (suspect_ && !over(*suspect_)) return;
  suspect_.reset();
  while (!suspect_ && !suspects_waiting_.empty()) {
    const RunToken next = suspects_waiting_.front();
    suspects_waiting_.pop_front();
    if (over(next)) continue;
    suspect_ = next;
    ActiveRun& run = *runs_.at(next);
    run.on_loop.queued = false;
    offer_renewal(run);
  }
}

/// Another attempt has taken its place, or the firing has ended.
void Executor::Impl::lose(ActiveRun& run) {
  auto& state = run.on_loop;
  if (log::enabled(log::Level::Info)) log::info("lost", {{"firing", state.ref.id.text()}});
  if (withdraw(run)) {
    acknowledge(run);
    return;
  }
  state.reason = ActiveRun::Reason::Lost;
  state.lease_at = SteadyTime::max();
  run.cancel();
}

ActiveRun* Executor::Impl::find(const ports::RunRef& ref) {
  const auto found = runs_.find(ref.token);
  return found == runs_.end() ? nullptr : found->second.get();
}

}  // namespace meepo::executor
