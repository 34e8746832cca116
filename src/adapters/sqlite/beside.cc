// What stands beside the rows: attempts, ranges, changes; and Moving, which keeps a task's facts in step with its firings.

#include <algorithm>
#include <utility>

#include "adapters/sqlite/statements.h"
#include "adapters/sqlite/tables.h"
#include "task/record.h"

namespace meepo::adapters::sqlite {

std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  constexpr std::string_view kMark = "…";
  std::size_t end = bytes_max - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  text += kMark;
  return text;
}

OpenFiring Tables::open_firing(const Row& row) {
  const auto& f = row.firing;
  OpenFiring open{.id = f.id,
                  .state = f.state,
                  .wait_reason = f.wait_reason,
                  .due = f.due,
                  .score = f.score,
                  .target_key = name(row.target),
                  .priority = row.priority,
                  .attempt = f.attempt,
                  .failures = f.failures,
                  .crashes = f.crashes,
                  .suspect = f.suspect,
                  .started = f.started,
                  .cancel_asked = f.cancel_asked_at.has_value(),
                  .on_lost = row.on_lost,
                  .task = nullptr,
                  .run_token = {},
                  .executor = {}};
  if (f.state == State::Running) {
    open.run_token = f.run_token;
    open.executor = name(row.executor);
  }
  const bool unclaimed = f.state == State::Due || f.state == State::Waiting;
  if (unclaimed && row.planned() && !f.id.tick.is_real()) {
    // A record that does not decode shows when the firing is claimed.
    if (const auto task_row = find_task(row.task); task_row && *task_row != nullptr) {
      if (auto task = record(**task_row)) open.task = std::move(*task);
    }
  }
  return open;
}

Result<std::optional<Attempt>> Tables::attempt(const Row& firing, std::uint32_t number) {
  const auto key = pack(firing.task);
  auto run = statements_->attempt.run();
  run.bind_blob(1, view(key)).bind_text(2, firing.tick).bind(3, number);
  if (!run.step()) return std::nullopt;
  auto attempt = decode_attempt(run.bytes(0));
  if (!attempt) return fail(std::move(attempt.error()).prefixed("attempt of " + firing.firing.id.text()));
  return std::move(*attempt);
}

void Tables::save_attempt(Row& firing, Row& task_row, const Attempt& attempt, bool accepted) {
  const auto key = pack(firing.task);
  const std::string record = encode_attempt(attempt);
  const std::string token = encode_token(firing.firing.run_token);
  {
    auto run = statements_->save_attempt.run();
    run.bind_blob(1, view(key)).bind_text(2, firing.tick).bind(3, attempt.number).bind_blob(5, record);
    if (accepted) run.bind_blob(4, token);
    run.done();
  }
  if (attempt.number > limits::kAttemptsKept) {
    auto run = statements_->prune_attempts.run();
    run.bind_blob(1, view(key)).bind_text(2, firing.tick);
    run.bind(3, attempt.number - static_cast<std::uint32_t>(limits::kAttemptsKept)).done();
  }
  if (!task_row.facts.attempts) {
    task_row.facts.attempts = true;
    task_row.dirty = true;
  }
}

std::uint32_t Tables::accepted_attempt(const Row& firing, const RunToken& token) {
  const auto key = pack(firing.task);
  const std::string bytes = encode_token(token);
  auto run = statements_->accepted_attempt.run();
  run.bind_blob(1, view(key)).bind_text(2, firing.tick).bind_blob(3, bytes);
  return run.step() ? static_cast<std::uint32_t>(run.integer(0)) : 0;
}

void Tables::add_range(Row& task_row, const RangeRow& row) {
  const auto key = pack(task_row.task);
  task_row.facts.ranges = true;
  task_row.facts.planned = row.range.last.text();
  task_row.dirty = true;
  if (lengthen_range(task_row, row)) return;
  const std::uint64_t sequence = row.sequence != 0 ? row.sequence : ++task_row.facts.sequence;
  auto run = statements_->add_range.run();
  run.bind_blob(1, view(key)).bind(2, static_cast<std::int64_t>(sequence)).bind(3, task_row.task.shard());
  run.bind(4, to_unix_ms(now)).bind_text(5, row.range.first.text()).bind_text(6, row.range.last.text());
  run.bind(7, static_cast<std::int64_t>(row.range.count)).bind(8, static_cast<std::int64_t>(row.fate));
  run.bind(9, static_cast<std::int64_t>(row.reason)).done();
}

bool Tables::lengthen_range(const Row& task_row, const RangeRow& row) {
  if (row.sequence < 2) return false;
  const auto key = pack(task_row.task);
  std::int64_t count = 0;
  {
    auto run = statements_->range.run();
    run.bind_blob(1, view(key)).bind(2, static_cast<std::int64_t>(row.sequence - 1));
    run.bind(3, static_cast<std::int64_t>(row.fate)).bind(4, static_cast<std::int64_t>(row.reason));
    if (!run.step()) return false;
    count = run.integer(0);
  }
  auto run = statements_->lengthen_range.run();
  run.bind_blob(1, view(key)).bind(2, static_cast<std::int64_t>(row.sequence - 1)).bind(3, static_cast<std::int64_t>(row.sequence));
  run.bind(4, to_unix_ms(now)).bind_text(5, row.range.last.text()).bind(6, count + static_cast<std::int64_t>(row.range.count)).done();
  return true;
}

void Tables::add_change(const FiringId& id) {
  const auto key = pack(id.task);
  auto& shard = shards_.at(id.task.shard());
  shard.dirty = true;
  auto run = statements_->add_change.run();
  run.bind(1, id.task.shard()).bind(2, static_cast<std::int64_t>(++shard.change_sequence));
  run.bind_blob(3, view(key)).bind_text(4, id.tick.text()).done();
}

Moving::Moving(Tables& tables, Row& firing, Row& task) : tables_(tables), firing_(firing), task_(task) { count(-1); }

Moving::~Moving() {
  count(+1);
  if (!moved_) return;
  firing_.dirty = true;
  task_.dirty = true;
  if (!task_.facts.ended()) {
    task_.facts.ended_at.reset();
  } else if (!task_.facts.ended_at) {
    task_.facts.ended_at = tables_.now;
  }
}

void Moving::count(int by) {
  if (!firing_.open() || firing_.removed) return;
  auto& count = firing_.never_began() ? task_.facts.armed : task_.facts.running;
  count += static_cast<std::uint32_t>(by);
}

bool Moving::go(std::initializer_list<Move> moves) {
  State state = firing_.firing.state;
  for (const Move move : moves) {
    const auto next = after(state, move);
    if (!next) return false;
    state = *next;
  }
  firing_.firing.state = state;
  moved_ = true;
  return true;
}

}  // namespace meepo::adapters::sqlite
