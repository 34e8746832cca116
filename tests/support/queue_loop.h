#pragma once
// A Loop for tests of adapters with threads: any thread posts, the test's thread runs what was posted, with a deadline. No timers.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "ports/clock.h"

namespace meepo::test {

class QueueLoop final : public ports::Loop {
 public:
  SysTime system_now() const override { return std::chrono::floor<milliseconds>(std::chrono::system_clock::now()); }
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }

  void post(Work work) override {
    {
      const std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
    }
    wake_.notify_one();
  }
  TimerId call_at(SteadyTime, Work) override { return ++last_timer_; }
  void cancel_timer(TimerId) override {}

  /// Runs what is posted until `done()`; false if that takes longer than the deadline.
  bool run_until(const std::function<bool()>& done, std::chrono::seconds deadline = std::chrono::seconds(30)) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (!done()) {
      Work work;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_until(lock, until, [this] { return !work_.empty(); })) return false;
        work = std::move(work_.front());
        work_.pop_front();
      }
      work();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> work_;
  TimerId last_timer_ = 0;
};

}  // namespace meepo::test
