#include "adapters/local/local_coordinator.h"

#include <utility>
#include <vector>

namespace meepo::adapters::local {

void LocalCoordinator::start(Handlers handlers) {
  handlers_ = std::make_shared<Handlers>(std::move(handlers));
  loop_.post([weak = std::weak_ptr(handlers_), fence = fence_] {
    const auto kept = weak.lock();
    if (!kept || !kept->granted) return;
    std::vector<ports::ShardGrant> grants;
    grants.reserve(kShardCount);
    for (int shard = 0; shard < kShardCount; ++shard) grants.push_back({.shard = static_cast<Shard>(shard), .fence = fence});
    kept->granted(std::move(grants));
  });
}

void LocalCoordinator::stop() { handlers_.reset(); }

}  // namespace meepo::adapters::local
