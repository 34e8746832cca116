// Retention: ended tasks and old rows are removed in small pieces, one shard after the other. The more a shard gave, the sooner the next
// follows, at once if it was much, between what else the store has to write: under any load as much goes as comes.

#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::purge() {
  next_purge_ = parts_.loop.steady_now() + options_.purge_every;
  if (!ready_ || shards_.empty()) return;
  auto place = shards_.lower_bound(purged_);
  if (place == shards_.end()) place = shards_.begin();
  const Shard shard = place->first;
  const SysTime at = now();
  ports::PurgeRequest request{.shard = shard,
                              .fence = place->second.fence,
                              .tasks_ended_before = at - options_.ended_tasks_kept,
                              .rows_ended_before = at - options_.rows_kept,
                              .request_ids_before = at - limits::kRequestIdKept};
  request.tasks_max = options_.ended_tasks_max / kShardCount;
  request.rows_of_task_max = options_.rows_of_task_max;
  request.limit = kPurgePiece;
  purged_ = static_cast<Shard>(shard + 1);
  ask(std::move(request), [this, shard, fence = place->second.fence](Result<ports::PurgeRequest::Answer> answer) {
    if (!answer) {
      not_done(shard, fence, answer.error());
      return;
    }
    if (answer->more) purged_ = shard;
    const auto removed = answer->tasks + answer->rows + answer->request_ids;
    if (removed == 0) return;
    next_purge_ = parts_.loop.steady_now() + (removed < kPurgeMuch ? options_.purge_every / kPurgeSooner : milliseconds(0));
  });
}

}  // namespace meepo::scheduler
