#pragma once
// Runs tasks on a virtual clock with the real scheduler and engine and an executor that is always there: what would happen between two
// instants. Nothing outside is touched; one thread; no waiting.

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "ports/store.h"
#include "simulate/virtual_loop.h"
#include "task/task.h"

namespace meepo::simulate {

inline constexpr std::size_t kTasksMax = 10'000;
inline constexpr std::uint64_t kRowsMax = 5'000'000;  ///< rows of the ledger that one simulation may write

struct Settings {
  SysTime from;                     ///< the tasks are created here
  SysTime to;                       ///< after `from`
  milliseconds duration{100};       ///< of each run; ≥ 1 ms
  std::string default_zone = "UTC";
};

/// One line of the ledger and its task's place in what was given (chained tasks have their first parent's).
struct Line {
  std::size_t task = 0;
  ports::LedgerRow row;
  SysTime due;                      ///< of a range its first tick, or when it was written if that has no instant
};

/// What ran in one slice of time.
struct Slice {
  SysTime begin;
  std::uint64_t began = 0;
  std::uint64_t at_once = 0;        ///< the most that ran at the same moment
};

struct Report {
  std::vector<Line> lines;          ///< by due
  std::vector<Slice> load;          ///< `slices` of equal length from `from` to `to`
  std::uint64_t began = 0;
  std::uint64_t skipped = 0;        ///< ticks
  std::uint64_t at_once = 0;
};

/// `loop` stands at settings.from, `store` is empty, runs on that loop, and has been opened with `fence`. InvalidArgument: the settings,
/// or a task (the message names which and its field; nothing was simulated) · Exhausted: more than kRowsMax rows.
Result<Report> run(const Settings& settings, std::vector<TaskSpec> specs, std::size_t slices, VirtualLoop& loop, ports::Store& store,
                   const Fence& fence);

}  // namespace meepo::simulate
