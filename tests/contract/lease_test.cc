// renew and reap: keeping a run, and taking it back.

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
using To = ReapRequest::Item::To;
MEEPO_STORE_SUITE(LeaseTest);

TEST_P(LeaseTest, Renew_MovesTheLeaseOnAndNeverShortensIt) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto lease = now() + std::chrono::seconds(30);
  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = lease}), RenewAnswer::Ok);
  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = lease - milliseconds(1)}), RenewAnswer::Ok);
  EXPECT_EQ(open(State::Running)[0].score, lease);
}

TEST_P(LeaseTest, Renew_OfWhatIsNotThatRunIsLost) {
  const auto run = token();
  const auto id = started(real(), run);
  EXPECT_EQ(*renew({.id = id, .token = token(), .lease_until = now()}), RenewAnswer::Lost);
  EXPECT_EQ(*renew({.id = {.task = TaskId::make(kShard, now(), 1), .tick = Tick::real()}, .token = run, .lease_until = now()}),
            RenewAnswer::Lost);
  ASSERT_TRUE(reap({.id = id, .token = run, .lease_ended = false})->reaped);
  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = now()}), RenewAnswer::Lost);
  const auto ended_run = token();
  const auto ended = started(real(), ended_run);
  ASSERT_TRUE(end(ended, ended_run));
  EXPECT_EQ(*renew({.id = ended, .token = ended_run, .lease_until = now()}), RenewAnswer::Lost);
}

TEST_P(LeaseTest, Running_AnswersTheAttemptAndTheTaskItRuns_ToWhoDoesNotKnowIt) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto found = ask(RunningRequest{.shard = kShard, .ids = {id, {.task = TaskId::make(kShard, now(), 1), .tick = Tick::real()}}});
  ASSERT_TRUE(found && found->size() == 2);
  ASSERT_TRUE((*found)[0] && *(*found)[0]);
  EXPECT_EQ((**(*found)[0]).firing.run_token, run);
  EXPECT_EQ((**(*found)[0]).task->id, id.task);
  ASSERT_TRUE((*found)[1]);
  EXPECT_FALSE(*(*found)[1]);
  ASSERT_TRUE(end(id, run));
  EXPECT_FALSE(*(*ask(RunningRequest{.shard = kShard, .ids = {id}}))[0]) << "it has ended";
}

TEST_P(LeaseTest, AClaimRepeatedAfterItsAttemptWasTakenBackBeginsNothing) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(reap({.id = id, .token = run, .lease_ended = false})->reaped);
  const auto repeated = claim(id, {}, StartRun{.token = run, .executor = "a", .lease_until = now()});
  ASSERT_TRUE(repeated);
  EXPECT_FALSE(repeated->claimed) << "a token names one attempt";
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_TRUE(claim(id, {}, StartRun{.token = token(), .executor = "a", .lease_until = now()})->claimed);
}

TEST_P(LeaseTest, ARepeatedReapAnswersAsTheFirst) {
  using Item = ReapRequest::Item;
  for (const To to : {To::Due, To::Unknown, To::Quarantined}) {
    const auto run = token();
    const auto id = started(real(), run);
    const Item item{.id = id, .token = run, .lease_ended = false, .to = to, .evidence = "it crashed"};
    for (int repeat = 0; repeat < 2; ++repeat) {
      const auto answer = reap(Item(item));
      ASSERT_TRUE(answer);
      EXPECT_TRUE(answer->reaped);
      EXPECT_EQ(answer->open.has_value(), to == To::Due);
    }
  }
  const auto run = token();
  const auto ended = started(real(), run);
  ASSERT_TRUE(end(ended, run));
  EXPECT_FALSE(reap({.id = ended, .token = run, .lease_ended = false})->reaped) << "its end was accepted";
}

TEST_P(LeaseTest, Reap_OfALeaseThatWasRenewedElsewhereSaysUntilWhen) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto lease = now() + std::chrono::seconds(30);
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = lease}));
  const auto answer = reap({.id = id, .token = run});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->reaped);
  EXPECT_EQ(answer->lease_until, lease);
  EXPECT_FALSE(reap({.id = id, .token = token()})->lease_until) << "another attempt";
}

TEST_P(LeaseTest, Renew_KeepsStartedProgressAndLog) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .started = true, .report = {.progress = "10 %", .log = "one\ntwo"}}));
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .report = {.progress = {}, .log = "three"}}));
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .report = {.progress = "90 %"}}));
  EXPECT_TRUE(open(State::Running)[0].started) << "it stays started";
  ASSERT_TRUE(end({.id = id, .token = run, .report = {.progress = {}, .log = "four"}}));
  const auto row = line(id);
  ASSERT_EQ(row.attempts.size(), 1U);
  EXPECT_EQ(row.attempts[0].progress, "90 %");
  EXPECT_EQ(row.attempts[0].log, "one\ntwo\nthree\nfour");
  EXPECT_EQ(row.attempts[0].outcome, Outcome::Success);
  EXPECT_EQ(row.attempts[0].ended_at, now());
}

