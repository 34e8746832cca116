// Ticks that nobody could fire in time: before a due tick is claimed, its task's misfire policy says which of those that wait go on. The
// others end SKIPPED as one range, and the tick after them is armed, in one store operation.

#include <fmt/format.h>

#include "base/log.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

/// True: the match is not to be claimed, its tick and perhaps more will be skipped.
bool Scheduler::Impl::skips(const engine::Match& match, SysTime at) {
  const OpenFiring& firing = match.firing;
  if (!firing.task || firing.attempt > 0) return false;
  const Overlap overlap = overlap_of(firing.task->spec);
  const bool buffered = overlap == Overlap::BufferOne || overlap == Overlap::BufferAll || overlap == Overlap::CancelOther;
  auto missed = planner_.catch_up(*firing.task, {.tick = firing.id.tick, .due = firing.due}, buffered ? firing.score : firing.due, at);
  if (!missed) return false;
  skips_out_.emplace_back(ports::SkipItem{.id = firing.id.task,
                                          .open = firing.id,
                                          .range = std::move(missed->skipped),
                                          .reason = missed->reason,
                                          .next = std::move(missed->next)},
                          firing.task);
  return true;
}

void Scheduler::Impl::send_skips() {
  struct Batch {
    ports::SkipRequest request;
    std::vector<TaskPtr> tasks;
  };
  std::map<Shard, Batch> batches;
  const auto send = [this](Batch batch) {
    insist(std::move(batch.request),
           [this, tasks = std::move(batch.tasks)](const ports::SkipRequest& sent, Result<ports::SkipRequest::Answer> answers) {
             if (!answers) return;  // the tick is DUE still: the next reading of overdue firings finds it
             std::uint64_t ticks = 0;
             for (std::size_t i = 0; i < sent.items.size(); ++i) {
               if (!(*answers)[i]) parts_.alerter.alert("skip_refused", (*answers)[i].error().message);
               if (!(*answers)[i] || !*(*answers)[i]) continue;
               ticks += sent.items[i].range.count;
               skipped(sent.items[i], tasks[i]);
             }
             if (ticks == 0) return;
             parts_.alerter.alert("ticks_skipped", fmt::format("{} ticks of {} tasks were late and skipped, as their misfire policies say",
                                                               ticks, sent.items.size()));
           });
  };
  for (auto& [item, task] : std::exchange(skips_out_, {})) {
    const Shard shard = item.id.shard();
    const auto fence = fence_of(shard);
    if (!fence) continue;
    Batch& batch = batches[shard];
    batch.request.shard = shard;
    batch.request.fence = *fence;
    batch.request.items.push_back(std::move(item));
    batch.tasks.push_back(std::move(task));
    if (batch.tasks.size() >= kItemsPerRequest) send(std::exchange(batch, {}));
  }
  for (auto& [shard, batch] : batches) {
    if (!batch.tasks.empty()) send(std::move(batch));
  }
}

void Scheduler::Impl::skipped(const ports::SkipItem& item, const TaskPtr& task) {
  figures_.ticks_skipped.add(item.reason, item.range.count);
  log::warn("skip", {{"firing", item.open.text()},
                     {"last", item.range.last.text()},
                     {"ticks", std::to_string(item.range.count)},
                     {"reason", std::string(to_string(item.reason))}});
  if (item.next) add_due(task, *item.next);
}

}  // namespace meepo::scheduler
