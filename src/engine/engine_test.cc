#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meepo::engine {
namespace {

using std::chrono::seconds;

constexpr SysTime kStart = from_unix_ms(1'800'000'000'000);
const std::string kKey = "service:com.example.Billing::";

OpenFiring due(std::uint64_t number, SysTime when, std::int32_t priority = 5) {
  OpenFiring firing{.id = {.task = TaskId::make(static_cast<Shard>(number % kShardCount), kStart, number), .tick = Tick::real()}};
  firing.due = firing.score = when;
  firing.target_key = kKey;
  firing.priority = priority;
  return firing;
}

Engine owner_of_all() {
  Engine engine(kStart);
  for (int shard = 0; shard < kShardCount; ++shard) engine.own(static_cast<Shard>(shard));
  return engine;
}

TEST(Engine, Plan_MatchesDueFiringsWithCreditsByPriorityThenDue) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 3, kStart);
  engine.add(due(1, kStart, 1), kStart);
  engine.add(due(2, kStart - seconds(1), 1), kStart);
  engine.add(due(3, kStart, 9), kStart);
  engine.add(due(4, kStart + seconds(1), 9), kStart);
  const Plan plan = engine.plan(kStart);
  ASSERT_EQ(plan.matches.size(), 3U);
  EXPECT_EQ(plan.matches[0].firing.id, due(3, kStart).id);
  EXPECT_EQ(plan.matches[1].firing.id, due(2, kStart).id);
  EXPECT_EQ(plan.matches[2].firing.id, due(1, kStart).id);
  EXPECT_EQ(engine.next_wake(), kStart + seconds(1));
}

TEST(Engine, Plan_TargetsOfOneExecutorTakeTurnsAndHigherPriorityGoesFirst) {
  Engine engine = owner_of_all();
  const std::string other = "service:com.example.Mail::";
  engine.open(1, "a", "a", {kKey, other}, 1, kStart);
  for (std::uint64_t i = 0; i < 100; ++i) engine.add(due(i, kStart - seconds(60)), kStart);
  for (std::uint64_t i = 100; i < 103; ++i) {
    auto late = due(i, kStart, i == 102 ? 6 : 5);
    late.target_key = other;
    engine.add(std::move(late), kStart);
  }
  std::vector<std::string> keys;
  for (int i = 0; i < 6; ++i) {
    const Plan plan = engine.plan(kStart);
    ASSERT_EQ(plan.matches.size(), 1U);
    keys.push_back(plan.matches[0].firing.target_key);
    engine.grant(1, 1);
  }
  EXPECT_EQ(keys[0], other) << "priority 6";
  EXPECT_EQ(std::ranges::count(keys, other), 3) << "the short queue waits for the long one's turn, not for its end";
  EXPECT_EQ(std::vector(keys.begin() + 1, keys.end()), (std::vector{kKey, other, kKey, other, kKey}));
}

TEST(Engine, Plan_NeverMatchesBeforeTheDueInstant) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 3, kStart);
  engine.add(due(1, kStart + milliseconds(10)), kStart);
  EXPECT_TRUE(engine.plan(kStart + milliseconds(9)).matches.empty());
  EXPECT_EQ(engine.plan(kStart + milliseconds(10)).matches.size(), 1U);
}

OpenFiring planned(std::uint64_t number, SysTime when) {
  OpenFiring firing = due(number, when);
  firing.task = std::make_shared<const Task>();
  return firing;
}

TEST(Engine, Plan_MatchesAPlannedTickAheadAndARetryWhenItIsDue) {
  constexpr milliseconds kAhead{200};
  Engine engine(kStart, kAhead);
  engine.own(1);
  engine.own(2);
  engine.own(3);
  engine.open(1, "a", "a", {kKey}, 10, kStart);
  const SysTime when = kStart + seconds(1);
  engine.add(planned(1, when), kStart);
  OpenFiring retry = planned(2, when);
  retry.attempt = 1;
  engine.add(retry, kStart);
  engine.add(planned(3, when), kStart, Engine::When::NotBeforeDue);
  EXPECT_TRUE(engine.plan(when - kAhead - milliseconds(1)).matches.empty());
  const Plan ahead = engine.plan(when - kAhead);
  ASSERT_EQ(ahead.matches.size(), 1U);
  EXPECT_EQ(ahead.matches[0].firing.id, planned(1, when).id);
  EXPECT_TRUE(engine.plan(when - milliseconds(1)).matches.empty());
  EXPECT_EQ(engine.plan(when).matches.size(), 2U);
}

