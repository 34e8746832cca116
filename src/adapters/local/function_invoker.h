#pragma once
// The Invoker of the SDK: functions of this process, registered under interface and method, run on a fixed pool of threads.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "ports/invoker.h"

namespace meepo::adapters::local {

class FunctionInvoker final : public ports::Invoker {
 public:
  struct Options {
    std::size_t threads = 0;                              ///< 0: one a processor
    std::size_t queue_max = limits::kExecutorCreditsMax;  ///< calls that wait for a thread; one more ends Fail
  };
  /// Called on any of the pool's threads, and on several at once. A std::exception that it throws ends the attempt Fail with its text.
  using Handler = std::move_only_function<ports::InvokeResult(const Payload& params, ports::RunContext& context)>;
  struct Function {
    std::string interface;
    std::string method;
    std::string version;  ///< empty: none
    std::string group;    ///< empty: none
  };

  explicit FunctionInvoker(Options options);
  /// Waits for the handlers that run; calls that still wait for a thread are dropped. Stop the executor first.
  ~FunctionInvoker() override;

  /// Before the first invoke() only. InvalidArgument: an empty or too long name, no handler. Conflict: it is registered already.
  Result<void> add(Function function, Handler handler);

  /// The service keys of everything registered, each once: what the executor's hello names.
  std::vector<std::string> target_keys() const;

  /// A context that is cancelled before its function is called is not called: Stopped.
  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override;

 private:
  struct Call {
    ports::Invocation invocation;
    std::move_only_function<void()> started;
    std::move_only_function<void(ports::InvokeResult)> done;
  };

  void work();
  void carry_out(Call& call);
  Handler* find(const Target& target);
  std::string unknown_target(const Target& target) const;

  Options options_;
  std::map<std::string, std::map<std::string, Handler, std::less<>>, std::less<>> functions_;  ///< service key → method → handler

  std::mutex mutex_;  // guards the four below
  std::condition_variable wake_;
  std::deque<Call> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace meepo::adapters::local
