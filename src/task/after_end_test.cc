#include "task/after_end.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <set>

namespace meepo {
namespace {

constexpr SysTime kNow = from_unix_ms(1'700'000'100'000);
constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();

FiringId firing(std::uint32_t rung = 0) { return {.task = TaskId::make(3, from_unix_ms(1'700'000'000'000), 7), .tick = Tick::rung(rung)}; }

std::vector<std::int64_t> delays(const RetryPolicy& policy, std::uint32_t most = 10) {
  std::vector<std::int64_t> out;
  for (std::uint32_t retry = 1; retry <= most; ++retry) {
    const auto delay = retry_delay(policy, retry, firing());
    if (!delay) break;
    out.push_back(delay->count());
  }
  return out;
}

constexpr std::int64_t kLongest = milliseconds(limits::kRetryDelayMax).count();

TEST(RetryDelay, FollowsThePolicy) {
  using Kind = RetryPolicy::Kind;
  EXPECT_EQ(delays({}), std::vector<std::int64_t>{});
  EXPECT_EQ(delays({.kind = Kind::None, .max_retries = 5}), std::vector<std::int64_t>{});
  EXPECT_EQ(delays({.kind = Kind::Ladder, .ladder = {milliseconds(10), milliseconds(0), milliseconds(5)}}),
            (std::vector<std::int64_t>{10, 0, 5}));
  EXPECT_EQ(delays({.kind = Kind::Fixed, .max_retries = 3, .delay = milliseconds(7)}), (std::vector<std::int64_t>{7, 7, 7}));
  EXPECT_EQ(delays({.kind = Kind::Fixed, .max_retries = 0, .delay = milliseconds(7)}), std::vector<std::int64_t>{});
  EXPECT_EQ(delays({.kind = Kind::Exponential, .max_retries = 5, .delay = milliseconds(100), .factor = 2, .cap = milliseconds(500)}),
            (std::vector<std::int64_t>{100, 200, 400, 500, 500}));
  EXPECT_EQ(delays({.kind = Kind::Exponential, .max_retries = 3, .delay = milliseconds(100), .factor = 1.5}),
            (std::vector<std::int64_t>{100, 150, 225}));
  EXPECT_EQ(delays({.kind = Kind::Exponential, .max_retries = 2, .delay = milliseconds(0), .factor = 1'000}),
            (std::vector<std::int64_t>{0, 0}));
  EXPECT_EQ(retry_delay({.kind = Kind::Fixed, .max_retries = kMost}, 0, firing()), std::nullopt);
}

TEST(RetryDelay, NeverOverflowsAndNeverPassesTheLimit) {
  using Kind = RetryPolicy::Kind;
  const RetryPolicy wild[] = {
      {.kind = Kind::Exponential, .max_retries = kMost, .delay = milliseconds(1), .factor = 1'000},
      {.kind = Kind::Exponential,
       .max_retries = kMost,
       .delay = milliseconds::max(),
       .factor = 1e308,
       .cap = milliseconds::max(),
       .jitter = 1},
      {.kind = Kind::Exponential, .max_retries = kMost, .delay = milliseconds(1), .factor = std::numeric_limits<double>::quiet_NaN()},
      {.kind = Kind::Fixed, .max_retries = kMost, .delay = milliseconds::max(), .jitter = 1},
      {.kind = Kind::Fixed, .max_retries = kMost, .delay = milliseconds::min()},
      {.kind = Kind::Ladder, .ladder = {milliseconds::min(), milliseconds::max()}}};
  for (const RetryPolicy& policy : wild) {
    for (const std::uint32_t retry : {1U, 2U, 100U, 1'000'000U, kMost}) {
      const auto delay = retry_delay(policy, retry, firing());
      if (!delay) continue;
      EXPECT_GE(delay->count(), 0);
      EXPECT_LE(delay->count(), kLongest);
    }
  }
  EXPECT_EQ(retry_delay(wild[0], 1'000'000, firing()), milliseconds(kLongest));
}

TEST(RetryDelay, JitterIsAlwaysTheSameForOneFiringAndNumberAndDiffersElsewhere) {
  const RetryPolicy policy{.kind = RetryPolicy::Kind::Fixed, .max_retries = 1'000, .delay = milliseconds(100'000), .jitter = 0.5};
  std::set<std::int64_t> seen;
  std::int64_t sum = 0;
  for (std::uint32_t retry = 1; retry <= 1'000; ++retry) {
    const auto delay = retry_delay(policy, retry, firing());
    ASSERT_TRUE(delay.has_value());
    EXPECT_EQ(delay, retry_delay(policy, retry, firing()));
    EXPECT_GE(delay->count(), 50'000);
    EXPECT_LE(delay->count(), 150'000);
    seen.insert(delay->count());
    sum += delay->count();
  }
  EXPECT_GT(seen.size(), 950U);
  EXPECT_NEAR(static_cast<double>(sum) / 1'000, 100'000, 5'000);
  EXPECT_NE(retry_delay(policy, 1, firing(0)), retry_delay(policy, 1, firing(1)));
}

TEST(RetryDelay, CapIsBeforeJitterAndTheLimitAfterIt) {
  const RetryPolicy capped{.kind = RetryPolicy::Kind::Exponential,
                           .max_retries = 100,
                           .delay = milliseconds(1'000),
                           .factor = 10,
                           .cap = milliseconds(10'000),
                           .jitter = 1};
  bool above = false;
  for (std::uint32_t retry = 3; retry <= 100; ++retry) {
    const auto delay = retry_delay(capped, retry, firing());
    EXPECT_LE(delay->count(), 20'000);
    above = above || delay->count() > 10'000;
  }
  EXPECT_TRUE(above);
  const RetryPolicy longest{.kind = RetryPolicy::Kind::Fixed, .max_retries = 100, .delay = limits::kRetryDelayMax, .jitter = 1};
  for (std::uint32_t retry = 1; retry <= 100; ++retry) EXPECT_LE(retry_delay(longest, retry, firing())->count(), kLongest);
}

Task chain_task() {
  Task task{.id = firing().task, .created = from_unix_ms(1'700'000'000'000)};
  task.spec = {.app_id = "billing",
               .kind = Kind::Ladder,
               .define = "0,1",
               .target = ServiceTarget{.interface = "a.A", .method = "one"},
               .next = {ServiceTarget{.interface = "b.B", .method = "two"}, ServiceTarget{.interface = "c.C", .method = "three"}},
               .options = {.name = "n",
                           .zone = "UTC",
                           .run_once = true,
                           .retry = {.kind = RetryPolicy::Kind::Fixed, .max_retries = 2, .delay = milliseconds(500)},
                           .priority = 7,
                           .unique_key = "u",
                           .request_id = "r",
                           .labels = {{"team", "x"}}}};
  return task;
}

const DueTick kTick{.tick = Tick::rung(1), .due = from_unix_ms(1'700'000'001'000)};

TEST(AfterEnd, RetriesAfterFailAndTimeoutAsLongAsThePolicyHasOne) {
  const Task task = chain_task();
  for (const Outcome outcome : {Outcome::Fail, Outcome::Timeout}) {
    for (const std::uint32_t failures : {0U, 1U}) {
      const AfterEnd next = after_end(task, kTick, outcome, failures, false, kNow);
      EXPECT_EQ(next.retry_at, kNow + milliseconds(500));
      EXPECT_EQ(next.chained, std::nullopt);
    }
    EXPECT_EQ(after_end(task, kTick, outcome, 2, false, kNow).retry_at, std::nullopt);
    EXPECT_EQ(after_end(task, kTick, outcome, kMost, false, kNow).retry_at, std::nullopt);
    EXPECT_EQ(after_end(task, kTick, outcome, 0, true, kNow).retry_at, std::nullopt) << "a cancelled attempt is never retried";
  }
}

TEST(AfterEnd, NeitherRetriesNorChainsAfterOtherOutcomes) {
  for (const Outcome outcome : {Outcome::None, Outcome::Quarantined, Outcome::Unknown, Outcome::Stopped}) {
    const AfterEnd next = after_end(chain_task(), kTick, outcome, 0, false, kNow);
    EXPECT_EQ(next.retry_at, std::nullopt);
    EXPECT_EQ(next.chained, std::nullopt);
  }
}

TEST(AfterEnd, SuccessChainsTheSameTaskHoweverOftenItIsAsked) {
  const Task parent = chain_task();
  const AfterEnd next = after_end(parent, kTick, Outcome::Success, 0, false, kNow);
  ASSERT_TRUE(next.chained.has_value());
  EXPECT_EQ(next.retry_at, std::nullopt);
  const Task& child = *next.chained;
  EXPECT_EQ(child.id, after_end(parent, kTick, Outcome::Success, 1, true, kNow + milliseconds(9)).chained->id);
  EXPECT_NE(child.id, after_end(parent, {.tick = Tick::rung(0), .due = kTick.due}, Outcome::Success, 0, false, kNow).chained->id);
  EXPECT_EQ(child.id.shard(), parent.id.shard());
  EXPECT_EQ(child.created, kNow);
  EXPECT_EQ(child.version, 1U);
  EXPECT_EQ(child.parent, (FiringId{.task = parent.id, .tick = kTick.tick}));
  EXPECT_EQ(child.spec.app_id, "billing");
  EXPECT_EQ(child.spec.kind, Kind::Real);
  EXPECT_EQ(child.spec.define, "");
  EXPECT_EQ(child.spec.target, parent.spec.next[0]);
  EXPECT_EQ(child.spec.next, std::vector<Target>{parent.spec.next[1]});
  Options options = parent.spec.options;
  options.run_once = false;
  options.unique_key.clear();
  options.request_id.clear();
  EXPECT_EQ(child.spec.options, options);
}

TEST(AfterEnd, ChainEndsWithItsLastTarget) {
  Task task = chain_task();
  for (int i = 0; i < 2; ++i) task = *chained_task(task, {.tick = Tick::real(), .due = kNow}, kNow);
  EXPECT_EQ(chained_task(task, kTick, kNow), std::nullopt);
  EXPECT_EQ(target_label(task.spec.target), "c.C#three");
}

RC_GTEST_PROP(RetryDelay, StaysWithinItsBoundsForEveryPolicy, (std::uint32_t retry, std::uint32_t rung)) {
  const auto jitter = static_cast<double>(*rc::gen::inRange(0, 101)) / 100;
  const auto delay = *rc::gen::inRange<std::int64_t>(0, kLongest + 1);
  const RetryPolicy policy{.kind = RetryPolicy::Kind::Exponential,
                           .max_retries = kMost,
                           .delay = milliseconds(delay),
                           .factor = 1 + static_cast<double>(*rc::gen::inRange(0, 1'000)) / 10,
                           .cap = milliseconds(*rc::gen::inRange<std::int64_t>(0, kLongest + 1)),
                           .jitter = jitter};
  const auto answer = retry_delay(policy, retry, firing(rung));
  RC_ASSERT(answer.has_value() == (retry > 0));
  if (!answer) return;
  const double cap = policy.cap.count() > 0 ? static_cast<double>(policy.cap.count()) : static_cast<double>(kLongest);
  RC_ASSERT(answer->count() >= 0);
  RC_ASSERT(static_cast<double>(answer->count()) <= std::min(cap * (1 + jitter), static_cast<double>(kLongest)) + 1);
}

}  // namespace
}  // namespace meepo
