#pragma once
// The executor: takes runs from its streams, invokes their targets, reports starts, renewals and ends. It keeps every end until a
// scheduler has acknowledged it, names all that it runs on a new stream, and cancels a run's context before its lease ends.
// One object lives on one loop; handlers run wherever the Invoker puts them.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "ports/clock.h"
#include "ports/dispatch.h"
#include "ports/invoker.h"

namespace meepo::executor {

struct Options {
  std::string instance;                                     ///< unique per process start
  std::string name;                                         ///< for people
  std::vector<std::string> target_keys;                     ///< task/target.h
  std::uint32_t credits = limits::kExecutorCreditsDefault;  ///< runs at once, over all its streams
  std::uint32_t streams = 1;                                ///< schedulers it connects to: the credits are shared out among them
  milliseconds renew_every = limits::kRunRenewEvery;
};

class Executor {
 public:
  /// @param invoker  its callbacks may come on any thread; they are posted to `loop` in batches
  Executor(Options options, ports::Loop& loop, ports::RunSource& source, ports::Invoker& invoker);
  ~Executor();

  void start();
  /// Serves these from now on and no others; what runs goes on. Every scheduler is told, also those that it connects to later.
  void offer(std::vector<std::string> target_keys);
  /// Hands back what has not started, takes no more, waits up to `drain` for what runs (then cancels it and waits `drain` again at most),
  /// reports every end and waits for the acknowledgement; then closes the streams and calls `done` with the number of runs left behind.
  void stop(milliseconds drain, std::move_only_function<void(std::size_t left)> done);
  std::size_t running() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::executor
