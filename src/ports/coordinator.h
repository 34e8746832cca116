#pragma once
// The Coordinator port: which shards this node works on, under which fence. It says who works where and nothing else; the store
// refuses whoever believes an old answer (design rule 1).

#include <functional>
#include <vector>

#include "base/ids.h"

namespace meepo::ports {

struct ShardGrant {
  Shard shard = 0;
  Fence fence;
};

class Coordinator {
 public:
  struct Handlers {
    std::move_only_function<void(std::vector<ShardGrant>)> granted;  ///< this node owns these from now on
    std::move_only_function<void(std::vector<Shard>)> revoked;       ///< and these no longer: stop firing them
  };

  virtual ~Coordinator() = default;

  /// Joins; the handlers run on the loop given at construction. Once.
  virtual void start(Handlers handlers) = 0;

  /// Leaves: gives all shards up. The handlers do not run any more.
  virtual void stop() = 0;
};

}  // namespace meepo::ports
