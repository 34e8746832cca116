#pragma once
// The tables as the verbs see them: rows of `firing` loaded, changed in memory and written at the end of an item, so that an item that
// is refused on the way has written nothing; names, records, attempts, ranges and changes beside. One object a connection.
// Thread: the connection's.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/row.h"
#include "adapters/sqlite/row_cache.h"
#include "ports/store_requests.h"

namespace meepo::adapters::sqlite {

/// What is kept of each shard in memory between transactions.
struct ShardState {
  Fence fence;
  std::uint64_t change_sequence = 0;
  Counts counts;
  bool dirty = false;
};

/// A row of tick_range to be written.
struct RangeRow {
  TickRange range;
  Fate fate = Fate::Skipped;
  SkipReason reason = SkipReason::None;
  std::uint64_t sequence = 0;          ///< of the armed tick that it begins with and takes the place of; 0: the next
};

struct StringHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard library asks for this name
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

class Tables {
 public:
  explicit Tables(Connection& connection);
  ~Tables();

  // ---- transactions: the writer's connection only
  /// Reads the shards' states; at open and after a rollback.
  Result<void> load();
  /// Writes the shards' states that changed; before a commit.
  void save();

  ShardState& shard(Shard shard) { return shards_.at(shard); }
  SysTime now{};                       ///< store time of the running transaction

  // ---- rows of one item
  /// Forgets the rows of the item before; unwritten changes are dropped.
  void start_item() { rows_used_ = 0; }
  /// Forgets the rows since mark().
  std::size_t mark() const { return rows_used_; }
  void rewind(std::size_t mark) { rows_used_ = mark; }
  /// The row, or nullptr. Valid until start_item(). Corruption: it does not decode.
  Result<Row*> find(const TaskId& task, std::string_view tick);
  /// The row that describes the task ('' or '0'), or nullptr.
  Result<Row*> find_task(const TaskId& task);
  /// A new row, written by flush().
  Row& add(const TaskId& task, std::string_view tick);
  /// Writes a new row now. False: one with its key exists (or SQLite failed).
  bool insert_new(Row& row);
  /// Writes what is dirty.
  void flush();
  /// All firings of a task that have not ended.
  Result<std::vector<Row*>> find_open(const TaskId& task);
  /// Loads the row that `run` stands on (selected as kRowColumns).
  Result<Row*> take(Statement::Run& run);
  static Result<void> read(Statement::Run& run, Row& row);

  // ---- records
  /// The task of a task row. `version` 0: the current one.
  Result<TaskPtr> record(const Row& task_row, std::uint32_t version = 0);
  /// Puts a record into a row that will be written, or beside it if it is long.
  void set_record(Row& task_row, const Task& task);
  void keep_record(const TaskId& task, std::uint32_t version, std::string_view record);

  // ---- names
  std::int64_t intern(std::string_view text);
  std::int64_t known_name(std::string_view text);  ///< 0: unknown
  std::string name(std::int64_t id);
  Firing firing(const Row& row);
  OpenFiring open_firing(const Row& row);

  // ---- what stands beside
  Result<std::optional<Attempt>> attempt(const Row& firing, std::uint32_t number);
  void save_attempt(Row& firing, Row& task_row, const Attempt& attempt, bool accepted);
  /// The attempt whose accepted end carried this token; 0: none.
  std::uint32_t accepted_attempt(const Row& firing, const RunToken& token);
  /// Lengthens the range right before it, if that has the same fate and reason.
  void add_range(Row& task_row, const RangeRow& range);
  void add_change(const FiringId& id);

  Connection& connection() { return connection_; }

 private:
  bool lengthen_range(const Row& task_row, const RangeRow& range);
  const Row* find_kept(const TaskId& task, std::string_view tick);
  Result<Row*> read_row(const TaskId& task, std::string_view tick);
  Row& new_row();
  Row& copy(const Row& row);
  void write(Row& row);
  void count(Row& row);

  struct Statements;
  Connection& connection_;
  std::unique_ptr<Statements> statements_;
  std::array<ShardState, kShardCount> shards_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::size_t rows_used_ = 0;
  RowCache cache_;
  [[maybe_unused]] std::uint64_t kept_found_ = 0;  ///< debug builds compare some of the rows found
  std::unordered_map<std::string, std::int64_t, StringHash, std::equal_to<>> name_ids_;
  std::unordered_map<std::int64_t, std::string> name_texts_;
};

/// The columns that Tables::read takes, in its order.
#define MEEPO_ROW_COLUMNS \
  "task, tick, place, score, due, flags, target, attempt, failures, crashes, token, executor, begun_at, ended_at, sequence, more, facts"

/// A text cut to `bytes_max` between two UTF-8 characters, with a mark at the end where it was cut.
std::string cut(std::string text, std::size_t bytes_max);

/// Changes a firing's state or attempt inside one scope: keeps the task's facts in step, and marks both rows to be written.
class Moving {
 public:
  Moving(Tables& tables, Row& firing, Row& task);
  ~Moving();
  Moving(const Moving&) = delete;
  Moving& operator=(const Moving&) = delete;

  /// Goes the way of these moves by the transition table; false (and nothing changed) if one of them is refused.
  bool go(std::initializer_list<Move> moves);

 private:
  void count(int by);

  Tables& tables_;
  Row& firing_;
  Row& task_;
  bool moved_ = false;
};

}  // namespace meepo::adapters::sqlite
