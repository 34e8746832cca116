#include "adapters/sqlite/check.h"

#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/folder_lock.h"
#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/tables.h"

namespace meepo::adapters::sqlite {
namespace {

class Checker {
 public:
  explicit Checker(Connection& connection) : connection_(connection), tables_(connection) {}

  void check_structure();
  void check_rows();
  void check_counts();
  Result<void> repair();

  CheckReport report;
  bool repairable() const { return reindex_ || !facts_.empty() || !counts_.empty(); }

 private:
  struct OfTask {
    Row row;
    std::uint32_t armed = 0;
    std::uint32_t running = 0;
  };
  void fault(std::string text);
  void add(Row row);
  void finish_task();

  Connection& connection_;
  Tables tables_;
  std::optional<OfTask> task_;
  std::array<Counts, kShardCount> counted_{};
  bool reindex_ = false;
  std::vector<Row> facts_;  ///< task rows with the facts that they should have
  std::vector<Shard> counts_;
};

void Checker::fault(std::string text) {
  ++report.fault_count;
  if (report.faults.size() < CheckReport::kFaultsKept) report.faults.push_back(std::move(text));
}

void Checker::check_structure() {
  Statement statement(connection_, "PRAGMA integrity_check");
  auto run = statement.run();
  while (run.step()) {
    const std::string found(run.bytes(0));
    if (found == "ok") return;
    reindex_ = reindex_ || found.contains("index");
    fault("file: " + found);
  }
}

/// In the order of their keys: the row that describes a task comes before its other rows.
void Checker::check_rows() {
  Statement statement(connection_, "SELECT " MEEPO_ROW_COLUMNS " FROM firing ORDER BY task, tick");
  auto run = statement.run();
  while (run.step()) {
    Row row;
    if (const auto read = Tables::read(run, row); read) {
      add(std::move(row));
    } else {
      fault(read.error().message);
    }
  }
  if (connection_.failed()) fault(connection_.error("read the rows").message);
  connection_.forget_failure();
  finish_task();
}

void Checker::add(Row row) {
  const Shard shard = row.task.shard();
  if (row.has_firing) {
    ++report.firings;
    ++counted_.at(shard).firings.at(index_of(row.firing.state));
  }
  if (row.has_task) {
    finish_task();
    ++report.tasks;
    if (const auto task = tables_.record(row); !task) fault(task.error().message);
    task_ = OfTask{.row = row};
  } else if (!task_ || task_->row.task != row.task) {
    fault("firing " + std::string(row.task.text()) + "@" + row.tick + " belongs to no task");
    return;
  }
  if (row.open()) ++(row.never_began() ? task_->armed : task_->running);
}

void Checker::finish_task() {
  if (!task_) return;
  Row& row = task_->row;
  if (row.facts.armed != task_->armed || row.facts.running != task_->running) {
    fault("task " + std::string(row.task.text()) + " counts " + std::to_string(row.facts.armed) + " armed and " +
          std::to_string(row.facts.running) + " running firings: it has " + std::to_string(task_->armed) + " and " +
          std::to_string(task_->running));
    row.facts.armed = task_->armed;
    row.facts.running = task_->running;
    facts_.push_back(row);
  }
  ++counted_.at(row.task.shard()).tasks.at(index_of(row.facts.status()));
  task_.reset();
}

void Checker::check_counts() {
  std::array<Counts, kShardCount> stored{};
  {
    Statement statement(connection_, "SELECT shard, counts FROM shard");
    auto run = statement.run();
    while (run.step()) {
      const auto counts = decode_counts(run.bytes(1));
      const auto shard = static_cast<std::size_t>(run.integer(0));
      if (counts && shard < stored.size()) stored.at(shard) = *counts;
      if (!counts) fault("shard " + std::to_string(shard) + ": " + counts.error().message);
    }
  }
  for (Shard shard = 0; shard < kShardCount; ++shard) {
    if (stored.at(shard).tasks == counted_.at(shard).tasks && stored.at(shard).firings == counted_.at(shard).firings) continue;
    fault("the counts of shard " + std::to_string(shard) + " are not those of its rows");
    counts_.push_back(shard);
  }
}

Result<void> Checker::repair() {
  connection_.forget_failure();
  connection_.execute("BEGIN IMMEDIATE");
  if (reindex_) connection_.execute("REINDEX");
  if (!facts_.empty()) {
    Statement statement(connection_, "UPDATE firing SET facts = ?3 WHERE task = ?1 AND tick = ?2");
    for (const Row& row : facts_) {
      const auto key = pack(row.task);
      const auto facts = encode_facts(row.facts);
      statement.run().bind_blob(1, view(key)).bind_text(2, row.tick).bind_blob(3, facts).done();
    }
  }
  if (!counts_.empty()) {
    Statement statement(connection_, "UPDATE shard SET counts = ?2 WHERE shard = ?1");
    for (const Shard shard : counts_) {
      const auto counts = encode_counts(counted_.at(shard));
      statement.run().bind(1, shard).bind_blob(2, counts).done();
    }
  }
  connection_.execute("COMMIT");
  if (connection_.failed()) return fail(connection_.error("repair"));
  report.repaired = facts_.size() + counts_.size() + (reindex_ ? 1 : 0);
  return {};
}

}  // namespace

Result<CheckReport> check(const std::string& folder, bool repair, const std::string& kept_name) {
  const std::string file = folder + "/meepo.db";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return fail(Code::NotFound, "there is no data in " + folder + ": expected " + file);
  const auto lock = FolderLock::take(folder);
  if (!lock) return fail(lock.error());
  auto connection = Connection::open(file);
  if (!connection) return fail(std::move(connection.error()));
  constexpr std::int64_t kCacheKib = 64 * 1024;
  if (auto configured = configure(**connection, kCacheKib, true); !configured) return fail(std::move(configured.error()).prefixed(file));
  if (auto migrated = migrate(**connection); !migrated) return fail(std::move(migrated.error()).prefixed(file));
  Checker checker(**connection);
  checker.check_structure();
  checker.check_rows();
  checker.check_counts();
  if (!repair || !checker.repairable()) return checker.report;
  checker.report.kept = folder + "/" + kept_name;
  if (std::filesystem::exists(checker.report.kept, ignored)) {
    return fail(Code::Conflict, checker.report.kept + " exists: expected a name that is free");
  }
  // As it is, damage included: a copy by pages would refuse it.
  if (!(*connection)->execute("PRAGMA wal_checkpoint(TRUNCATE)")) return fail((*connection)->error("write the log back before the copy"));
  std::error_code error;
  std::filesystem::copy_file(file, checker.report.kept, error);
  if (error) return fail(Code::Unavailable, "copy " + file + " to " + checker.report.kept + ": " + error.message());
  if (auto repaired = checker.repair(); !repaired) return fail(std::move(repaired.error()));
  return checker.report;
}

}  // namespace meepo::adapters::sqlite
