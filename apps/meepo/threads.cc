#include "threads.h"

#include <fmt/format.h>

#include <latch>
#include <system_error>
#include <thread>
#include <vector>

namespace meepo::cli {

Result<void> check_threads(std::size_t count) {
  std::latch end(1);
  std::vector<std::jthread> threads;
  threads.reserve(count);
  Result<void> checked;
  try {
    while (threads.size() < count) threads.emplace_back([&end] { end.wait(); });
  } catch (const std::system_error& error) {
    checked =
        fail(Code::Exhausted,
             fmt::format("start: the system refused thread {} of {} ({}); expected room for them: see ulimit -u, and TasksMax if systemd "
                         "starts this",
                         threads.size() + 1, count, error.code().message()));
  }
  end.count_down();
  return checked;
}

}  // namespace meepo::cli
