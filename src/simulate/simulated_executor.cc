#include "simulate/simulated_executor.h"

#include <algorithm>

#include "base/limits.h"

namespace meepo::simulate {
namespace {

constexpr ports::SessionId kSession = 1;

}  // namespace

void SimulatedExecutor::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  later(milliseconds(0), [this] {
    ports::ExecutorHello hello{.instance = "simulated", .name = "simulated", .target_keys = target_keys_, .credits = kCredits};
    handlers_.opened(kSession, std::move(hello));
  });
}

void SimulatedExecutor::stop() {
  alive_ = std::make_shared<bool>(true);
  running_.clear();
  renewing_ = false;
}

void SimulatedExecutor::send(ports::SessionId, std::vector<ports::Run> runs) {
  for (auto& run : runs) {
    const milliseconds early = run.not_before ? std::max(*run.not_before - loop_.system_now(), milliseconds(0)) : milliseconds(0);
    if (early.count() == 0) {
      begin(std::move(run));
    } else {
      later(early, [this, run = std::move(run)]() mutable { begin(std::move(run)); });
    }
  }
}

void SimulatedExecutor::begin(ports::Run run) {
  running_[run.token] = run.id;
  const bool times_out = run.timeout < duration_;
  later(times_out ? run.timeout : duration_,
        [this, token = run.token, outcome = times_out ? Outcome::Timeout : Outcome::Success] { end(token, outcome); });
  if (renewing_ || duration_ < limits::kRunRenewEvery) return;
  renewing_ = true;
  later(limits::kRunRenewEvery, [this] { renew_all(); });
}

void SimulatedExecutor::ask_cancel(ports::SessionId, std::vector<ports::RunRef> runs) {
  for (const auto& run : runs) {
    later(milliseconds(0), [this, token = run.token] { end(token, Outcome::Stopped); });
  }
}

void SimulatedExecutor::end(const RunToken& token, Outcome outcome) {
  const auto found = running_.find(token);
  if (found == running_.end()) return;
  ports::RunEnd ended{.run = {.id = std::move(found->second), .token = token}, .outcome = outcome};
  running_.erase(found);
  std::vector<ports::RunEnd> ends;
  ends.push_back(std::move(ended));
  handlers_.ended(kSession, std::move(ends));
  handlers_.granted(kSession, 1);
}

void SimulatedExecutor::renew_all() {
  renewing_ = !running_.empty();
  if (!renewing_) return;
  std::vector<ports::RunRenewal> renewals;
  renewals.reserve(running_.size());
  for (const auto& [token, id] : running_) renewals.push_back({.run = {.id = id, .token = token}, .started = true});
  handlers_.renewed(kSession, std::move(renewals));
  later(limits::kRunRenewEvery, [this] { renew_all(); });
}

void SimulatedExecutor::later(milliseconds delay, ports::Loop::Work work) {
  loop_.call_at(loop_.steady_now() + delay, [alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
    if (!alive.expired()) work();
  });
}

}  // namespace meepo::simulate
