#pragma once
// The reads that do not run in the writer's order: get, list, ledger, counts. Each is one snapshot of what is committed.
// Thread: the connection's.

#include <memory>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/tables.h"
#include "adapters/sqlite/writer.h"
#include "ports/store_requests.h"

namespace meepo::adapters::sqlite {

class Reader {
 public:
  Reader(Connection& connection, const StaleEnds& stale_ends);
  ~Reader();

  Tables& tables() { return tables_; }

  Result<ports::GetRequest::Answer> run(const ports::GetRequest& request);
  Result<ports::ListRequest::Answer> run(const ports::ListRequest& request);
  Result<ports::LedgerRequest::Answer> run(const ports::LedgerRequest& request);
  Result<ports::CountsRequest::Answer> run(const ports::CountsRequest& request);

 private:
  struct Statements;

  Result<ports::TaskView> view_of(const Row& task_row, TaskPtr task);
  Result<ports::TaskView> get(const TaskId& id);
  std::optional<TaskId> newest_before(Shard shard, const PackedId& before);
  Result<std::vector<Attempt>> attempts(const Row& row);
  Result<void> add_firings(const ports::LedgerRequest& request, std::vector<ports::LedgerRow>& rows);
  Result<void> read_firings(Statement::Run& run, std::vector<ports::LedgerRow>& rows);
  Result<void> add_tick(const ports::LedgerRequest& request, Kind kind, std::vector<ports::LedgerRow>& rows);
  Result<void> add_ranges(const ports::LedgerRequest& request, std::vector<ports::LedgerRow>& rows);

  Connection& connection_;
  Tables tables_;
  std::unique_ptr<Statements> statements_;
  const StaleEnds& stale_ends_;
};

}  // namespace meepo::adapters::sqlite
