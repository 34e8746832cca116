#include "simulate/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "ports/alerter.h"
#include "ports/coordinator.h"
#include "scheduler/scheduler.h"
#include "simulate/seeded_random.h"
#include "simulate/simulated_executor.h"

namespace meepo::simulate {
namespace {

/// Long spans of nothing are gone through in such pieces, between which the number of rows is looked at.
constexpr std::chrono::minutes kPiece{10};
constexpr Shard kShard = 0;

class OneShard final : public ports::Coordinator {
 public:
  OneShard(ports::Loop& loop, Fence fence) : loop_(loop), fence_(fence) {}
  void start(Handlers handlers) override {
    handlers_ = std::move(handlers);
    loop_.post([this] { handlers_.granted({{.shard = kShard, .fence = fence_}}); });
  }
  void stop() override {}

 private:
  ports::Loop& loop_;
  Fence fence_;
  Handlers handlers_;
};

class NoAlerts final : public ports::Alerter {
 public:
  void alert(std::string_view, std::string) override {}
};

std::vector<std::string> target_keys_of(const std::vector<TaskSpec>& specs) {
  std::set<std::string> keys;
  for (const auto& spec : specs) {
    keys.insert(target_key(spec.target));
    for (const auto& next : spec.next) keys.insert(target_key(next));
  }
  return {keys.begin(), keys.end()};
}

class Simulation {
 public:
  Simulation(const Settings& settings, const std::vector<TaskSpec>& specs, VirtualLoop& loop, ports::Store& store, const Fence& fence)
      : settings_(settings),
        loop_(loop),
        coordinator_(loop, fence),
        executor_(loop, target_keys_of(specs), settings.duration),
        scheduler_(
            {.default_zone = settings.default_zone,
             .inside_executor_prefix = {},
             .safety_read_every = std::chrono::hours(24),
             .ended_tasks_kept = std::chrono::days(100'000),
             .ended_tasks_max = UINT64_MAX,
             .rows_kept = std::chrono::days(100'000),
             .rows_of_task_max = UINT64_MAX},
            {.loop = loop, .store = store, .dispatcher = executor_, .coordinator = coordinator_, .alerter = alerter_, .random = random_}) {
    scheduler_.start();
    loop_.run();
  }

  Result<void> create(std::vector<TaskSpec> specs) {
    std::vector<scheduler::CheckedSpec> checked;
    for (auto& spec : specs) {
      // These name a task among those of a server; here each is there once.
      spec.options.unique_key.clear();
      spec.options.request_id.clear();
      auto one = scheduler::check(std::move(spec), settings_.default_zone);
      if (!one) return fail(std::move(one.error()).prefixed(fmt::format("task {}", checked.size() + 1)));
      checked.push_back(*std::move(one));
    }
    std::optional<Error> refused;
    scheduler_.create(std::move(checked), [&](std::vector<Result<scheduler::Created>> answers) {
      for (std::size_t i = 0; i < answers.size() && !refused; ++i) {
        if (answers[i]) {
          places_.emplace(answers[i]->id, i);
        } else {
          refused = std::move(answers[i].error()).prefixed(fmt::format("task {}", i + 1));
        }
      }
    });
    loop_.run();
    if (refused) return fail(*std::move(refused));
    return {};
  }

  Result<void> play() {
    while (loop_.system_now() < settings_.to) {
      loop_.advance(std::min<milliseconds>(settings_.to - loop_.system_now(), kPiece));
      if (const auto rows = rows_written(); rows > kRowsMax) {
        return fail(Code::Exhausted, fmt::format("simulate: {} rows were written up to {}: expected at most {} up to the end", rows,
                                                 to_iso_utc(loop_.system_now()), kRowsMax));
      }
    }
    return {};
  }

  Report report() {
    Report report;
    std::map<TaskId, std::size_t> open = places_;
    while (!open.empty()) {
      const auto [id, place] = *open.begin();
      open.erase(open.begin());
      for (auto& row : ledger(id)) {
        if (row.firing && row.firing->chained) open.emplace(*row.firing->chained, place);
        const SysTime due = row.firing ? row.firing->due : row.range->first.instant().value_or(row.range_at);
        const bool ahead = row.firing && row.firing->attempt == 0 && row.firing->state != State::Ended && due > settings_.to;
        if (ahead) continue;
        if (row.firing && row.firing->begun_at) ++report.began;
        if (row.range) report.skipped += row.range->count;
        if (row.firing && row.firing->fate == Fate::Skipped) ++report.skipped;
        report.lines.push_back({.task = place, .row = std::move(row), .due = due});
      }
    }
    std::ranges::sort(report.lines, {}, [](const Line& line) { return std::tuple(line.due, line.task, line.row.sequence); });
    return report;
  }

 private:
  std::uint64_t rows_written() {
    std::uint64_t rows = 0;
    scheduler_.counts([&](Result<ports::CountsRequest::Answer> answer) {
      if (!answer) return;
      for (const auto& [state, count] : answer->by_state) rows += count;
    });
    loop_.run();
    return rows;
  }

  std::vector<ports::LedgerRow> ledger(TaskId id) {
    std::vector<ports::LedgerRow> rows;
    std::optional<std::uint64_t> before;
    do {
      std::optional<std::uint64_t> next;
      scheduler_.ledger({.shard = kShard, .id = id, .tick = std::nullopt, .before = before, .limit = limits::kPageSizeMax},
                        [&](Result<ports::LedgerRequest::Answer> answer) {
                          if (!answer) return;
                          next = answer->next;
                          std::ranges::move(answer->rows, std::back_inserter(rows));
                        });
      loop_.run();
      before = next;
    } while (before);
    return rows;
  }

  const Settings& settings_;
  VirtualLoop& loop_;
  NoAlerts alerter_;
  SeededRandom random_{1};
  OneShard coordinator_;
  SimulatedExecutor executor_;
  scheduler::Scheduler scheduler_;
  std::map<TaskId, std::size_t> places_;
};

/// How much began in each slice and how much ran at once. A run that retried counts once, with its last attempt.
void add_load(const Settings& settings, std::size_t slices, Report& report) {
  const milliseconds length = std::max<milliseconds>((settings.to - settings.from) / static_cast<std::int64_t>(slices), milliseconds(1));
  std::vector<std::pair<SysTime, int>> changes;
  for (const auto& line : report.lines) {
    if (!line.row.firing || !line.row.firing->begun_at) continue;
    changes.emplace_back(*line.row.firing->begun_at, +1);
    changes.emplace_back(line.row.firing->ended_at.value_or(settings.to), -1);
  }
  std::ranges::sort(changes);  // at one instant ends come first
  for (SysTime begin = settings.from; begin < settings.to; begin += length) report.load.push_back({.begin = begin});
  std::size_t at = 0;
  std::uint64_t running = 0;
  for (auto& slice : report.load) {
    slice.at_once = running;
    for (; at < changes.size() && changes[at].first < slice.begin + length; ++at) {
      running = changes[at].second > 0 ? running + 1 : running - 1;
      if (changes[at].second > 0) ++slice.began;
      slice.at_once = std::max(slice.at_once, running);
    }
    report.at_once = std::max(report.at_once, slice.at_once);
  }
}

}  // namespace

Result<Report> run(const Settings& settings, std::vector<TaskSpec> specs, std::size_t slices, VirtualLoop& loop, ports::Store& store,
                   const Fence& fence) {
  if (settings.to <= settings.from) {
    return fail(Code::InvalidArgument,
                fmt::format("to is {}: expected a time after from, {}", to_iso_utc(settings.to), to_iso_utc(settings.from)), "to");
  }
  if (settings.duration < milliseconds(1)) return fail(Code::InvalidArgument, "duration is 0 ms: expected at least 1 ms", "duration");
  if (specs.empty() || specs.size() > kTasksMax) {
    return fail(Code::InvalidArgument, fmt::format("{} tasks are given: expected 1 to {}", specs.size(), kTasksMax), "plan");
  }
  Simulation simulation(settings, specs, loop, store, fence);
  if (auto created = simulation.create(std::move(specs)); !created) return fail(std::move(created.error()));
  if (auto played = simulation.play(); !played) return fail(std::move(played.error()));
  Report report = simulation.report();
  add_load(settings, std::max<std::size_t>(slices, 1), report);
  return report;
}

}  // namespace meepo::simulate
