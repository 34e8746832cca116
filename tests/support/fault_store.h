#pragma once
// A Store that fails on command: each request passes, fails before or after it was carried out, or its answer comes late.

#include <functional>
#include <memory>
#include <utility>

#include "ports/clock.h"
#include "ports/store.h"

namespace meepo::test {

class FaultStore final : public ports::Store {
 public:
  enum class Action {
    Pass,
    FailBefore,   ///< Unavailable, nothing was written
    FailAfter,    ///< it was carried out, the answer is Unknown
    LoseAnswer,   ///< it was carried out, the answer is Timeout, kTimeout later
    Delay,        ///< it is carried out kDelay later
  };
  static constexpr milliseconds kTimeout{1'000};
  static constexpr milliseconds kDelay{300};

  FaultStore(ports::Loop& loop, ports::Store& store) : loop_(loop), store_(store) {}

  /// Asked for each request; nothing: all pass.
  std::function<Action(const ports::StoreRequest&)> decide;

  void submit(ports::StoreRequest request, Done done) override {
    switch (decide ? decide(request) : Action::Pass) {
      case Action::Pass: store_.submit(std::move(request), guarded(std::move(done))); return;
      case Action::FailBefore: loop_.post([done = guarded(std::move(done))]() mutable { answer(done, Code::Unavailable); }); return;
      case Action::FailAfter:
        store_.submit(std::move(request), [done = guarded(std::move(done))](auto) mutable { answer(done, Code::Unknown); });
        return;
      case Action::LoseAnswer:
        store_.submit(std::move(request), [](auto) {});
        later(kTimeout, [done = std::move(done)]() mutable { answer(done, Code::Timeout); });
        return;
      case Action::Delay:
        later(kDelay, [this, request = std::move(request), done = std::move(done)]() mutable {
          store_.submit(std::move(request), guarded(std::move(done)));
        });
        return;
    }
  }

 private:
  static void answer(Done& done, Code code) { done(fail(code, "a fault was injected")); }

  /// Nobody is told any more once this object is gone.
  Done guarded(Done done) {
    return [alive = std::weak_ptr(alive_), done = std::move(done)](auto reply) mutable {
      if (!alive.expired()) done(std::move(reply));
    };
  }

  void later(milliseconds delay, ports::Loop::Work work) {
    loop_.call_at(loop_.steady_now() + delay, [alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
      if (!alive.expired()) work();
    });
  }

  ports::Loop& loop_;
  ports::Store& store_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
