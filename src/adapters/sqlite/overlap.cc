// Overlap: what a planned tick does that is due while another firing of its task is under way.

#include <algorithm>

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

Result<Writer::Turn> Writer::take_turn(const Pair& pair, const ClaimRequest::Item& item, ClaimRequest::ItemAnswer& answer) {
  const auto& facts = pair.task->facts;
  if (!pair.firing->planned() || !pair.firing->never_began() || pair.firing->has_task) return Turn::Now;
  if (facts.has_all()) return skip_turn(pair, std::nullopt, SkipReason::MaxCount, answer);
  if (facts.overlap == Overlap::Allow) return Turn::Now;
  const auto under_way = is_other_under_way(pair);
  if (!under_way) return fail(under_way.error());
  if (!*under_way) return Turn::Now;
  if (facts.overlap == Overlap::Skip) return skip_turn(pair, item.next, SkipReason::Overlap, answer);
  if (facts.overlap == Overlap::BufferOne) {
    const auto surplus = came_while_one_waited(pair);
    if (!surplus) return fail(surplus.error());
    if (*surplus) return skip_turn(pair, item.next, SkipReason::Overlap, answer);
  }
  if (facts.overlap == Overlap::CancelOther) {
    if (auto stopped = stop_others(pair, answer.to_stop); !stopped) return fail(std::move(stopped.error()));
    if (facts.running == 0) return Turn::Now;
  }
  Moving moving(tables_, *pair.firing, *pair.task);
  moving.go({Move::Park});
  pair.firing->firing.wait_reason = WaitReason::Overlap;
  pair.firing->firing.waiting_since = tables_.now;
  return Turn::Waits;
}

/// The counts answer it nearly always: what began and is open counts as running; of the armed ones only a claimed or sent one is under
/// way, which a claim with start never leaves behind.
Result<bool> Writer::is_other_under_way(const Pair& pair) {
  const auto& facts = pair.task->facts;
  if (facts.running > 0) return true;
  if (facts.armed <= 1) return false;
  const auto open = tables_.find_open(pair.firing->task);
  if (!open) return fail(open.error());
  return std::ranges::any_of(*open, [&](const Row* row) {
    return row != pair.firing && (row->firing.state == State::Claimed || row->firing.state == State::Sent);
  });
}

Result<Writer::Turn> Writer::skip_turn(const Pair& pair, const std::optional<DueTick>& next, SkipReason reason,
                                       ClaimRequest::ItemAnswer& answer) {
  const Tick tick = pair.firing->firing.id.tick;
  const auto armed = skip_planned(pair, {.first = tick, .last = tick, .count = 1}, reason, next);
  if (!armed) return fail(armed.error());
  answer.skipped = true;
  return Turn::Skipped;
}

/// A tick that was due before the firing under way began came while that one waited: the buffer was full.
Result<bool> Writer::came_while_one_waited(const Pair& pair) {
  const auto& latest = pair.task->facts.latest;
  if (latest.empty()) return false;
  const auto row = tables_.find(pair.firing->task, latest);
  if (!row) return fail(row.error());
  return *row != nullptr && (*row)->open() && (*row)->planned() && (*row)->firing.begun_at &&
         pair.firing->firing.due < *(*row)->firing.begun_at;
}

Result<void> Writer::stop_others(const Pair& pair, std::vector<OpenFiring>& stopped) {
  const auto open = tables_.find_open(pair.firing->task);
  if (!open) return fail(open.error());
  for (Row* row : *open) {
    if (row == pair.firing || row->never_began() || row->firing.cancel_asked_at) continue;
    // One that waits for its retry ends here; it does not run, so nobody has to be told.
    if (row->firing.state != State::Running) {
      end({.firing = row, .task = pair.task}, {Move::Cancel}, Fate::Cancelled, Outcome::None, SkipReason::None);
      continue;
    }
    row->firing.cancel_asked_at = tables_.now;
    row->dirty = true;
    stopped.push_back(tables_.open_firing(*row));
  }
  return {};
}

Result<Row*> Writer::let_next_begin(Row& task_row) {
  const auto& facts = task_row.facts;
  if (!facts.buffers() || facts.running > 0 || facts.takes_no_more() || facts.planned.empty()) return nullptr;
  const auto row = tables_.find(task_row.task, facts.planned);
  if (!row) return fail(row.error());
  if (*row == nullptr || (*row)->firing.state != State::Waiting || (*row)->firing.wait_reason != WaitReason::Overlap) return nullptr;
  auto& firing = (*row)->firing;
  Moving moving(tables_, **row, task_row);
  if (facts.paused) {
    firing.wait_reason = WaitReason::Paused;
    (*row)->dirty = true;
    return nullptr;
  }
  moving.go({Move::Unpark});
  firing.wait_reason = WaitReason::None;
  firing.waiting_since.reset();
  firing.score = std::max(firing.due, tables_.now);
  return *row;
}

}  // namespace meepo::adapters::sqlite
