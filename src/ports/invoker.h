#pragma once
// The Invoker port: carries out one attempt. Adapters: local (functions registered in the SDK); http, command, dubbo later.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "task/firing.h"
#include "task/target.h"

namespace meepo::ports {

/// What the handler of one attempt sees and may say while it runs. Shared by the executor's loop and the handler's thread.
class RunContext {
 public:
  virtual ~RunContext() = default;
  virtual const FiringId& id() const = 0;
  virtual SysTime due() const = 0;                   ///< of the tick, with its jitter
  virtual std::uint32_t attempt() const = 0;         ///< 1 = the first
  virtual SysTime deadline() const = 0;              ///< system clock
  virtual bool cancelled() const = 0;                ///< asked to stop, timed out, or the lease is about to be lost. Any thread
  /// Runs `wake` once, on the canceller's thread, when cancelled() becomes true; at once if it is. Any thread.
  virtual void on_cancel(std::move_only_function<void()> wake) = 0;
  virtual void progress(std::string text) = 0;       ///< the last one counts; cut at kProgressBytesKept. Any thread
  virtual void log(std::string line) = 0;            ///< cut at kLogLineBytesKept, kLogBytesKept. Any thread
};

struct Invocation {
  Target target;
  std::string app_id;
  std::shared_ptr<RunContext> context;
};

struct InvokeResult {
  Outcome outcome = Outcome::Success;     ///< Success, Fail or Stopped (it ended because it was cancelled)
  std::optional<Payload> result;
  std::string error;
};

class Invoker {
 public:
  virtual ~Invoker() = default;

  /// Starts the attempt and returns. `started` runs once, just before the target is called; `done` once, after it. Both on any thread.
  /// A target that is not known ends Fail with a message that lists what is. A context that is cancelled when `started` returns (or
  /// before) is not called: `done` with Stopped.
  virtual void invoke(Invocation invocation, std::move_only_function<void()> started, std::move_only_function<void(InvokeResult)> done) = 0;
};

}  // namespace meepo::ports
