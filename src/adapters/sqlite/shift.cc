// shift: what counts elapsed time moves with a step of the store's clock.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

Result<ShiftRequest::Answer> Writer::run(const ShiftRequest& request) {
  if (auto checked = check(request.shard, request.fence, 0); !checked) return fail(std::move(checked.error()));
  shift_to(request.shard, request.steps);
  return ShiftRequest::Answer{};
}

void Writer::shift_to(Shard shard, const ports::ClockSteps& up_to) {
  auto& done = shifted_.at(shard);
  if (up_to.count <= done.count) return;
  const milliseconds by = up_to.total - done.total;
  done = up_to;
  for (const State state : {State::Due, State::Waiting, State::Claimed, State::Sent, State::Running}) {
    std::vector<FiringId> ids;
    {
      auto run = statements_->at_place.run();
      run.bind(1, place_first(shard, static_cast<int>(state))).bind(2, place_last(shard, static_cast<int>(state)));
      while (run.step()) {
        Row row;
        if (Tables::read(run, row)) ids.push_back(row.firing.id);
      }
    }
    for (const auto& id : ids) {
      tables_.start_item();
      const auto row = tables_.find(id.task, id.tick.text());
      if (!row || *row == nullptr) continue;
      shift(**row, by);
      tables_.flush();
    }
  }
}

void Writer::shift(Row& row, milliseconds by) {
  auto& firing = row.firing;
  const bool leased = firing.state == State::Claimed || firing.state == State::Sent || firing.state == State::Running;
  // One that was taken back before it had started still waits for the instant that its tick names.
  const bool waits_for_instant = firing.id.tick.instant().has_value() && firing.score == firing.due;
  const bool retries = firing.state == State::Due && !row.never_began() && !waits_for_instant;
  const bool rung = !leased && row.never_began() && row.planned() && firing.id.tick.rung_index().has_value();
  if (!leased && !retries && !rung) return;
  firing.score += by;
  if (rung) firing.due += by;
  row.dirty = true;
}

}  // namespace meepo::adapters::sqlite
