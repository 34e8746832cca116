#pragma once
// A child process with its standard output and error as pipes. Private to src/adapters/command.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace meepo::adapters::command {

/// File descriptors are the caller's to close.
struct Process {
  pid_t pid = 0;      ///< also its process group
  int pidfd = -1;     ///< readable when it has ended
  int output = -1;
  int errors = -1;
};

struct ProcessSpec {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  ///< "NAME=value"
  std::string folder;
};

/// Starts it with an empty standard input. Unavailable: it could not be started; the message says why.
Result<Process> spawn(const ProcessSpec& spec);

/// After its pidfd became readable: takes the exit status off the system. "" for exit code 0, else "exit code 3", "signal 9".
std::string reap(const Process& process);

}  // namespace meepo::adapters::command
