#pragma once
// Runs what waited as one transaction with one commit (group commit), and answers each request.
// Thread: the connection's.

#include <optional>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/following_clock.h"
#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/writer.h"
#include "ports/store.h"

namespace meepo::adapters::sqlite {

using StoreReply = Result<ports::Reply<ports::StoreAnswer>>;

/// How much work a request is: its items, at least 1.
std::size_t weight_of(const ports::StoreRequest& request);

/// Get, List, Ledger, Counts.
bool is_read(const ports::StoreRequest& request);

/// The writer's connection: all verbs that write, and the reads too where there is no second connection.
class WriteBatch {
 public:
  WriteBatch(Connection& connection, StaleEnds& stale_ends);

  /// Reads what is kept in memory; once, before run().
  Result<void> load();

  /// In the good case nothing is paid for the requests being independent: a request that SQLite fails rolls all back, and each runs
  /// again alone. A commit that fails answers Unknown to all, unless it surely wrote nothing.
  /// After a commit that the disk failed nothing more is written, not even when the connection closes: what a repeated fsync answers
  /// says nothing about what the failed one lost. Everything is then answered broken().
  std::vector<StoreReply> run(const std::vector<const ports::StoreRequest*>& requests, const FollowingClock::Reading& at);

  /// Unavailable, with what the disk answered; nothing while all is well.
  const std::optional<Error>& broken() const { return broken_; }

 private:
  std::optional<Error> try_together(const std::vector<const ports::StoreRequest*>& requests, const FollowingClock::Reading& at,
                                    std::vector<StoreReply>& replies);
  std::optional<Error> commit();
  void give_up(const Error& error);
  void roll_back();

  Connection& connection_;
  Writer writer_;
  Reader reader_;
  Statement begin_;
  Statement commit_;
  bool loaded_ = false;
  std::optional<Error> broken_;
};

/// The reader's connection.
class ReadBatch {
 public:
  ReadBatch(Connection& connection, const StaleEnds& stale_ends);
  StoreReply run(const ports::StoreRequest& request, const FollowingClock::Reading& at);

 private:
  Connection& connection_;
  Reader reader_;
  Statement begin_;
  Statement commit_;
};

}  // namespace meepo::adapters::sqlite
