#pragma once
// Another process of this same program, for `meepo demo`. It ends when this process does, however that ends.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace meepo::cli {

class ChildProcess {
 public:
  /// `arguments`: after the program's own name. Its process ends when the calling thread does.
  static Result<ChildProcess> start(const std::vector<std::string>& arguments);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  ///< kills it if it still runs

  /// The first line of its standard output. Timeout, Unavailable (it ended before).
  Result<std::string> first_line(milliseconds timeout);

  /// Asks it to end and waits; the exit code. Timeout: it was killed then.
  Result<int> stop(milliseconds timeout);

 private:
  ChildProcess(pid_t pid, int out) : pid_(pid), out_(out) {}
  pid_t pid_;
  int out_;
};

}  // namespace meepo::cli
