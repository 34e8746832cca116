#pragma once
// The data folder and the lock on it: one process at a time. The lock goes with the process, however it ends.

#include <string>

#include "base/result.h"

namespace meepo::adapters::sqlite {

class FolderLock {
 public:
  /// Creates the folder (mode 0700, parents as the umask says) if it is missing, and locks it.
  /// Conflict: another process has it; the message names the folder and, if known, the process. Unavailable: it cannot be made or opened.
  static Result<FolderLock> take(const std::string& folder);

  FolderLock() = default;
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace meepo::adapters::sqlite
