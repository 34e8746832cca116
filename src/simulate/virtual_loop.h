#pragma once
// A Loop on virtual time in one thread: posted work runs when the caller says so, timers when the caller moves the clock. For
// `meepo simulate` and tests/sim. Idle time costs nothing.

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "ports/clock.h"

namespace meepo::simulate {

class VirtualLoop : public ports::Loop {
 public:
  explicit VirtualLoop(SysTime start) : system_start_(start) {}

  SysTime system_now() const override { return system_start_ + std::chrono::floor<milliseconds>(elapsed_ + step_); }
  SteadyTime steady_now() const override { return SteadyTime(elapsed_); }

  void post(Work work) override { work_.push_back(std::move(work)); }
  TimerId call_at(SteadyTime when, Work work) override {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair(when, id), std::move(work));
    instants_.emplace(id, when);
    return id;
  }
  void cancel_timer(TimerId id) override {
    const auto found = instants_.find(id);
    if (found == instants_.end()) return;
    timers_.erase(std::pair(found->second, id));
    instants_.erase(found);
  }

  /// Runs everything posted, and what that posts, and due timers, until nothing is left at this instant.
  void run() {
    while (run_one()) {}
  }

  /// Moves the clock to `elapsed() + by`, running each timer at its own instant on the way.
  void advance(std::chrono::nanoseconds by) {
    const auto until = elapsed_ + by;
    run();
    while (!timers_.empty() && timers_.begin()->first.first.time_since_epoch() <= until) {
      elapsed_ = std::max(elapsed_, timers_.begin()->first.first.time_since_epoch());
      run();
    }
    elapsed_ = until;
    run();
  }

  /// Runs one piece of work or one timer that is due; false if there is none.
  bool run_one() {
    if (!work_.empty()) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
      return true;
    }
    if (!timers_.empty() && timers_.begin()->first.first.time_since_epoch() <= elapsed_) {
      auto work = std::move(timers_.begin()->second);
      instants_.erase(timers_.begin()->first.second);
      timers_.erase(timers_.begin());
      work();
      return true;
    }
    return false;
  }

  /// Moves the system clock only.
  void step_system_clock(milliseconds by) { step_ += by; }
  std::chrono::nanoseconds elapsed() const { return elapsed_; }
  bool idle() const { return work_.empty(); }

 private:
  SysTime system_start_;
  std::chrono::nanoseconds elapsed_{0};
  milliseconds step_{0};
  TimerId last_timer_ = 0;
  std::deque<Work> work_;
  std::map<std::pair<SteadyTime, TimerId>, Work> timers_;
  std::unordered_map<TimerId, SteadyTime> instants_;
};

}  // namespace meepo::simulate