TEST(Engine, Plan_LeavesAnEighthOfTheCreditsAtMostSixteenToWhatIsDue) {
  for (const auto& [credits, taken] :
       std::vector<std::pair<std::uint32_t, std::size_t>>{{1, 0}, {2, 1}, {8, 7}, {16, 14}, {80, 70}, {160, 144}}) {
    Engine engine(kStart, milliseconds(200));
    engine.own(1);
    engine.open(1, "a", "a", {kKey}, credits, kStart);
    for (std::uint64_t i = 0; i < 200; ++i) engine.add(planned(1 + kShardCount * i, kStart + milliseconds(100)), kStart);
    EXPECT_EQ(engine.plan(kStart).matches.size(), taken) << credits;
    EXPECT_TRUE(engine.plan(kStart + milliseconds(99)).matches.empty());
    EXPECT_EQ(engine.next_wake(), kStart + milliseconds(100));
    EXPECT_EQ(engine.plan(kStart + milliseconds(100)).matches.size(), credits - taken) << "the others go when they are due";
  }
}

TEST(Engine, Add_RefusesWhatItKnowsWhatIsFarAndWhatItDoesNotOwn) {
  Engine engine(kStart);
  engine.own(1);
  EXPECT_TRUE(engine.add(due(1, kStart + seconds(1)), kStart));
  EXPECT_FALSE(engine.add(due(1, kStart + seconds(1)), kStart));
  EXPECT_FALSE(engine.add(due(65, kStart + seconds(31)), kStart));
  EXPECT_FALSE(engine.add(due(2, kStart), kStart));
}

TEST(Engine, Forget_TakesAFiringOutOfWheelOrQueue) {
  Engine engine = owner_of_all();
  engine.add(due(1, kStart), kStart);
  engine.add(due(2, kStart + seconds(1)), kStart);
  engine.forget(due(1, kStart).id);
  engine.forget(due(2, kStart).id);
  engine.forget(due(2, kStart).id);
  engine.open(1, "a", "a", {kKey}, 3, kStart);
  EXPECT_TRUE(engine.plan(kStart + seconds(2)).matches.empty());
  EXPECT_EQ(engine.due_known(), 0U);
}

TEST(Engine, Disown_ForgetsAllOfTheShardAndNothingElse) {
  Engine engine = owner_of_all();
  for (std::uint64_t i = 0; i < 128; ++i) engine.add(due(i, kStart + seconds(static_cast<int>(i % 2))), kStart);
  engine.begun({.id = due(3, kStart).id, .token = {1, 1}, .due = kStart, .lease_until = kStart + seconds(15), .executor = "a"});
  engine.disown(3);
  EXPECT_EQ(engine.due_known(), 126U);
  EXPECT_EQ(engine.leases().find({1, 1}), nullptr);
  EXPECT_EQ(engine.executors().by_instance("a"), nullptr);
}

TEST(Engine, UnservedTarget_IsParkedAfterTheGraceAndFetchedWhenAnExecutorComes) {
  Engine engine = owner_of_all();
  engine.add(due(1, kStart), kStart);
  EXPECT_TRUE(engine.plan(kStart).parks.empty());
  EXPECT_EQ(engine.next_wake(), kStart + Engine::kParkGrace);
  const Plan parked = engine.plan(kStart + Engine::kParkGrace);
  ASSERT_EQ(parked.parks.size(), 1U);
  EXPECT_EQ(parked.parks[0].reason, WaitReason::NoExecutor);
  EXPECT_EQ(parked.unserved, std::vector<std::string>{kKey});
  engine.open(1, "a", "a", {kKey}, 3, kStart);
  const Plan back = engine.plan(kStart + seconds(2));
  ASSERT_EQ(back.unparks.size(), 1U);
  EXPECT_EQ(back.unparks[0].shard, 1);
  engine.unparked(back.unparks[0], false);
  EXPECT_TRUE(engine.plan(kStart + seconds(3)).unparks.empty());
}

TEST(Engine, AnOffer_TakesTheMatchesOfWhatItLeavesOutAndOpensWhatItNames) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 8, kStart);
  engine.offer(1, {"service:b.B::"}, kStart);
  EXPECT_FALSE(engine.serves(kKey));
  EXPECT_TRUE(engine.serves("service:b.B::"));
  for (std::uint64_t i = 1; i <= 2; ++i) {
    engine.add(due(i, kStart), kStart);
    EXPECT_TRUE(engine.plan(kStart).matches.empty());
    const Plan parked = engine.plan(kStart + Engine::kParkGrace);
    EXPECT_EQ(parked.parks.size(), 1U);
    EXPECT_EQ(parked.unserved.size(), i == 1 ? 1U : 0U) << "said once, until it is served again";
  }
  engine.offer(1, {kKey}, kStart + seconds(2));
  EXPECT_EQ(engine.plan(kStart + seconds(2)).unparks.size(), 2U);
  engine.add(due(3, kStart), kStart + seconds(2));
  EXPECT_EQ(engine.plan(kStart + seconds(2)).matches.size(), 1U);
  engine.offer(99, {kKey}, kStart);  // nobody's
  EXPECT_TRUE(engine.serves(kKey));
}

