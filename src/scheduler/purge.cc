// Retention: ended tasks and old rows are removed in small pieces, one shard after the other. Where more has gathered than one piece, the
// pieces follow each other at once, between what else the store has to write: under any load as much goes as comes.

#include <algorithm>

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
    const bool whole_piece = answer->more && answer->tasks + answer->rows > 0;
    if (answer->more) purged_ = shard;
    if (whole_piece || (!answer->more && purge_lags_)) {
      next_purge_ = parts_.loop.steady_now();
    } else if (answer->more) {
      next_purge_ = std::min(next_purge_, parts_.loop.steady_now() + kPurgeAgain);
    }
    purge_lags_ = whole_piece || (answer->more && purge_lags_);
  });
}

}  // namespace meepo::scheduler
