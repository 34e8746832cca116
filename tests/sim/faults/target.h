#pragma once
// What targets do in a fault run, told by the method's name, and told to the witness before anything else:
// echo (some ms) · fail · fail_first (its first attempt) · slow (12 s, stops when cancelled) · stuck (returns only when cancelled) ·
// crash (kills its process).

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "ports/invoker.h"
#include "sim/faults/node_loop.h"
#include "sim/faults/witness.h"

namespace meepo::test {

class FaultTarget final : public ports::Invoker {
 public:
  FaultTarget(NodeLoop& loop, Witness& witness, std::string executor, std::uint64_t seed, std::size_t credits)
      : loop_(loop), witness_(witness), executor_(std::move(executor)), random_(seed), credits_(credits) {}
  /// A killed process: its handlers never return.
  ~FaultTarget() override {
    for (auto& [call, done] : running_) done = nullptr;
  }

  std::function<void()> on_crash;

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override {
    if (!loop_.alive()) return;
    const auto& service = std::get<ServiceTarget>(invocation.target);
    const auto context = invocation.context;
    started();
    if (context->cancelled()) {
      loop_.post([done = std::move(done)]() mutable {
        done({.outcome = Outcome::Stopped, .result = std::nullopt, .error = "cancelled before it was called"});
      });
      return;
    }
    const std::size_t call = witness_.called({.id = context->id(),
                                              .attempt = context->attempt(),
                                              .due = context->due(),
                                              .clock_most = {},
                                              .arguments = service.params.data,
                                              .executor = executor_});
    running_.emplace(call, std::move(done));
    if (running_.size() > credits_) {
      witness_.violation("I19", executor_ + " runs " + std::to_string(running_.size()) + " at once, more than its credits");
    }
    if (service.method == "crash") {
      if (on_crash) loop_.post(on_crash);
      return;
    }
    if (service.method == "slow" || service.method == "stuck") {
      context->on_cancel([this, call, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) after(milliseconds(50), call, Outcome::Stopped, std::nullopt);
      });
      if (service.method == "slow") after(milliseconds(12'000), call, Outcome::Success, service.params);
      return;
    }
    const bool fails = service.method == "fail" || (service.method == "fail_first" && context->attempt() == 1);
    after(milliseconds(1 + random_.next() % 150), call, fails ? Outcome::Fail : Outcome::Success,
          fails ? std::nullopt : std::optional(service.params));
  }

 private:
  void after(milliseconds delay, std::size_t call, Outcome outcome, std::optional<Payload> result) {
    loop_.call_at(loop_.steady_now() + delay, [this, call, outcome, result = std::move(result), alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      const auto found = running_.find(call);
      if (found == running_.end()) return;
      auto done = std::move(found->second);
      running_.erase(found);
      witness_.returned(call, outcome == Outcome::Success);
      done({.outcome = outcome, .result = result, .error = outcome == Outcome::Success ? "" : "asked to"});
    });
  }

  NodeLoop& loop_;
  Witness& witness_;
  const std::string executor_;
  SeededRandom random_;
  const std::size_t credits_;
  std::unordered_map<std::size_t, std::move_only_function<void(ports::InvokeResult)>> running_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