TEST(Engine, WhatWaitsWithoutHavingBeenDueIsSaidToBeUnservedToo_OnceAfterTheGrace) {
  Engine engine = owner_of_all();
  engine.waiting(7, kKey);
  EXPECT_TRUE(engine.plan(kStart).unserved.empty());
  EXPECT_EQ(engine.next_wake(), kStart + Engine::kParkGrace);
  EXPECT_EQ(engine.plan(kStart + Engine::kParkGrace).unserved, std::vector<std::string>{kKey});
  engine.waiting(8, kKey);
  EXPECT_TRUE(engine.plan(kStart + seconds(9)).unserved.empty());
  engine.open(1, "a", "a", {kKey}, 1, kStart + seconds(10));
  EXPECT_EQ(engine.plan(kStart + seconds(10)).unparks.size(), 2U);
}

TEST(Engine, AnUnparkOlderThanALaterParkLeavesTheShardWaiting) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 1, kStart);
  engine.waiting(7, kKey);
  const Plan first = engine.plan(kStart);
  ASSERT_EQ(first.unparks.size(), 1U);
  engine.waiting(7, kKey);
  engine.unparked(first.unparks[0], false);
  EXPECT_EQ(engine.plan(kStart).unparks.size(), 1U);
}

TEST(Engine, ReadyQueue_OneOverTheLimitIsParkedAsBacklog) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 0, kStart);
  for (std::uint64_t i = 0; i < limits::kReadyPerTargetMax + 1; ++i) engine.add(due(i, kStart), kStart);
  const Plan plan = engine.plan(kStart);
  ASSERT_EQ(plan.parks.size(), 1U);
  EXPECT_EQ(plan.parks[0].reason, WaitReason::Backlog);
}

TEST(Engine, Place_BeginsAtOnceOnlyWhereNothingWaitsBefore) {
  Engine engine = owner_of_all();
  EXPECT_EQ(engine.place(kKey).wait_reason, WaitReason::NoExecutor);
  engine.open(1, "a", "a", {kKey}, 1, kStart);
  EXPECT_EQ(engine.place(kKey).session, 1U);
  EXPECT_EQ(engine.place(kKey).session, 0U) << "no credit is left";
  engine.grant(1, 1);
  engine.add(due(1, kStart), kStart);
  EXPECT_EQ(engine.place(kKey).session, 0U) << "another is first";
  engine.plan(kStart);
  engine.waiting(3, kKey);
  EXPECT_EQ(engine.place(kKey).wait_reason, WaitReason::Backlog);
}

TEST(Engine, Release_GivesACreditBackOnlyToTheSameStream) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 1, kStart);
  ASSERT_EQ(engine.place(kKey).session, 1U);
  engine.release("a", 1, false);
  ASSERT_EQ(engine.place(kKey).session, 1U);
  engine.open(2, "a", "a", {kKey}, 1, kStart);
  engine.release("a", 1, false);
  EXPECT_EQ(engine.place(kKey).session, 2U);
  EXPECT_EQ(engine.place(kKey).session, 0U);
}

TEST(Engine, Suspects_RunOneAtATimePerExecutor) {
  Engine engine = owner_of_all();
  engine.open(1, "a", "a", {kKey}, 10, kStart);
  for (std::uint64_t i = 0; i < 3; ++i) {
    OpenFiring firing = due(i, kStart);
    firing.suspect = true;
    engine.add(std::move(firing), kStart);
  }
  Plan plan = engine.plan(kStart);
  ASSERT_EQ(plan.matches.size(), 1U);
  engine.begun({.id = plan.matches[0].firing.id,
                .token = {1, 1},
                .due = kStart,
                .lease_until = kStart + seconds(15),
                .executor = "a",
                .suspect = true});
  EXPECT_TRUE(engine.plan(kStart).matches.empty());
  engine.over({1, 1});
  EXPECT_EQ(engine.plan(kStart).matches.size(), 1U);
}

