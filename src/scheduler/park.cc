// park and unpark: due firings that nobody can run now wait in the store, by target, and come back oldest first.

#include "scheduler/impl.h"

namespace meepo::scheduler {

void Scheduler::Impl::park(std::vector<engine::Park> parks) {
  std::map<Shard, ports::ParkRequest> requests;
  for (auto& item : parks) {
    const Shard shard = item.id.task.shard();
    const auto fence = fence_of(shard);
    if (!fence) continue;
    trace("park", item.id, std::string(to_string(item.reason)));
    ports::ParkRequest& request = requests[shard];
    request.shard = shard;
    request.fence = *fence;
    request.items.push_back({.id = std::move(item.id), .reason = item.reason});
  }
  for (auto& [shard, request] : requests) {
    // What could not be parked is still DUE: the next reading of overdue firings finds it.
    insist(std::move(request), [](const ports::ParkRequest&, const Result<ports::ParkRequest::Answer>&) {});
  }
}

void Scheduler::Impl::unpark(std::vector<engine::Unpark> unparks) {
  for (auto& unpark : unparks) {
    const auto fence = fence_of(unpark.shard);
    if (!fence) {
      engine_.unparked(unpark, false);
      continue;
    }
    ports::UnparkRequest request{.shard = unpark.shard, .fence = *fence, .target_key = unpark.target_key, .limit = unpark.limit};
    insist(std::move(request),
           [this, unpark = std::move(unpark)](const ports::UnparkRequest&, Result<ports::UnparkRequest::Answer> answer) {
             engine_.unparked(unpark, !answer || answer->more);
             if (!answer) return;
             for (auto& firing : answer->firings) {
               trace("unpark", firing.id);
               add_due(std::move(firing));
             }
           });
  }
}

}  // namespace meepo::scheduler
