#include "base/store_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace meepo {
namespace {

using std::chrono::seconds;

TEST(StoreClock, NeverRunsAheadOfTheStoreWhateverTheAnswersDelay) {
  std::mt19937_64 random(7);
  const auto store_offset = std::chrono::nanoseconds(1'800'000'000'123'456'789);
  const auto store_at = [&](SteadyTime steady) {
    return SysTime(std::chrono::floor<milliseconds>(steady.time_since_epoch() + store_offset));
  };
  SteadyTime steady(seconds(5));
  StoreClock clock(store_at(steady), steady);
  for (int i = 0; i < 100'000; ++i) {
    const auto asked = steady;
    steady += std::chrono::microseconds(random() % 20'000);
    clock.observe(store_at(asked), {}, steady);
    steady += std::chrono::microseconds(random() % 20'000);
    ASSERT_LE(clock.now(steady), store_at(steady));
    ASSERT_GE(clock.now(clock.steady_at(store_at(steady))), store_at(steady));
  }
  EXPECT_GE(clock.now(steady), store_at(steady) - milliseconds(2));
}

TEST(StoreClock, NeverRunsAheadOfASteadyClockThatDriftsHoweverLongNoReplyComes) {
  std::mt19937_64 random(7);
  const SysTime start = from_unix_ms(1'800'000'000'000);
  // This node's steady clock gains almost a ten-thousandth on the store's machine.
  const auto store_at = [&](std::chrono::nanoseconds local) { return start + std::chrono::floor<milliseconds>(local - local / 10'100); };
  std::chrono::nanoseconds local(0);
  StoreClock clock(start, SteadyTime(local));
  for (int i = 0; i < 10'000; ++i) {
    clock.observe(store_at(local), {}, SteadyTime(local));
    local += std::chrono::microseconds(random() % 200'000'000);
    ASSERT_LE(clock.now(SteadyTime(local)), store_at(local));
    const SysTime soon = clock.now(SteadyTime(local)) + milliseconds(random() % 10'000);
    const SteadyTime at = clock.steady_at(soon);
    ASSERT_GE(clock.now(at), soon);
    ASSERT_LT(clock.now(at - std::chrono::microseconds(2)), soon);
  }
}

TEST(StoreClock, FollowsStepsAtOnceBothWays) {
  const SteadyTime start(seconds(5));
  const SysTime store = from_unix_ms(1'800'000'000'000);
  StoreClock clock(store, start);
  EXPECT_EQ(clock.observe(store, {.count = 3, .total = seconds(-9)}, start), milliseconds(0)) << "steps before the first reply are over";
  const auto hour = std::chrono::hours(1);
  EXPECT_EQ(clock.observe(store - hour + seconds(1), {.count = 4, .total = seconds(-9) - hour}, start + seconds(1)), -hour);
  EXPECT_EQ(clock.now(start + seconds(1)), store - hour + seconds(1));
  EXPECT_EQ(clock.observe(store + seconds(2), {.count = 3, .total = seconds(-9)}, start + seconds(2)), milliseconds(0))
      << "a reply from before the step that comes late";
  EXPECT_EQ(clock.now(start + seconds(2)), store - hour + seconds(2) - milliseconds(1)) << "a second without a reply may be drift";
  EXPECT_EQ(clock.observe(store + seconds(3), {.count = 6, .total = seconds(-9)}, start + seconds(3)), hour) << "two steps in one reply";
  EXPECT_EQ(clock.now(start + seconds(3)), store + seconds(3));
}

}  // namespace
}  // namespace meepo
