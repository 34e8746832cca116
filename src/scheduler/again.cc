// rerun and backfill: old ticks run again, each as a firing of its own, "<tick>+<n>".

#include <fmt/format.h>

#include "base/log.h"
#include "scheduler/impl.h"
#include "task/ticks.h"

namespace meepo::scheduler {
namespace {

/// What the ledger knows of an old tick; nothing: it has no row for it.
Result<std::optional<DueTick>> old_tick(schedule::Planner& planner, const Task& task, const Tick& tick,
                                        const std::vector<ports::LedgerRow>& rows) {
  for (const auto& row : rows) {
    if (row.firing && row.firing->id.tick == tick) {
      if (row.firing->state == State::Ended) return DueTick{.tick = tick, .due = row.firing->due};
      return fail(Code::Conflict, fmt::format("firing {} has not ended: expected an old tick", row.firing->id.text()), "tick");
    }
    if (!row.range) continue;
    const auto due = task.spec.kind == Kind::Ladder ? rung_due(task, tick) : tick.instant();
    const bool in_range = due && (tick == row.range->first || tick == row.range->last || task.spec.kind == Kind::Ladder ||
                                  !planner.between(task, *due, *due, 1).empty());
    if (in_range) return DueTick{.tick = tick, .due = *due};
  }
  return std::nullopt;
}

/// So that a repeat of the whole finds each.
std::string request_id_of(const std::string& request_id, const Tick& tick) {
  return request_id.empty() ? std::string() : request_id + "@" + tick.text();
}

}  // namespace

void Scheduler::Impl::rerun(ports::TriggerRequest::Item item, Tick tick, Done<Result<FiringId>> done) {
  const TaskId id = item.id;
  get(id, [this, item = std::move(item), tick = std::move(tick), done = std::move(done)](Result<ports::TaskView> view) mutable {
    if (!view) {
      done(fail(std::move(view.error())));
      return;
    }
    ports::LedgerRequest request{.id = item.id, .tick = tick, .before = std::nullopt, .limit = limits::kPageSizeMax};
    ledger(std::move(request), [this, task = view->task, item = std::move(item), tick,
                                done = std::move(done)](Result<ports::LedgerRequest::Answer> rows) mutable {
      auto old = rows ? old_tick(planner_, *task, tick, rows->rows) : fail(std::move(rows.error()));
      if (!old || !*old) {
        done(old ? fail(Code::NotFound, fmt::format("tick is {}: expected one that the ledger of task {} has", tick.text(), item.id.text()),
                        "tick")
                 : fail(std::move(old.error())));
        return;
      }
      item.again = **std::move(old);
      trigger(std::move(item), std::move(done));
    });
  });
}

void Scheduler::Impl::backfill(BackfillRange range, Done<Result<Backfilled>> done) {
  const TaskId id = range.id;
  get(id, [this, range = std::move(range), done = std::move(done)](Result<ports::TaskView> view) mutable {
    if (!view) {
      done(fail(std::move(view.error())));
      return;
    }
    auto ticks = backfill_ticks(*view->task, range);
    if (!ticks) {
      done(fail(std::move(ticks.error())));
      return;
    }
    Backfilled out{.zone = view->task->spec.options.zone, .items = {}};
    ports::TriggerRequest request{.shard = range.id.shard(), .items = {}};
    for (auto& tick : *ticks) {
      request.items.push_back({.id = range.id, .again = tick, .params = {}, .request_id = request_id_of(range.request_id, tick.tick)});
      out.items.push_back({.tick = std::move(tick), .firing = std::nullopt});
    }
    if (range.dry_run || out.items.empty()) {
      done(std::move(out));
      return;
    }
    log::info("backfill", {{"task", std::string(range.id.text())}, {"ticks", std::to_string(out.items.size())}});
    trigger_items(std::move(request), [out = std::move(out), done = std::move(done)](Result<std::vector<FiringId>> ids) mutable {
      if (!ids) {
        done(fail(std::move(ids.error())));
        return;
      }
      for (std::size_t i = 0; i < ids->size(); ++i) out.items[i].firing = std::move((*ids)[i]);
      done(std::move(out));
    });
  });
}

Result<std::vector<DueTick>> Scheduler::Impl::backfill_ticks(const Task& task, const BackfillRange& range) {
  const auto refuse = [](std::string_view field, std::string message) {
    return fail(Code::InvalidArgument, std::move(message), std::string(field));
  };
  if (task.spec.kind != Kind::Plan) {
    return refuse("id", fmt::format("backfill task {}: its kind is {}: expected a PLAN", task.id.text(), to_string(task.spec.kind)));
  }
  if (range.from > range.to) {
    return refuse("from", fmt::format("from is {}: expected a time not after to, {}", to_iso_utc(range.from), to_iso_utc(range.to)));
  }
  if (range.to > now()) return refuse("to", fmt::format("to is {}: expected a time that is over", to_iso_utc(range.to)));
  auto ticks = planner_.between(task, range.from, range.to, limits::kBackfillTicksMax + 1);
  if (ticks.size() > limits::kBackfillTicksMax) {
    return refuse("to", fmt::format("the range from {} to {} has more than {} ticks: expected at most so many; the first {} end with {}",
                                    to_iso_utc(range.from), to_iso_utc(range.to), limits::kBackfillTicksMax, limits::kBackfillTicksMax,
                                    to_iso_utc(*ticks[limits::kBackfillTicksMax - 1].tick.instant())));
  }
  return ticks;
}

}  // namespace meepo::scheduler
