#pragma once
// The Coordinator of a process that is alone: it owns every shard from the start, under one fence. Lives on its loop.

#include <memory>

#include "ports/clock.h"
#include "ports/coordinator.h"

namespace meepo::adapters::local {

class LocalCoordinator final : public ports::Coordinator {
 public:
  /// @param fence  of all shards; higher than any an earlier process used on the same store (its start counter)
  LocalCoordinator(ports::Loop& loop, Fence fence) : loop_(loop), fence_(fence) {}

  /// The one grant of all kShardCount shards is posted to the loop.
  void start(Handlers handlers) override;
  void stop() override;

 private:
  ports::Loop& loop_;
  Fence fence_;
  std::shared_ptr<Handlers> handlers_;
};

}  // namespace meepo::adapters::local
