#pragma once
// The Invoker of command targets: one process an attempt, without a shell, in a process group of its own. Only listed programs run.
// One thread of its own waits for all of them.
//
// The process gets: its argv; an empty standard input; PATH, LANG and TZ of the executor, the task's env, and MEEPO_FIRING_ID,
// MEEPO_ATTEMPT, MEEPO_TICK, MEEPO_DUE, MEEPO_DEADLINE and MEEPO_APP. Exit code 0 is SUCCESS with what it wrote to standard output as
// result; any other end is FAIL with the code or signal and the end of standard error. Lines of standard error become the attempt's log.
// A cancelled or late run gets SIGTERM, and SIGKILL after `kill_grace`, the whole group; what it leaves in its group is killed at its end.

#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "ports/invoker.h"

namespace meepo::adapters::command {

class CommandInvoker final : public ports::Invoker {
 public:
  struct Options {
    std::vector<std::string> programs;                    ///< absolute paths that argv[0] may be
    std::string folder = "/";                             ///< working directory
    milliseconds kill_grace{5'000};
    std::size_t output_bytes = limits::kPayloadBytesMax;  ///< of standard output that are kept; more is read and dropped
  };

  /// InvalidArgument: a program that is no absolute path of an executable file; the folder is none.
  static Result<std::unique_ptr<CommandInvoker>> start(Options options);
  /// Kills what runs; `done` does not run for it. Stop the executor first.
  ~CommandInvoker() override;

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override;

 private:
  class Core;
  explicit CommandInvoker(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace meepo::adapters::command
