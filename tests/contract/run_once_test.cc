#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
class RunOnceTest : public StoreTest {
 protected:
  /// A run by hand of the task, RUNNING: the only firing that goes beside a planned one.
  FiringId by_hand(const TaskId& id, const StartRun& run) {
    const auto triggered = one(TriggerRequest{.shard = kShard, .fence = fence_, .now = now(), .items = {{.id = id}}});
    EXPECT_TRUE(triggered && claim(triggered->id, {}, run)->begun);
    return triggered->id;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, RunOnceTest, ::testing::ValuesIn(store_factories()), name_of);

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
    const auto first = created(task);
    if (state == State::Waiting) {
      ASSERT_TRUE(*one(ParkRequest{.shard = kShard, .fence = fence_, .items = {{.id = first}}}));
    } else {
      ASSERT_TRUE(claim(first)->claimed);
    }
    if (state == State::Sent) {
      ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now(), .ids = {first}}));
    }
    const auto run = start();
    EXPECT_EQ(end(by_hand(task->id, run), run.token)->dropped, std::vector<FiringId>{first});
    EXPECT_EQ(line(first).firing->skip_reason, SkipReason::RunOnce);
    EXPECT_FALSE(claim(first)->claimed);
  }
}

TEST_P(RunOnceTest, Success_DropsATickThatWaitsForItsRetry) {
  const auto task = ladder("0", true);
  const auto run = token();
  const auto first = started(task, run);
  ASSERT_TRUE(end({.id = first, .token = run, .outcome = Outcome::Fail, .retry_at = now()}));
  const auto other = start();
  EXPECT_EQ(end(by_hand(task->id, other), other.token)->dropped, std::vector<FiringId>{first});
  EXPECT_EQ(line(first).firing->skip_reason, SkipReason::RunOnce);
  EXPECT_EQ(line(first).firing->failures, 1U) << "what was tried is not forgotten";
  EXPECT_FALSE(claim(first, {}, start())->claimed);
  EXPECT_EQ(get(task->id)->status, Status::Done);
}

TEST_P(RunOnceTest, Claim_OfALaterTickWaitsWhileAnotherIsUnderWay) {
  const auto task = ladder("0,0,0", true);
  const auto run = token();
  const auto first = started(task, run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  EXPECT_FALSE(claim(second, next_tick(*task, second.tick), start())->claimed);
  EXPECT_TRUE(open(State::Due).empty()) << "the tick after it is not armed either";
  const auto waiting = open(State::Waiting);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].id, second);
  EXPECT_EQ(waiting[0].wait_reason, WaitReason::Overlap);

  // A retry keeps its turn.
  const auto retry = end({.id = first, .token = run, .outcome = Outcome::Fail, .retry_at = now()});
  ASSERT_TRUE(retry && retry->retry);
  EXPECT_EQ(open(State::Waiting).size(), 1U);
  const auto again = start();
  ASSERT_TRUE(claim(first, {}, again)->begun);
  ASSERT_TRUE(end(first, again.token, Outcome::Fail));
  ASSERT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(open(State::Due)[0].id, second);
  EXPECT_TRUE(claim(second, {}, start())->begun);
}

TEST_P(RunOnceTest, TheTickThatWaited_StaysPausedWithItsTask) {
  const auto task = ladder("0,0", true);
  const auto run = token();
  const auto first = started(task, run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  ASSERT_FALSE(claim(second, {}, start())->claimed);
  ASSERT_TRUE(*one(PauseRequest{.shard = kShard, .fence = fence_, .ids = {task->id}}));
  ASSERT_TRUE(end(first, run, Outcome::Fail));
  EXPECT_TRUE(open(State::Due).empty());
  const auto resumed = one(ResumeRequest{.shard = kShard, .fence = fence_, .items = {{.id = task->id, .skip = {}}}});
  ASSERT_TRUE(resumed);
  ASSERT_EQ(resumed->size(), 1U);
  EXPECT_EQ(resumed->front().id, second);
}

TEST_P(RunOnceTest, ARunThatIsLostForGood_LetsTheNextTickBegin) {
  const auto task = ladder("0,0", true);
  const auto run = token();
  const auto first = started(task, run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  ASSERT_FALSE(claim(second, {}, start())->claimed);
  ASSERT_TRUE(reap({.id = first, .token = run, .lease_ended = false, .to = ReapRequest::Item::To::Unknown})->reaped);
  ASSERT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(open(State::Due)[0].id, second);
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

TEST_P(RunOnceTest, Success_LeavesARunningFiringAloneButItIsNeverRunAgain) {
  const auto task = ladder("0,0,1", true);
  const auto first_run = token();
  const auto first = started(task, first_run);
  const auto hand_run = start();
  const auto hand = by_hand(task->id, hand_run);
  ASSERT_TRUE(end(first, first_run));
  const auto failed = end({.id = hand, .token = hand_run.token, .outcome = Outcome::Fail, .retry_at = now()});
  ASSERT_TRUE(failed);
  EXPECT_FALSE(failed->retry);
  EXPECT_EQ(line(hand).firing->outcome, Outcome::Fail);
}

TEST_P(RunOnceTest, Reap_AfterTheSuccessEndsTheOtherRun) {
  const auto task = ladder("0,0", true);
  const auto first_run = token();
  const auto first = started(task, first_run);
  const auto hand_run = start();
  const auto hand = by_hand(task->id, hand_run);
  ASSERT_TRUE(end(first, first_run));
  const auto reaped = reap({.id = hand, .token = hand_run.token, .lease_ended = false});
  ASSERT_TRUE(reaped && reaped->reaped);
  EXPECT_FALSE(reaped->open);
  EXPECT_EQ(line(hand).firing->fate, Fate::Skipped);
  EXPECT_EQ(get(task->id)->status, Status::Done);
}

TEST_P(RunOnceTest, Claim_ArmsNothingAfterTheSuccess) {
  const auto task = ladder("0,0,1", true);
  const auto id = created(task);
  const auto run = start();
  ASSERT_TRUE(claim(id, {}, run)->begun);
  const auto hand_run = start();
  const auto hand = by_hand(task->id, hand_run);
  ASSERT_TRUE(end(hand, hand_run.token));
  ASSERT_TRUE(claim(id, next_tick(*task, id.tick), run)->claimed) << "repeated, now with a next tick";
  EXPECT_TRUE(open(State::Due).empty());
}

}  // namespace
}  // namespace meepo::test