TEST(Leases, EndInOrderAndARenewedOneLater) {
  Leases leases(kStart);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    leases.add({.id = due(i, kStart).id, .token = {i, i}, .due = kStart, .lease_until = kStart + seconds(static_cast<int>(i))});
  }
  leases.renew({1, 1}, kStart + seconds(10));
  leases.renew({2, 2}, kStart + seconds(1));  // never shortened
  EXPECT_EQ(leases.ended(kStart + seconds(3)), (std::vector<RunToken>{{2, 2}, {3, 3}}));
  EXPECT_TRUE(leases.ended(kStart + milliseconds(3'500)).empty());
  EXPECT_EQ(leases.ended(kStart + seconds(4)).size(), 2U) << "they come again until they are removed";
  leases.remove({2, 2});
  leases.remove({3, 3});
  EXPECT_EQ(leases.ended(kStart + seconds(10)), (std::vector<RunToken>{{1, 1}}));
}

TEST(Leases, OneBeyondTheWheelsHorizonEndsInTime) {
  Leases leases(kStart);
  leases.add({.id = due(1, kStart).id, .token = {1, 1}, .due = kStart, .lease_until = kStart + seconds(100)});
  SysTime now = kStart;
  while (leases.ended(now).empty()) {
    ASSERT_TRUE(leases.next_end());
    now = *leases.next_end();
    ASSERT_LE(now, kStart + seconds(100));
  }
  EXPECT_EQ(now, kStart + seconds(100));
}

struct CrashCase {
  std::string name;
  std::vector<std::pair<bool, bool>> runs;  ///< started, suspect
  std::vector<bool> counted;
};

TEST(Crash, CountsOnlyAgainstASingleRunningSuspect) {
  const std::vector<CrashCase> cases = {
      {"a single started run", {{true, false}}, {true}},
      {"a single started run beside one that had not started", {{true, false}, {false, false}}, {true, false}},
      {"two started runs", {{true, false}, {true, false}}, {false, false}},
      {"a known suspect among others", {{true, true}, {true, false}, {true, false}}, {true, false, false}},
      {"a suspect that had not started", {{false, true}, {true, false}, {true, false}}, {false, false, false}},
      {"nothing started", {{false, false}}, {false}},
  };
  for (const auto& c : cases) {
    std::vector<Lease> leases;
    std::vector<const Lease*> runs;
    for (const auto& [started, suspect] : c.runs) leases.push_back({.suspect = suspect, .started = started});
    for (const auto& lease : leases) runs.push_back(&lease);
    const auto lost = judge_crash({.instance = "a"}, runs);
    ASSERT_EQ(lost.size(), c.counted.size());
    for (std::size_t i = 0; i < lost.size(); ++i) {
      EXPECT_EQ(lost[i].count_crash, c.counted[i]) << c.name << " run " << i;
      EXPECT_TRUE(lost[i].mark_suspect) << c.name;
    }
  }
}

TEST(Crash, TheFifthCountedCrashQuarantines) {
  for (std::uint32_t crashes = 0; crashes < 6; ++crashes) {
    Lease lease{.crashes = crashes, .suspect = true, .started = true};
    const auto lost = judge_crash({.instance = "a"}, {&lease});
    EXPECT_EQ(lost[0].to == LostRun::To::Quarantined, crashes + 1 >= limits::kPoisonCrashesMax) << crashes;
  }
}

TEST(Crash, OnLostUnknownEndsOnlyWhatHadStarted) {
  Lease started{.started = true, .on_lost = OnLost::Unknown};
  Lease held{.started = false, .on_lost = OnLost::Unknown};
  const auto lost = judge_crash({.instance = "a"}, {&started, &held});
  EXPECT_EQ(lost[0].to, LostRun::To::Unknown);
  EXPECT_EQ(lost[1].to, LostRun::To::Due);
}

TEST(Engine, LeasesMoveWithTheClockAndTheDueSetIsForgotten) {
  const SysTime now = from_unix_ms(1'800'000'000'000);
  for (const auto step : {milliseconds(std::chrono::hours(1)), milliseconds(std::chrono::hours(-1))}) {
    Engine engine(now);
    engine.own(0);
    Lease lease{
        .id = {.task = TaskId::make(0, now, 1), .tick = Tick::real()}, .token = {.high = 1, .low = 1}, .lease_until = now + seconds(15)};
    lease.executor = "a";
    engine.begun(std::move(lease));
    OpenFiring due{.id = {.task = TaskId::make(0, now, 2), .tick = Tick::real()}, .due = now + seconds(10), .score = now + seconds(10)};
    due.target_key = "service:x::";
    ASSERT_TRUE(engine.add(due, now));
    engine.clock_stepped(step, now + step);
    EXPECT_EQ(engine.due_known(), 0U);
    EXPECT_TRUE(engine.leases().ended(now + step + seconds(14)).empty());
    EXPECT_EQ(engine.leases().ended(now + step + seconds(15)).size(), 1U);
  }
}

}  // namespace
}  // namespace meepo::engine
