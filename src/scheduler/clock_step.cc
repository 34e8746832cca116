// The store's clock was stepped (set by hand, by a time daemon, or the machine slept). What counts elapsed time moves with it: leases
// here, deadlines, retries and rungs in the store. What names an instant stays, and its next tick comes from the tick, so none comes twice.

#include <fmt/format.h>

#include "base/log.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::clock_stepped(milliseconds by, ports::ClockSteps steps) {
  step_not_felt_ += by;
  if (std::chrono::abs(step_not_felt_) < kStepFelt) return;
  const milliseconds all = std::exchange(step_not_felt_, milliseconds(0));
  ++figures_.clock_steps;
  log::warn("clock_step", {{"ms", std::to_string(all.count())}});
  if (std::chrono::abs(all) > limits::kClockStepAlert) {
    parts_.alerter.alert("clock_stepped", fmt::format("the store's clock was stepped by {} ms: leases, retries and rungs move with it, "
                                                      "instants of TIMING and PLAN stay",
                                                      all.count()));
  }
  engine_.clock_stepped(all, now());
  // Executors count their leases from the time that their stream's welcome told: they are to hear it anew.
  for (const engine::Executor* executor : engine_.executors().connected()) {
    const ports::SessionId session = executor->session;
    engine_.close(session, now());
    parts_.dispatcher.close(session,
                            Error{.code = Code::Unavailable, .message = "the store's clock was stepped", .field = {}, .cause = {}});
  }
  for (auto& [shard, state] : shards_) {
    insist(ports::ShiftRequest{.shard = shard, .fence = state.fence, .steps = steps},
           [this](const ports::ShiftRequest& sent, const Result<ports::ShiftRequest::Answer>&) {
             if (!still_owns(sent.shard, sent.fence)) return;
             const auto found = shards_.find(sent.shard);
             if (!found->second.loaded_until && !found->second.loading) return;  // it is being taken over, and loaded then
             found->second.loaded_until.reset();
             if (found->second.loading) {
               found->second.load_anew = true;
             } else {
               load(sent.shard, std::nullopt);
             }
           });
  }
}

}  // namespace meepo::scheduler
