#pragma once
// Copies of a data folder's file: made while it is in use, checked, and put in its place. Blocking; any thread; each call opens
// connections of its own.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace meepo::adapters::sqlite {

struct BackupReport {
  std::uint64_t bytes = 0;
  std::uint64_t tasks = 0;
  int schema = 0;  ///< version of its tables
};

/// Pages done and pages in all; on the caller's thread.
using BackupProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

/// Copies what the folder holds at one instant, while a process may go on writing to it, to `file`; then checks the copy. Until it is
/// checked and on disk it is called `file`.part. NotFound: the folder holds no data · Conflict: `file` exists · Corruption, Exhausted,
/// Unavailable: as they say; nothing is left behind.
Result<BackupReport> back_up(const std::string& folder, const std::string& file, const BackupProgress& progress);

/// NotFound: no such file · Corruption: it is none of ours, or damaged · Conflict: a newer Meepo wrote it.
Result<BackupReport> check_backup(const std::string& file);

struct RestoreReport {
  BackupReport backup;
  std::string kept;  ///< folder with what was there before; empty: nothing was
};

/// Puts a checked copy of `file` in the folder. What was there moves to `kept_name` inside it: restoring that undoes it. Owners' fences
/// start above both, so that nothing that knew the old data writes to the new. Errors as of check_backup; Conflict: a process uses the
/// folder, or `kept_name` exists. The folder is as before after an error.
Result<RestoreReport> restore(const std::string& file, const std::string& folder, const std::string& kept_name);

}  // namespace meepo::adapters::sqlite
