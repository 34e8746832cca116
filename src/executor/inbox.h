#pragma once
// What invokers say, from any thread to the executor's loop: a lock and a push each, one post a batch. It outlives the executor as long
// as a handler runs, and is deaf then. Private to src/executor.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "executor/active_run.h"
#include "ports/clock.h"
#include "ports/invoker.h"

namespace meepo::executor {

struct InvokerEvent {
  std::shared_ptr<ActiveRun> run;
  SteadyTime at;                               ///< when the target was called; without a result
  std::optional<ports::InvokeResult> result;   ///< the invoker is done
};

class Inbox final : public std::enable_shared_from_this<Inbox> {
 public:
  using Drain = std::move_only_function<void(std::vector<InvokerEvent>)>;

  Inbox(ports::Loop& loop, Drain drain) : loop_(loop), drain_(std::move(drain)) {}

  // Any thread.
  void started(const std::shared_ptr<ActiveRun>& run);
  void done(const std::shared_ptr<ActiveRun>& run, ports::InvokeResult result);

  /// The loop, or once it has stopped: nothing is heard, no loop is touched from now on.
  void close();

 private:
  void push_locked(InvokerEvent event);
  void run_drain();

  ports::Loop& loop_;
  Drain drain_;       // the loop's
  std::mutex mutex_;  // guards the two below
  std::vector<InvokerEvent> events_;
  bool closed_ = false;
};

}  // namespace meepo::executor
