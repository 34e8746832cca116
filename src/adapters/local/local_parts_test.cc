// The small parts: coordinator, alerter, random.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "adapters/local/local_coordinator.h"
#include "adapters/local/log_alerter.h"
#include "adapters/local/system_random.h"
#include "tests/support/virtual_loop.h"

namespace meepo::adapters::local {
namespace {

TEST(LocalCoordinator, Start_GrantsEveryShardOnceUnderItsFence_OnTheLoop) {
  test::VirtualLoop loop;
  const Fence fence = Fence::make(0, 7);
  LocalCoordinator coordinator(loop, fence);
  std::vector<ports::ShardGrant> granted;
  coordinator.start({.granted = [&](std::vector<ports::ShardGrant> grants) { granted = std::move(grants); }, .revoked = {}});
  EXPECT_TRUE(granted.empty());
  loop.run();
  std::set<Shard> shards;
  for (const auto& grant : granted) {
    shards.insert(grant.shard);
    EXPECT_EQ(grant.fence, fence);
  }
  EXPECT_EQ(granted.size(), static_cast<std::size_t>(kShardCount));
  EXPECT_EQ(shards.size(), static_cast<std::size_t>(kShardCount));
  EXPECT_EQ(*shards.rbegin(), kShardCount - 1);
}

TEST(LocalCoordinator, Stop_BeforeTheGrantRan_GrantsNothing) {
  test::VirtualLoop loop;
  LocalCoordinator coordinator(loop, Fence::make(0, 1));
  bool granted = false;
  coordinator.start({.granted = [&](std::vector<ports::ShardGrant>) { granted = true; }, .revoked = {}});
  coordinator.stop();
  loop.run();
  EXPECT_FALSE(granted);
}

TEST(LogAlerter, Alert_CountsByName_FromManyThreads) {
  LogAlerter alerter;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) alerter.alert("firing_quarantined", "x");
        alerter.alert("clock_step", "y");
      });
    }
  }
  EXPECT_EQ(alerter.counts().at("firing_quarantined"), 400U);
  EXPECT_EQ(alerter.counts().at("clock_step"), 4U);
  EXPECT_EQ(alerter.counts().size(), 2U);
}

TEST(SystemRandom, Next_DoesNotRepeatOverManyBuffers) {
  SystemRandom random;
  SystemRandom other;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 2'000; ++i) {
    EXPECT_TRUE(seen.insert(random.next()).second);
    EXPECT_TRUE(seen.insert(other.next()).second);
  }
  EXPECT_FALSE(seen.contains(0));
}

}  // namespace
}  // namespace meepo::adapters::local
