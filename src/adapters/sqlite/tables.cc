#include "adapters/sqlite/tables.h"

#include <cassert>
#include <utility>

#include "adapters/sqlite/statements.h"
#include "task/record.h"

namespace meepo::adapters::sqlite {
namespace {

/// A record longer than this stands beside its row, so that a change of state does not rewrite it. The row then stays on its page.
constexpr std::size_t kRecordInRowBytesMax = 700;
constexpr std::size_t kNamesCachedMax = 100'000;
#ifndef NDEBUG
constexpr std::uint64_t kCompareEach = 8;  ///< a debug build reads one in so many kept rows all the same, and compares
#endif

void bind_time(Statement::Run& run, int place, const std::optional<SysTime>& time) {
  if (time) run.bind(place, to_unix_ms(*time));
}

void bind_unless_zero(Statement::Run& run, int place, std::int64_t value) {
  if (value != 0) run.bind(place, value);
}

}  // namespace

Tables::Tables(Connection& connection) : connection_(connection), statements_(std::make_unique<Statements>(connection)) {}
Tables::~Tables() = default;

Result<void> Tables::load() {
  name_ids_.clear();
  name_texts_.clear();
  cache_.clear();
  shards_ = {};
  auto run = statements_->shards.run();
  while (run.step()) {
    auto& shard = shards_.at(static_cast<std::size_t>(run.integer(0)) % kShardCount);
    const auto fence = Fence::parse(run.bytes(1));
    const auto counts = decode_counts(run.bytes(3));
    if (!fence) return fail(Error(fence.error()).prefixed("sqlite read shard " + std::to_string(run.integer(0))));
    if (!counts) return fail(Error(counts.error()).prefixed("sqlite read shard " + std::to_string(run.integer(0))));
    shard = {.fence = *fence, .change_sequence = static_cast<std::uint64_t>(run.integer(2)), .counts = *counts, .dirty = false};
  }
  if (connection_.failed()) return fail(connection_.error("read the shards"));
  return {};
}

void Tables::save() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto& shard = shards_[i];
    if (!shard.dirty) continue;
    const std::string counts = encode_counts(shard.counts);
    auto run = statements_->save_shard.run();
    run.bind(1, static_cast<std::int64_t>(i)).bind_text(2, shard.fence.text());
    run.bind(3, static_cast<std::int64_t>(shard.change_sequence)).bind_blob(4, counts);
    if (run.done()) shard.dirty = false;
  }
}

Row& Tables::copy(const Row& row) {
  if (rows_used_ == rows_.size()) rows_.push_back(std::make_unique<Row>());
  // Assigned, so that its texts keep their memory from item to item.
  return *rows_[rows_used_++] = row;
}

Row& Tables::new_row() {
  static const Row kEmpty;
  return copy(kEmpty);
}

const Row* Tables::find_kept(const TaskId& task, std::string_view tick) {
  const Row* kept = cache_.find(task, tick);
#ifndef NDEBUG
  if (kept != nullptr && ++kept_found_ % kCompareEach == 0) {
    const auto mark = rows_used_;
    const auto stored = read_row(task, tick);
    assert(connection_.failed() || (stored && *stored != nullptr && **stored == *kept));
    rows_used_ = mark;
  }
#endif
  return kept;
}

Result<Row*> Tables::find(const TaskId& task, std::string_view tick) {
  for (std::size_t i = 0; i < rows_used_; ++i) {
    if (rows_[i]->task == task && rows_[i]->tick == tick) return rows_[i].get();
  }
  if (const Row* kept = find_kept(task, tick)) return &copy(*kept);
  return read_row(task, tick);
}

Result<Row*> Tables::read_row(const TaskId& task, std::string_view tick) {
  const auto key = pack(task);
  auto run = statements_->row.run();
  run.bind_blob(1, view(key)).bind_text(2, tick);
  if (!run.step()) return nullptr;
  return take(run);
}

Result<Row*> Tables::find_task(const TaskId& task) {
  for (std::size_t i = 0; i < rows_used_; ++i) {
    if (rows_[i]->has_task && rows_[i]->task == task) return rows_[i].get();
  }
  for (const std::string_view tick : {"", "0"}) {
    if (const Row* kept = find_kept(task, tick); kept != nullptr && kept->has_task) return &copy(*kept);
  }
  const auto key = pack(task);
  auto run = statements_->task_row.run();
  run.bind_blob(1, view(key));
  if (!run.step()) return nullptr;
  auto row = take(run);
  if (row && !(*row)->has_task) return fail(Code::Corruption, "task " + std::string(task.text()) + " has no row of its own");
  return row;
}

