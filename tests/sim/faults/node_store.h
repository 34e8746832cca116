#pragma once
// The store as one node reaches it: over a connection with a delay, in order, that can refuse, forget, lose and delay; and the place
// where a node is made to crash just before or just after a request.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "sim/faults/node_loop.h"
#include "sim/faults/witness.h"

namespace meepo::test {

class NodeStore final : public ports::Store {
 public:
  enum class Fate {
    Pass,
    Refuse,       ///< Unavailable, nothing was written
    Forget,       ///< carried out, the answer is Unknown
    LoseRequest,  ///< not carried out, the answer is Timeout
    LoseAnswer,   ///< carried out, the answer is Timeout
    Late,         ///< carried out and answered kLate later, and all that follows with it
  };
  static constexpr milliseconds kTimeout{1'000};
  static constexpr milliseconds kLate{700};
  static constexpr milliseconds kWay{1};  ///< each way

  using Decide = std::function<Fate()>;

  /// @param everywhere  asked for each request of every node; nothing in it: all pass
  NodeStore(VirtualLoop& base, NodeLoop& loop, Witness& witness, const Decide& everywhere, std::string node)
      : base_(base), loop_(loop), witness_(witness), everywhere_(everywhere), node_(std::move(node)) {}

  Decide decide;                             ///< the same for this node alone
  std::function<void()> crash;
  int crash_at = 0;                          ///< at the so manyth request from now; 0: never
  bool crash_after = false;                  ///< it was sent

  void submit(ports::StoreRequest request, Done done) override {
    if (!loop_.alive()) return;
    if (crash_at > 0 && --crash_at == 0) {
      if (crash_after) send(std::move(request), [](auto) {}, kWay);
      crash();
      return;
    }
    const Fate own = decide ? decide() : Fate::Pass;
    switch (own == Fate::Pass && everywhere_ ? everywhere_() : own) {
      case Fate::Pass: send(std::move(request), back(std::move(done)), kWay); return;
      case Fate::Refuse: answer_later(std::move(done), Code::Unavailable, 2 * kWay); return;
      case Fate::Forget:
        send(std::move(request), [](auto) {}, kWay);
        answer_later(std::move(done), Code::Unknown, 4 * kWay);
        return;
      case Fate::LoseRequest: answer_later(std::move(done), Code::Timeout, kTimeout); return;
      case Fate::LoseAnswer:
        send(std::move(request), [](auto) {}, kWay);
        answer_later(std::move(done), Code::Timeout, kTimeout);
        return;
      case Fate::Late: send(std::move(request), back(std::move(done)), kLate); return;
    }
  }

 private:
  void send(ports::StoreRequest request, Done done, milliseconds delay) {
    last_sent_ = std::max(last_sent_, base_.steady_now() + delay);
    // What was sent arrives, whether its sender lives or not.
    base_.call_at(last_sent_, [&witness = witness_, node = node_, request = std::move(request), done = std::move(done)]() mutable {
      witness.submit(node, std::move(request), std::move(done));
    });
  }
  Done back(Done done) {
    return [this, alive = std::weak_ptr(alive_), done = std::move(done)](Result<ports::Reply<ports::StoreAnswer>> reply) mutable {
      if (alive.expired()) return;
      base_.call_at(base_.steady_now() + kWay, [this, alive, done = std::move(done), reply = std::move(reply)]() mutable {
        if (!alive.expired()) to_node(std::move(done), std::move(reply));
      });
    };
  }
  void answer_later(Done done, Code code, milliseconds delay) {
    base_.call_at(base_.steady_now() + delay, [this, alive = std::weak_ptr(alive_), code, done = std::move(done)]() mutable {
      if (!alive.expired()) to_node(std::move(done), fail(code, "a fault was injected"));
    });
  }
  void to_node(Done done, Result<ports::Reply<ports::StoreAnswer>> reply) {
    loop_.post([alive = std::weak_ptr(alive_), done = std::move(done), reply = std::move(reply)]() mutable {
      if (!alive.expired()) done(std::move(reply));
    });
  }

  VirtualLoop& base_;
  NodeLoop& loop_;
  Witness& witness_;
  const Decide& everywhere_;
  const std::string node_;
  SteadyTime last_sent_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
