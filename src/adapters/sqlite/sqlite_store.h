#pragma once
// The embedded store: a data folder with one SQLite file (WAL, fsync on every commit), or memory. It passes tests/contract.
//
// What waits is one transaction with one commit. A thread of its own writes; another one reads (Get, List, Ledger, Counts see all
// that was committed before they run). Answers come to the loop in one post a batch. With `inline_on_loop` there is no thread: the
// work runs when the loop runs it.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "ports/clock.h"
#include "ports/figures.h"
#include "ports/store.h"

namespace meepo::adapters::sqlite {

struct Options {
  std::string folder;             ///< data folder, created if missing with mode 0700; empty: in memory
  bool inline_on_loop = false;    ///< tests and simulation
  std::size_t waiting_max = 500'000;  ///< items of requests that are not answered yet; more: Exhausted
  /// Called on the loop, once, when the disk has failed a commit: from then on all is answered Unavailable, and the process should end.
  std::function<void(const Error& error)> on_broken;
};

class SqliteStore final : public ports::Store {
 public:
  /// Conflict: another process uses the folder, or its schema is newer. Unavailable, Exhausted, Corruption: as they say.
  static Result<std::unique_ptr<SqliteStore>> open(Options options, ports::Loop& loop);

  /// Carries out what was submitted (nobody is told any more), writes the log back into the file, and closes it.
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  /// The fence of this process for all shards: the store's generation, and how often it was opened.
  Fence fence() const;

  /// "sqlite <folder>" or "sqlite in memory".
  std::string description() const;

  void submit(ports::StoreRequest request, Done done) override;

  /// On the loop.
  ports::StoreFigures figures() const;

 private:
  class Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace meepo::adapters::sqlite
