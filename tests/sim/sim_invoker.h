#pragma once
// What targets do in a simulation, and the independent witness of it: every call is written down before anything else happens.
// Methods: echo · fail · fail_first (attempt 1 only) · slow (10 s, stops when cancelled) · stuck (never returns) · crash (see on_crash).

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ports/clock.h"
#include "ports/invoker.h"

namespace meepo::test {

struct Call {
  FiringId id;
  std::uint32_t attempt = 0;
  SysTime due;
  SysTime at;
  std::string method;
  std::string arguments;
  std::string executor;
};
using History = std::vector<Call>;

class SimInvoker final : public ports::Invoker {
 public:
  SimInvoker(ports::Loop& loop, History& history, std::string executor) : loop_(loop), history_(history), executor_(std::move(executor)) {}

  /// A process that is killed: its handlers never return.
  ~SimInvoker() override {
    for (const auto& finish : running_) {
      if (const auto held = finish.lock()) *held = nullptr;
    }
  }

  std::function<void()> on_crash;

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override {
    const auto& service = std::get<ServiceTarget>(invocation.target);
    const auto context = invocation.context;
    history_.push_back({.id = context->id(),
                        .attempt = context->attempt(),
                        .due = context->due(),
                        .at = loop_.system_now(),
                        .method = service.method,
                        .arguments = service.params.data,
                        .executor = executor_});
    started();
    if (service.method == "crash") {
      if (on_crash) loop_.post(on_crash);
      return;
    }
    if (service.method == "stuck") return;
    auto finish = std::make_shared<std::move_only_function<void(ports::InvokeResult)>>(std::move(done));
    running_.push_back(finish);
    if (service.method == "slow") {
      context->on_cancel([finish] { once(*finish, {.outcome = Outcome::Stopped, .result = std::nullopt, .error = "stopped"}); });
      after(milliseconds(10'000), [finish] { once(*finish, {.outcome = Outcome::Success, .result = std::nullopt, .error = {}}); });
      return;
    }
    const bool fails = service.method == "fail" || (service.method == "fail_first" && context->attempt() == 1);
    ports::InvokeResult result{
        .outcome = fails ? Outcome::Fail : Outcome::Success, .result = std::nullopt, .error = fails ? "asked to" : ""};
    if (!fails) result.result = service.params;
    after(milliseconds(3), [finish, result] { once(*finish, result); });
  }

 private:
  static void once(std::move_only_function<void(ports::InvokeResult)>& done, ports::InvokeResult result) {
    if (auto call = std::exchange(done, nullptr)) call(std::move(result));
  }
  void after(milliseconds delay, std::function<void()> work) {
    loop_.call_at(loop_.steady_now() + delay, [alive = std::weak_ptr(alive_), work = std::move(work)] {
      if (!alive.expired()) work();
    });
  }

  ports::Loop& loop_;
  History& history_;
  const std::string executor_;
  std::vector<std::weak_ptr<std::move_only_function<void(ports::InvokeResult)>>> running_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
