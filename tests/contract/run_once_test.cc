#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(RunOnceTest);

TEST_P(RunOnceTest, Success_DropsOpenTicksThatNeverBeganAndTheRestOfThePlan) {
  const auto task = ladder("0,1,2,3", true);
  const auto run = token();
  const auto id = started(task, run);
  const auto answer = end(id, run);
  ASSERT_TRUE(answer);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  EXPECT_EQ(answer->dropped, std::vector<FiringId>{second});
  EXPECT_TRUE(open(State::Due).empty());
  const auto rows = ledger(task->id);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(*rows[0].range, (TickRange{.first = Tick::rung(2), .last = Tick::rung(3), .count = 2}));
  EXPECT_EQ(rows[0].range_fate, Fate::Skipped);
  EXPECT_EQ(rows[0].range_reason, SkipReason::RunOnce);
  EXPECT_EQ(rows[1].firing->fate, Fate::Skipped);
  EXPECT_EQ(rows[1].firing->skip_reason, SkipReason::RunOnce);
  EXPECT_EQ(get(task->id)->status, Status::Done);
  EXPECT_EQ(get(task->id)->firings, 1U);

  const auto again = end(id, run);
  EXPECT_EQ(again->verdict, Verdict::Repeated);
  EXPECT_EQ(again->dropped, answer->dropped) << "as then";
  EXPECT_EQ(ledger(task->id).size(), 3U);
}

TEST_P(RunOnceTest, Success_DropsClaimedSentAndWaitingTicksToo) {
  for (const State state : {State::Claimed, State::Sent, State::Waiting}) {
    SCOPED_TRACE(to_string(state));
    const auto task = ladder("0,0", true);
    const auto run = token();
    const auto id = started(task, run);
    const FiringId second{.task = task->id, .tick = Tick::rung(1)};
    if (state == State::Waiting) {
      ASSERT_TRUE(*one(ParkRequest{.shard = kShard, .fence = fence_, .items = {{.id = second}}}));
    } else {
      ASSERT_TRUE(claim(second)->claimed);
    }
    if (state == State::Sent) {
      ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now(), .ids = {second}}));
    }
    EXPECT_EQ(end(id, run)->dropped, std::vector<FiringId>{second});
    EXPECT_EQ(line(second).firing->skip_reason, SkipReason::RunOnce);
    EXPECT_FALSE(claim(second)->claimed);
  }
}

TEST_P(RunOnceTest, Failure_DropsNothing) {
  const auto task = ladder("0,1,2", true);
  const auto run = token();
  const auto id = started(task, run);
  EXPECT_TRUE(end(id, run, Outcome::Fail)->dropped.empty());
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(get(task->id)->status, Status::Fail);
}

TEST_P(RunOnceTest, WithoutRunOnce_ASuccessDropsNothing) {
  const auto task = ladder("0,1,2");
  const auto run = token();
  const auto id = started(task, run);
  EXPECT_TRUE(end(id, run)->dropped.empty());
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(get(task->id)->status, Status::Success);
}

TEST_P(RunOnceTest, Success_LeavesARunningTickAloneButItIsNeverRunAgain) {
  const auto task = ladder("0,0,1", true);
  const auto first_run = token();
  const auto first = started(task, first_run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  const auto second_run = start();
  ASSERT_TRUE(claim(second, {}, second_run)->begun);
  EXPECT_TRUE(end(first, first_run)->dropped.empty());
  const auto failed = end({.id = second, .token = second_run.token, .outcome = Outcome::Fail, .retry_at = now()});
  ASSERT_TRUE(failed);
  EXPECT_FALSE(failed->retry);
  EXPECT_EQ(line(second).firing->outcome, Outcome::Fail);
  EXPECT_EQ(ledger(task->id)[0].range->first, Tick::rung(2));
}

TEST_P(RunOnceTest, Reap_AfterTheSuccessEndsTheOtherRun) {
  const auto task = ladder("0,0", true);
  const auto first_run = token();
  const auto first = started(task, first_run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  const auto second_run = start();
  ASSERT_TRUE(claim(second, {}, second_run)->begun);
  ASSERT_TRUE(end(first, first_run));
  const auto reaped = reap({.id = second, .token = second_run.token, .lease_ended = false});
  ASSERT_TRUE(reaped && reaped->reaped);
  EXPECT_FALSE(reaped->open);
  EXPECT_EQ(line(second).firing->fate, Fate::Skipped);
  EXPECT_EQ(get(task->id)->status, Status::Done);
}

TEST_P(RunOnceTest, Claim_ArmsNothingAfterTheSuccess) {
  const auto task = ladder("0,0,1", true);
  const auto id = created(task);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  const auto run = start();
  ASSERT_TRUE(claim(id, next_tick(*task, id.tick), run)->begun);
  const auto second_run = start();
  ASSERT_TRUE(claim(second, {}, second_run)->begun);
  ASSERT_TRUE(end(id, run.token));
  ASSERT_TRUE(claim(second, next_tick(*task, second.tick), second_run)->claimed) << "repeated, now with a next tick";
  EXPECT_TRUE(open(State::Due).empty());
}

}  // namespace
}  // namespace meepo::test
