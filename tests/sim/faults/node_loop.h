#pragma once
// The loop of one simulated process on the shared virtual time: it can be paused (SIGSTOP: what arrives waits), killed (nothing of it
// runs any more), and its clocks are off: the system clock by a fixed difference, the steady clock by some parts in a million.

#include <deque>
#include <memory>
#include <utility>

#include "ports/clock.h"
#include "support/virtual_loop.h"

namespace meepo::test {

class NodeLoop final : public ports::Loop {
 public:
  struct Clocks {
    milliseconds offset{0};
    int drift_ppm = 0;  ///< positive: the steady clock runs fast
  };
  NodeLoop(VirtualLoop& base, Clocks clocks) : base_(base), clocks_(clocks) {}

  SysTime system_now() const override { return base_.system_now() + clocks_.offset; }
  SteadyTime steady_now() const override {
    const auto elapsed = base_.elapsed();
    return SteadyTime(elapsed + elapsed / kMillion * clocks_.drift_ppm);
  }
  void post(Work work) override {
    base_.post([this, alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
      if (!alive.expired()) run(0, std::move(work));
    });
  }
  TimerId call_at(SteadyTime when, Work work) override {
    const auto id = std::make_shared<TimerId>(0);
    *id = base_.call_at(in_base_time(when), [this, id, alive = std::weak_ptr(alive_), work = std::move(work)]() mutable {
      if (!alive.expired()) run(*id, std::move(work));
    });
    return *id;
  }
  void cancel_timer(TimerId id) override {
    base_.cancel_timer(id);
    if (id != 0) std::erase_if(held_, [id](const auto& entry) { return entry.first == id; });
  }

  void pause() { paused_ = true; }
  void go_on() {
    paused_ = false;
    for (auto& [id, work] : std::exchange(held_, {})) post(std::move(work));
  }
  void kill() { alive_.reset(); }
  bool alive() const { return alive_ != nullptr; }
  bool paused() const { return paused_; }

 private:
  static constexpr int kMillion = 1'000'000;

  void run(TimerId id, Work work) {
    if (paused_) {
      held_.emplace_back(id, std::move(work));
    } else {
      work();
    }
  }
  /// The first instant of the base loop at which this node's steady clock is at `when` or beyond.
  SteadyTime in_base_time(SteadyTime when) const {
    const double local = static_cast<double>(when.time_since_epoch().count());
    auto guess = std::chrono::nanoseconds(static_cast<std::int64_t>(local * kMillion / (kMillion + clocks_.drift_ppm)));
    while (guess + guess / kMillion * clocks_.drift_ppm < when.time_since_epoch()) guess += std::chrono::nanoseconds(1'000);
    return SteadyTime(guess);
  }

  VirtualLoop& base_;
  const Clocks clocks_;
  bool paused_ = false;
  std::deque<std::pair<TimerId, Work>> held_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace meepo::test
