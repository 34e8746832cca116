#pragma once
// Looks whether a data folder's file holds together: SQLite's own structures, every row, and what one row says of others.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace meepo::adapters::sqlite {

struct CheckReport {
  static constexpr std::size_t kFaultsKept = 100;

  std::uint64_t tasks = 0;
  std::uint64_t firings = 0;
  std::uint64_t fault_count = 0;
  std::uint64_t repaired = 0;
  std::vector<std::string> faults;  ///< the first kFaultsKept, for people
  std::string kept;                 ///< the copy from before the repair; empty: nothing was repaired
};

/// @param repair     mends what follows from other rows: indexes, counts of a shard, a task's counts of its open firings. A copy of the file is
///                   made first, as `kept_name` in the folder. A row that does not decode, or has lost its task, is only told: a backup has it
/// Conflict: a process uses the folder, or a newer Meepo wrote it · NotFound: there is no data · Corruption: SQLite cannot read it at all.
Result<CheckReport> check(const std::string& folder, bool repair, const std::string& kept_name);

}  // namespace meepo::adapters::sqlite