Result<Row*> Tables::take(Statement::Run& run) {
  Row& row = new_row();
  if (auto read_it = read(run, row); !read_it) {
    --rows_used_;
    return fail(std::move(read_it.error()));
  }
  return &row;
}

Result<std::vector<Row*>> Tables::find_open(const TaskId& task) {
  std::vector<std::string> ticks;
  {
    const auto key = pack(task);
    auto run = statements_->open_ticks.run();
    run.bind_blob(1, view(key));
    while (run.step()) ticks.emplace_back(run.bytes(0));
  }
  std::vector<Row*> open;
  for (const auto& tick : ticks) {
    const auto row = find(task, tick);
    if (!row) return fail(row.error());
    if (*row != nullptr && (*row)->open()) open.push_back(*row);
  }
  return open;
}

Row& Tables::add(const TaskId& task, std::string_view tick) {
  Row& row = new_row();
  row.task = task;
  row.tick = tick;
  row.fresh = true;
  row.dirty = true;
  return row;
}

void Tables::count(Row& row) {
  const auto state = row.has_firing && !row.removed ? std::optional(row.firing.state) : std::nullopt;
  const auto status = row.has_task && !row.removed ? std::optional(row.facts.status()) : std::nullopt;
  if (state == row.stored_state && status == row.stored_status) return;
  auto& shard = shards_.at(row.task.shard());
  if (row.stored_state) --shard.counts.firings.at(index_of(*row.stored_state));
  if (state) ++shard.counts.firings.at(index_of(*state));
  if (row.stored_status) --shard.counts.tasks.at(index_of(*row.stored_status));
  if (status) ++shard.counts.tasks.at(index_of(*status));
  shard.dirty = true;
  row.stored_state = state;
  row.stored_status = status;
}

bool Tables::insert_new(Row& row) {
  write(row);
  return connection_.changes() == 1 && !connection_.failed();
}

void Tables::flush() {
  for (std::size_t i = 0; i < rows_used_; ++i) {
    if (rows_[i]->dirty) write(*rows_[i]);
  }
}

void Tables::write(Row& row) {
  const auto key = pack(row.task);
  row.dirty = false;
  if (row.removed) {
    if (!row.fresh) {
      auto run = statements_->remove_row.run();
      run.bind_blob(1, view(key)).bind_text(2, row.tick).done();
    }
    cache_.erase(row.task, row.tick);
    count(row);
    return;
  }
  const auto& firing = row.firing;
  const auto place = row.place();
  const std::string more = row.has_firing ? encode_more(row) : std::string();
  const std::string facts = row.has_task ? encode_facts(row.facts) : std::string();
  const std::string token = firing.run_token.empty() ? std::string() : encode_token(firing.run_token);
  auto run = row.fresh                ? statements_->insert_row.run()
             : row.new_record.empty() ? statements_->update_row.run()
                                      : statements_->replace_row.run();
  run.bind_blob(1, view(key)).bind_text(2, row.tick);
  if (place) run.bind(3, *place).bind(4, row.score());
  if (row.has_firing) {
    if (to_unix_ms(firing.due) != row.score() || !place) run.bind(5, to_unix_ms(firing.due));
    run.bind(6, encode_flags(row));
    bind_unless_zero(run, 7, row.target);
    bind_unless_zero(run, 8, firing.attempt);
    bind_unless_zero(run, 9, firing.failures);
    bind_unless_zero(run, 10, firing.crashes);
    if (!token.empty()) run.bind_blob(11, token);
    bind_unless_zero(run, 12, row.executor);
    bind_time(run, 13, firing.begun_at);
    bind_time(run, 14, firing.ended_at);
    run.bind(15, static_cast<std::int64_t>(row.sequence));
    if (!more.empty()) run.bind_blob(16, more);
  }
  if (row.has_task) run.bind_blob(17, facts);
  if (!row.new_record.empty()) run.bind_blob(18, row.new_record);
  const bool inserting = row.fresh;
  if (!run.done()) return;
  if (inserting && connection_.changes() == 0) return;  // it exists; insert_new() tells
  row.fresh = false;
  row.new_record.clear();
  count(row);
  cache_.put(row);
}

