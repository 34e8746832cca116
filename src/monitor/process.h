#pragma once
// What this process uses of the machine, as Linux tells it. Any thread; reads /proc.

#include <cstdint>

namespace meepo::monitor {

/// What could not be read is 0.
struct ProcessFigures {
  double cpu_seconds = 0;             ///< user and system, since its start
  double started_at = 0;              ///< Unix seconds
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;   ///< soft limit
  std::uint64_t threads = 0;
};

ProcessFigures read_process_figures();

}  // namespace meepo::monitor
