#pragma once
// The real Loop: one thread, one Asio io_context. post() from any thread costs a short lock and, for a whole batch, one wake-up;
// timers live in one ordered map behind a single Asio timer.

#include <memory>
#include <string>

#include "ports/clock.h"

namespace meepo::adapters::local {

class AsioLoop final : public ports::Loop {
 public:
  /// The thread starts with start(); work posted and timers set before it wait for it. `name`: of the thread, for people, at most 15 bytes.
  explicit AsioLoop(std::string name = "meepo-loop");
  ~AsioLoop() override;

  void start();
  /// Lets the work that runs return, joins the thread and destroys whatever else waits, unrun; posts are dropped from then on.
  /// Any thread but the loop's own; a second call does nothing.
  void stop();

  SysTime system_now() const override;
  SteadyTime steady_now() const override;
  void post(Work work) override;
  TimerId call_at(SteadyTime when, Work work) override;
  void cancel_timer(TimerId id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::adapters::local