TEST_P(LeaseTest, Renew_StopsALogAtItsLimit) {
  const auto run = token();
  const auto id = started(real(), run);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .report = {.progress = {}, .log = std::string(8'000, 'a')}}));
  }
  const auto log = line(id).attempts[0].log;
  EXPECT_LE(log.size(), limits::kLogBytesKept);
  EXPECT_TRUE(log.ends_with("a…"));
}

TEST_P(LeaseTest, Reap_TakesARunBackWhenItsLeaseHasEnded) {
  const auto run = token();
  const auto id = started(real(), run);
  advance(limits::kRunLease - milliseconds(1));
  EXPECT_FALSE(reap({.id = id, .token = run})->reaped);
  advance(milliseconds(1));
  const auto answer = reap({.id = id, .token = run});
  ASSERT_TRUE(answer && answer->reaped && answer->open);
  EXPECT_EQ(answer->open->state, State::Due);
  EXPECT_EQ(answer->open->attempt, 1U);
  EXPECT_EQ(answer->open->failures, 0U) << "not a retry";
  EXPECT_EQ(answer->open->crashes, 0U);
  const auto second = start();
  const auto begun = claim(id, {}, second);
  ASSERT_TRUE(begun && begun->begun) << "due at once";
  EXPECT_EQ(begun->begun->firing.attempt, 2U) << "the attempt number rises all the same";
  EXPECT_FALSE(reap({.id = id, .token = run, .lease_ended = false})->reaped) << "another attempt";
  EXPECT_EQ(get(id.task)->status, Status::Running);
}

TEST_P(LeaseTest, Reap_OfARenewedLeaseIsRefused) {
  const auto run = token();
  const auto id = started(real(), run);
  advance(limits::kRunLease);
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now() + milliseconds(1)}));
  EXPECT_FALSE(reap({.id = id, .token = run})->reaped);
}

TEST_P(LeaseTest, Reap_OfARunThatNobodyHasNeedsNoEndedLease) {
  const auto run = token();
  const auto id = started(real(), run);
  EXPECT_FALSE(reap({.id = id, .token = RunToken{}, .lease_ended = false})->reaped) << "it runs: a token is needed";
  EXPECT_TRUE(reap({.id = id, .token = run, .lease_ended = false})->reaped);
  EXPECT_TRUE(line(id).attempts.empty()) << "it had not started: nothing to say";
}

TEST_P(LeaseTest, Reap_KeepsSuspicionCrashesAndEvidence) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now(), .started = true}));
  const auto answer =
      reap({.id = id, .token = run, .lease_ended = false, .mark_suspect = true, .count_crash = true, .evidence = "executor-1 crashed"});
  ASSERT_TRUE(answer && answer->open);
  EXPECT_TRUE(answer->open->suspect);
  EXPECT_EQ(answer->open->crashes, 1U);
  EXPECT_EQ(answer->open->failures, 0U);
  const auto row = line(id);
  ASSERT_EQ(row.attempts.size(), 1U);
  EXPECT_EQ(row.attempts[0].error, "executor-1 crashed");
  EXPECT_EQ(row.attempts[0].outcome, Outcome::None);
  EXPECT_EQ(row.attempts[0].executor, "executor-1");
  EXPECT_TRUE(claim(id, {}, start())->begun->firing.suspect);
  EXPECT_FALSE(line(id).firing->started) << "of the new attempt";
}

TEST_P(LeaseTest, Reap_EndsUnknownOrQuarantinedWithItsEvidence) {
  for (const auto& [to, outcome] : {std::pair(To::Unknown, Outcome::Unknown), std::pair(To::Quarantined, Outcome::Quarantined)}) {
    const auto run = token();
    const auto id = started(real(), run);
    const auto answer = reap({.id = id, .token = run, .lease_ended = false, .to = to, .count_crash = true, .evidence = "five crashes"});
    ASSERT_TRUE(answer && answer->reaped);
    EXPECT_FALSE(answer->open);
    const auto firing = line(id).firing;
    EXPECT_EQ(firing->state, State::Ended);
    EXPECT_EQ(firing->fate, Fate::Fired);
    EXPECT_EQ(firing->outcome, outcome);
    EXPECT_EQ(firing->error, "five crashes");
    EXPECT_EQ(firing->crashes, 1U);
    EXPECT_EQ(get(id.task)->status, Status::Fail);
    EXPECT_EQ(end(id, run)->verdict, Verdict::Stale);
  }
}

TEST_P(LeaseTest, Reap_TakesClaimedToDueAndSentToClaimed) {
  const auto id = created(real());
  EXPECT_FALSE(reap({.id = id, .lease_ended = false})->reaped) << "it is DUE";
  ASSERT_TRUE(claim(id)->claimed);
  EXPECT_FALSE(reap({.id = id})->reaped) << "its lease has not ended";
  advance(limits::kClaimLease);
  const auto due = reap({.id = id});
  ASSERT_TRUE(due && due->open);
  EXPECT_EQ(due->open->state, State::Due);
  EXPECT_EQ(due->open->attempt, 0U);

  ASSERT_TRUE(claim(id)->claimed);
  ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now() + limits::kRedelivery, .ids = {id}}));
  advance(limits::kRedelivery);
  EXPECT_FALSE(reap({.id = id, .to = To::Unknown})->reaped) << "nothing ran";
  const auto claimed = reap({.id = id});
  ASSERT_TRUE(claimed && claimed->open);
  EXPECT_EQ(claimed->open->state, State::Claimed);
  EXPECT_GT(claimed->open->score, now());
}

}  // namespace
}  // namespace meepo::test
