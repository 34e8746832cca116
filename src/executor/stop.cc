// The executor goes: what has not started is handed back, what runs may end, every end is delivered.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "executor/impl.h"

namespace meepo::executor {

void Executor::Impl::stop(milliseconds drain, std::move_only_function<void(std::size_t left)> done) {
  stopped_ = std::move(done);
  if (std::exchange(stopping_, true)) return;
  drain_ = drain;
  std::vector<RunPtr> all;
  all.reserve(runs_.size());
  for (const auto& [token, run] : runs_) all.push_back(run);
  for (const auto& run : all) hand_back(*run);
  drain_timer_ = loop_.call_at(loop_.steady_now() + drain_, [this] { cancel_what_runs(); });
  end_turn();
}

void Executor::Impl::hand_back(ActiveRun& run) {
  auto& state = run.on_loop;
  if (state.end || state.acknowledged || !withdraw(run)) return;
  if (Stream* stream = open_stream(state.stream)) stream->handed_back.push_back(state.ref);
  acknowledge(run);
}

void Executor::Impl::cancel_what_runs() {
  for (const auto& [token, run] : runs_) {
    auto& state = run->on_loop;
    if (state.returned) continue;
    if (state.reason == ActiveRun::Reason::None) state.reason = ActiveRun::Reason::ShuttingDown;
    run->cancel();
  }
  drain_timer_ = loop_.call_at(loop_.steady_now() + drain_, [this] {
    drain_timer_ = 0;
    if (!finishing_) finish_stop();
  });
}

void Executor::Impl::finish_stop() {
  finishing_ = true;
  loop_.cancel_timer(std::exchange(renew_timer_, 0));
  loop_.cancel_timer(std::exchange(drain_timer_, 0));
  const std::size_t left = occupied_ - withdrawn_;
  if (left > 0 || ends_kept_ > 0) {
    log::warn("executor_left", {{"running", std::to_string(left)}, {"ends", std::to_string(ends_kept_)}});
  }
  source_.stop(drain_, [this, left] { std::exchange(stopped_, nullptr)(left); });
}

}  // namespace meepo::executor
