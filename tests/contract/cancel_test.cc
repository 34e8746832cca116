#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(CancelTest);

TEST_P(CancelTest, Cancel_EndsWhatNeverBegan) {
  const auto due = created(real());
  const auto waiting = created_waiting(real());
  const auto claimed = created(real());
  ASSERT_TRUE(claim(claimed)->claimed);
  const auto sent = created(real());
  ASSERT_TRUE(claim(sent)->claimed);
  ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now(), .ids = {sent}}));
  for (const auto& id : {due, waiting, claimed, sent}) {
    const auto answer = cancel(id.task);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->cancelled);
    EXPECT_TRUE(answer->begun.empty());
    const auto firing = line(id).firing;
    EXPECT_EQ(firing->state, State::Ended);
    EXPECT_EQ(firing->fate, Fate::Cancelled);
    EXPECT_EQ(firing->outcome, Outcome::None);
    EXPECT_EQ(get(id.task)->status, Status::Cancel);
    EXPECT_EQ(get(id.task)->ended_at, now());
    EXPECT_FALSE(claim(id)->claimed);
  }
  for (const State state : {State::Due, State::Waiting, State::Claimed, State::Sent}) EXPECT_TRUE(open(state).empty());
}

TEST_P(CancelTest, Cancel_AsksARunningAttemptToStop) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto answer = cancel(id.task);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->cancelled);
  ASSERT_EQ(answer->begun.size(), 1U);
  EXPECT_EQ(answer->begun[0], id);
  ASSERT_EQ(answer->running.size(), 1U);
  EXPECT_EQ(answer->running[0].run_token, run);
  EXPECT_EQ(answer->running[0].executor, "executor-1");
  EXPECT_TRUE(answer->running[0].cancel_asked);
  EXPECT_EQ(get(id.task)->status, Status::Running);
  EXPECT_EQ(line(id).firing->cancel_asked_at, now());

  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = now()}), RenewAnswer::CancelAsked);
  advance(milliseconds(10));
  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = now(), .cancel_acknowledged = true}), RenewAnswer::CancelAsked);
  EXPECT_EQ(line(id).firing->cancel_acknowledged_at, now());
  const auto repeated = cancel(id.task);
  ASSERT_TRUE(repeated);
  EXPECT_TRUE(repeated->cancelled);
  EXPECT_EQ(repeated->begun.size(), 1U);
  EXPECT_EQ(line(id).firing->cancel_asked_at, now() - milliseconds(10)) << "asked once";

  ASSERT_TRUE(end(id, run, Outcome::Stopped));
  EXPECT_EQ(line(id).firing->outcome, Outcome::Stopped);
  EXPECT_EQ(line(id).firing->fate, Fate::Fired);
  EXPECT_EQ(get(id.task)->status, Status::Cancel);
}

TEST_P(CancelTest, Cancel_OfATaskThatEndedOrIsNotThere) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end(id, run));
  EXPECT_FALSE(cancel(id.task)->cancelled);
  EXPECT_EQ(get(id.task)->status, Status::Done);
  EXPECT_EQ(cancel(TaskId::make(kShard, now(), 1)).error().code, Code::NotFound);
}

TEST_P(CancelTest, Cancel_RepeatedAnswersAsTheFirstTime) {
  const auto id = created(real());
  ASSERT_TRUE(cancel(id.task)->cancelled);
  EXPECT_TRUE(cancel(id.task)->cancelled);
  EXPECT_EQ(ledger(id.task).size(), 1U);
}

TEST_P(CancelTest, Cancel_WritesTheTicksThatWereNotArmedAsOneRange) {
  const auto task = ladder("0,5,9,12");
  const auto run = token();
  const auto id = started(task, run);
  ASSERT_TRUE(cancel(task->id)->cancelled);
  const auto rows = ledger(task->id);
  ASSERT_EQ(rows.size(), 3U);
  ASSERT_TRUE(rows[0].range) << "newest first";
  EXPECT_EQ(*rows[0].range, (TickRange{.first = Tick::rung(2), .last = Tick::rung(3), .count = 2}));
  EXPECT_EQ(rows[0].range_fate, Fate::Cancelled);
  EXPECT_EQ(rows[0].range_at, now());
  EXPECT_EQ(rows[1].firing->id.tick, Tick::rung(1));
  EXPECT_EQ(rows[1].firing->fate, Fate::Cancelled);
  EXPECT_EQ(rows[2].firing->id, id);
  EXPECT_EQ(rows[2].firing->state, State::Running);
  ASSERT_TRUE(cancel(task->id)->cancelled);
  EXPECT_EQ(ledger(task->id).size(), 3U);
}

TEST_P(CancelTest, Cancel_NothingIsArmedAfterwards) {
  const auto task = ladder("0,5,9");
  const auto id = created(task);
  const auto run = start();
  ASSERT_TRUE(claim(id, {}, run)->begun);
  ASSERT_TRUE(cancel(task->id)->cancelled);
  EXPECT_FALSE(claim({.task = task->id, .tick = Tick::rung(1)}, next_tick(*task, Tick::rung(1)))->claimed);
  ASSERT_TRUE(claim(id, next_tick(*task, id.tick), run)->claimed) << "repeated, with a next tick";
  EXPECT_TRUE(open(State::Due).empty());
}

TEST_P(CancelTest, Cancel_EndsAPendingRetry) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .retry_at = now() + milliseconds(5)}));
  ASSERT_TRUE(cancel(id.task)->cancelled);
  EXPECT_TRUE(open(State::Due).empty());
  EXPECT_EQ(line(id).firing->fate, Fate::Cancelled);
  EXPECT_EQ(get(id.task)->status, Status::Cancel);
}

TEST_P(CancelTest, Reap_OfACancelledAttemptDoesNotRunItAgain) {
  for (const bool started_running : {false, true}) {
    const auto run = token();
    const auto id = started(real(), run);
    if (started_running) {
      ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .started = true}));
    }
    ASSERT_TRUE(cancel(id.task)->cancelled);
    const auto answer = reap({.id = id, .token = run, .lease_ended = false, .evidence = "its executor is gone"});
    ASSERT_TRUE(answer && answer->reaped);
    EXPECT_FALSE(answer->open);
    EXPECT_EQ(line(id).firing->state, State::Ended);
    EXPECT_EQ(line(id).firing->fate, started_running ? Fate::Fired : Fate::Cancelled);
    EXPECT_EQ(line(id).firing->outcome, started_running ? Outcome::Unknown : Outcome::None);
    EXPECT_EQ(get(id.task)->status, Status::Cancel);
  }
}

}  // namespace
}  // namespace meepo::test