Result<void> Tables::read(Statement::Run& run, Row& row) {
  const auto id = unpack(run.bytes(0));
  if (!id) return fail(id.error());
  row.task = *id;
  row.tick = run.bytes(1);
  row.has_firing = !run.null(5);
  row.has_task = !run.null(16);
  if (row.has_task) {
    auto facts = decode_facts(run.bytes(16));
    if (!facts) return fail(std::move(facts.error()).prefixed("task " + std::string(id->text())));
    row.facts = std::move(*facts);
    row.stored_status = row.facts.status();
  }
  if (!row.has_firing) return {};
  const auto tick = Tick::parse(row.tick);
  if (!tick) return fail(Code::Corruption, "a firing of task " + std::string(id->text()) + " has the tick '" + row.tick + "'");
  auto& firing = row.firing;
  firing.id = {.task = *id, .tick = *tick};
  const auto state = (run.integer(2) / kBuckets) % 8;
  if (run.null(2) || state < 1) return fail(Code::Corruption, "firing " + firing.id.text() + " has no state");
  firing.state = state == kTaskEnded ? State::Ended : static_cast<State>(state);
  firing.score = from_unix_ms(run.integer(3));
  firing.due = from_unix_ms(run.integer(run.null(4) ? 3 : 4));
  if (!run.null(10)) {
    const auto token = decode_token(run.bytes(10));
    if (!token) return fail(Error(token.error()).prefixed("firing " + firing.id.text()));
    firing.run_token = *token;
  }
  row.target = run.integer(6);
  firing.attempt = static_cast<std::uint32_t>(run.integer(7));
  firing.failures = static_cast<std::uint32_t>(run.integer(8));
  firing.crashes = static_cast<std::uint32_t>(run.integer(9));
  row.executor = run.integer(11);
  if (!run.null(12)) firing.begun_at = from_unix_ms(run.integer(12));
  if (!run.null(13)) firing.ended_at = from_unix_ms(run.integer(13));
  if (firing.state == State::Ended && firing.ended_at) firing.score = *firing.ended_at;
  row.sequence = static_cast<std::uint64_t>(run.integer(14));
  auto decoded = decode_flags(run.integer(5), row);
  if (decoded && !run.null(15)) decoded = decode_more(run.bytes(15), row);
  if (!decoded) return fail(Error(decoded.error()).prefixed("firing " + firing.id.text()));
  row.stored_state = firing.state;
  return {};
}

Result<TaskPtr> Tables::record(const Row& task_row, std::uint32_t version) {
  const auto key = pack(task_row.task);
  const bool apart = task_row.facts.record_apart || (version != 0 && version != task_row.facts.version);
  auto run = apart ? statements_->record.run() : statements_->row_record.run();
  run.bind_blob(1, view(key));
  if (apart) {
    run.bind(2, version != 0 ? version : task_row.facts.version);
  } else {
    run.bind_text(2, task_row.tick);
  }
  if (!run.step()) return fail(Code::Corruption, "task " + std::string(task_row.task.text()) + " has no record");
  auto task = decode_task(run.bytes(0));
  if (!task) return fail(std::move(task.error()).prefixed("task " + std::string(task_row.task.text())));
  return std::make_shared<const Task>(std::move(*task));
}

void Tables::set_record(Row& task_row, const Task& task) {
  std::string record = encode_task(task);
  task_row.facts.record_apart = record.size() > kRecordInRowBytesMax;
  if (task_row.facts.record_apart) {
    task_row.facts.records = true;
    keep_record(task.id, task.version, record);
  } else {
    task_row.new_record = std::move(record);
  }
}

void Tables::keep_record(const TaskId& task, std::uint32_t version, std::string_view record) {
  const auto key = pack(task);
  auto run = statements_->save_record.run();
  run.bind_blob(1, view(key)).bind(2, version).bind_blob(3, record).done();
}

std::int64_t Tables::known_name(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto found = name_ids_.find(text); found != name_ids_.end()) return found->second;
  auto run = statements_->name_id.run();
  run.bind_text(1, text);
  if (!run.step()) return 0;
  if (name_ids_.size() >= kNamesCachedMax) name_ids_.clear();
  const auto id = run.integer(0);
  name_ids_.emplace(text, id);
  return id;
}

std::int64_t Tables::intern(std::string_view text) {
  if (text.empty()) return 0;
  if (const auto id = known_name(text); id != 0) return id;
  auto run = statements_->add_name.run();
  if (!run.bind_text(1, text).done()) return 0;
  return sqlite3_last_insert_rowid(connection_.handle());
}

std::string Tables::name(std::int64_t id) {
  if (id == 0) return {};
  if (const auto found = name_texts_.find(id); found != name_texts_.end()) return found->second;
  auto run = statements_->name_text.run();
  run.bind(1, id);
  if (!run.step()) return {};
  if (name_texts_.size() >= kNamesCachedMax) name_texts_.clear();
  return name_texts_.emplace(id, run.bytes(0)).first->second;
}

Firing Tables::firing(const Row& row) {
  Firing firing = row.firing;
  firing.executor = name(row.executor);
  return firing;
}

}  // namespace meepo::adapters::sqlite
