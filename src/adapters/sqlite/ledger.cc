// ledger: one line a tick, newest entry first: firings with their attempts, and ranges.

#include <algorithm>

#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/reader_statements.h"
#include "task/record.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

constexpr std::int64_t kNewest = INT64_MAX;

std::int64_t before_of(const LedgerRequest& request) { return request.before ? static_cast<std::int64_t>(*request.before) : kNewest; }

}  // namespace

Result<LedgerRequest::Answer> Reader::run(const LedgerRequest& request) {
  if (request.limit == 0 || request.limit > limits::kPageSizeMax) {
    return fail(Code::InvalidArgument,
                "the page size is " + std::to_string(request.limit) + ": expected 1 to " + std::to_string(limits::kPageSizeMax),
                "pageSize");
  }
  tables_.start_item();
  const auto task = tables_.find_task(request.id);
  if (!task) return fail(task.error());
  if (*task == nullptr) return fail(Code::NotFound, "no task " + std::string(request.id.text()));
  std::vector<LedgerRow> rows;
  if (request.tick) {
    if (auto added = add_tick(request, (*task)->facts.kind, rows); !added) return fail(std::move(added.error()));
    return LedgerRequest::Answer{.rows = std::move(rows), .next = std::nullopt};
  }
  if (auto added = add_firings(request, rows); !added) return fail(std::move(added.error()));
  if (auto added = add_ranges(request, rows); !added) return fail(std::move(added.error()));
  std::ranges::sort(rows, std::ranges::greater(), &LedgerRow::sequence);
  LedgerRequest::Answer answer;
  if (rows.size() > request.limit) {
    rows.resize(request.limit);
    answer.next = rows.back().sequence;
  }
  answer.rows = std::move(rows);
  return answer;
}

Result<void> Reader::add_firings(const LedgerRequest& request, std::vector<LedgerRow>& rows) {
  const auto key = pack(request.id);
  auto run = statements_->firings.run();
  run.bind_blob(1, view(key)).bind(2, before_of(request)).bind(3, static_cast<std::int64_t>(request.limit) + 1);
  return read_firings(run, rows);
}

Result<void> Reader::read_firings(Statement::Run& run, std::vector<LedgerRow>& rows) {
  while (run.step()) {
    Row row;
    if (auto read = Tables::read(run, row); !read) return read;
    auto kept = attempts(row);
    if (!kept) return fail(std::move(kept.error()));
    LedgerRow line;
    line.firing = tables_.firing(row);
    line.attempts = std::move(*kept);
    line.sequence = row.sequence;
    rows.push_back(std::move(line));
  }
  return {};
}

/// The tick's own row, its re-runs, and the ranges that may hold it: of rungs all, for their order is not that of their names.
Result<void> Reader::add_tick(const LedgerRequest& request, Kind kind, std::vector<LedgerRow>& rows) {
  const auto key = pack(request.id);
  const std::string& tick = request.tick->text();
  {
    // '+' and the character after it bound the names "<tick>+<n>".
    const std::string first = tick + "+";
    const std::string after = tick + ",";
    auto run = statements_->firings_of_tick.run();
    run.bind_blob(1, view(key)).bind_text(2, tick).bind_text(3, first).bind_text(4, after);
    if (auto read = read_firings(run, rows); !read) return read;
  }
  std::vector<LedgerRow> ranges;
  LedgerRequest all = request;
  all.before.reset();
  all.limit = limits::kPageSizeMax;
  if (auto added = add_ranges(all, ranges); !added) return added;
  const auto instant = request.tick->instant();
  std::erase_if(ranges, [&](const LedgerRow& row) {
    if (kind == Kind::Ladder) return false;
    return !instant || !row.range->first.instant() || *instant < *row.range->first.instant() || *instant > *row.range->last.instant();
  });
  std::ranges::move(ranges, std::back_inserter(rows));
  return {};
}

Result<void> Reader::add_ranges(const LedgerRequest& request, std::vector<LedgerRow>& rows) {
  const auto key = pack(request.id);
  auto run = statements_->ranges.run();
  run.bind_blob(1, view(key)).bind(2, before_of(request)).bind(3, static_cast<std::int64_t>(request.limit) + 1);
  while (run.step()) {
    const auto first = Tick::parse(run.bytes(2));
    const auto last = Tick::parse(run.bytes(3));
    if (!first || !last) return fail(Code::Corruption, "a range of task " + std::string(request.id.text()) + " does not decode");
    LedgerRow line;
    line.range = TickRange{.first = *first, .last = *last, .count = static_cast<std::uint64_t>(run.integer(4))};
    line.range_fate = static_cast<Fate>(run.integer(5));
    line.range_reason = static_cast<SkipReason>(run.integer(6));
    line.range_at = from_unix_ms(run.integer(1));
    line.sequence = static_cast<std::uint64_t>(run.integer(0));
    rows.push_back(std::move(line));
  }
  return {};
}

Result<std::vector<Attempt>> Reader::attempts(const Row& row) {
  std::vector<Attempt> kept;
  const auto& firing = row.firing;
  if (firing.attempt == 0) return kept;
  const auto key = pack(row.task);
  auto run = statements_->attempts.run();
  run.bind_blob(1, view(key)).bind_text(2, row.tick);
  while (run.step()) {
    auto attempt = decode_attempt(run.bytes(0));
    if (!attempt) return fail(std::move(attempt.error()).prefixed("attempt of " + firing.id.text()));
    kept.push_back(std::move(*attempt));
  }
  // The firing itself says all about a last attempt that has no record of its own.
  const bool running = firing.state == State::Running;
  if ((kept.empty() || kept.back().number != firing.attempt) && (running || row.end_accepted)) {
    kept.push_back({.number = firing.attempt,
                    .executor = tables_.name(row.executor),
                    .begun_at = firing.begun_at,
                    .ended_at = running ? std::nullopt : firing.ended_at,
                    .outcome = running ? Outcome::None : firing.outcome,
                    .error = {},
                    .progress = {},
                    .log = {}});
  }
  if (kept.size() > limits::kAttemptsKept) kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(limits::kAttemptsKept));
  return kept;
}

}  // namespace meepo::adapters::sqlite
