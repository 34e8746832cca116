#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(ClaimTest);

TEST_P(ClaimTest, Claim_TakesADueFiringUnderItsLease) {
  const auto id = created(real());
  const auto answer = claim(id);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->claimed);
  EXPECT_FALSE(answer->begun);
  const auto claimed = open(State::Claimed);
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].score, now() + limits::kClaimLease);
  EXPECT_EQ(get(id.task)->status, Status::Schedule);
}

TEST_P(ClaimTest, Claim_LeavesWhatIsNotDueYet) {
  const auto id = created(ladder("5"));
  EXPECT_FALSE(claim(id)->claimed);
  advance(milliseconds(4'999));
  EXPECT_FALSE(claim(id)->claimed);
  advance(milliseconds(1));
  EXPECT_TRUE(claim(id)->claimed);
}

TEST_P(ClaimTest, Claim_ByAClockThatIsAheadOfTheStoresIsToldToAskAgain) {
  const auto id = created(ladder("1"));
  const SysTime due = line(id).firing->due;
  const ClaimRequest early{.shard = kShard, .fence = fence_, .lease_until = due + limits::kClaimLease, .now = due, .items = {{.id = id}}};
  const auto answer = one(early);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->claimed);
  ASSERT_TRUE(answer->not_yet);
  EXPECT_EQ(answer->not_yet->id, id);
  EXPECT_EQ(answer->not_yet->score, due);
  advance(due - now());
  EXPECT_TRUE(one(early)->claimed);
}

class ClaimAheadTest : public StoreTest {
 protected:
  static constexpr milliseconds kAhead{200};
  Result<ClaimRequest::ItemAnswer> claim_ahead(const FiringId& id, const StartRun& run, std::optional<DueTick> next = {}) {
    ClaimRequest request{.shard = kShard, .fence = fence_, .lease_until = {}, .now = now(), .ahead = kAhead, .items = {}};
    request.items.push_back({.id = id, .next = std::move(next), .start = run, .known = {}});
    return one(std::move(request));
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ClaimAheadTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ClaimAheadTest, BeginsAtTheDueInstantAndArmsTheNextTick) {
  const auto task = ladder("5,7");
  const auto id = created(task);
  const SysTime due = line(id).firing->due;
  advance(milliseconds(5'000) - kAhead - milliseconds(1));
  const auto run = start();
  EXPECT_FALSE(claim_ahead(id, run)->begun) << "a millisecond too early";
  ClaimRequest fast{.shard = kShard, .fence = fence_, .lease_until = {}, .now = now() + milliseconds(1), .ahead = kAhead, .items = {}};
  fast.items.push_back({.id = id, .next = {}, .start = run, .known = {}});
  EXPECT_TRUE(one(std::move(fast))->not_yet) << "by the caller's clock, not by the store's";
  advance(milliseconds(1));
  const auto answer = claim_ahead(id, run, next_tick(*task, id.tick));
  ASSERT_TRUE(answer && answer->begun);
  EXPECT_EQ(answer->begun->firing.begun_at, due);
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(claim_ahead(id, run)->begun->firing.begun_at, due) << "a repeat";
}

TEST_P(ClaimAheadTest, WhileAnotherIsUnderWayOverlapIsDecidedWhenItIsDue) {
  const auto task = ladder("0,1", true);
  const auto run = token();
  const auto first = started(task, run);
  const FiringId second{.task = task->id, .tick = Tick::rung(1)};
  advance(milliseconds(900));
  const auto early = claim_ahead(second, start());
  ASSERT_TRUE(early && early->not_yet);
  EXPECT_EQ(early->not_yet->id, second);
  EXPECT_EQ(open(State::Due).size(), 1U) << "nothing was decided";
  advance(milliseconds(50));
  ASSERT_TRUE(end(first, run, Outcome::Fail));
  EXPECT_TRUE(claim_ahead(second, start())->begun) << "nothing else is under way any more";
}

TEST_P(ClaimAheadTest, CancelledBeforeItIsSentItEndsCancelled) {
  const auto id = created(ladder("1"));
  advance(milliseconds(900));
  const auto run = start();
  ASSERT_TRUE(claim_ahead(id, run)->begun);
  ASSERT_TRUE(cancel(id.task));
  const auto answer = reap({.id = id, .token = run.token, .lease_ended = false});
  ASSERT_TRUE(answer && answer->reaped);
  EXPECT_EQ(line(id).firing->fate, Fate::Cancelled);
  EXPECT_FALSE(line(id).firing->begun_at) << "it never began";
  EXPECT_EQ(get(id.task)->status, Status::Cancel);
}

TEST_P(ClaimTest, Claim_OfWhatIsNotThereOrEndedSaysForgetIt) {
  EXPECT_FALSE(claim({.task = TaskId::make(kShard, now(), 9), .tick = Tick::real()})->claimed);
  const auto run = token();
  const auto id = started(real(), run);
  EXPECT_FALSE(claim(id)->claimed) << "it runs";
  ASSERT_TRUE(end(id, run));
  EXPECT_FALSE(claim(id)->claimed);
  EXPECT_FALSE(claim(created_waiting(real()))->claimed);
}

TEST_P(ClaimTest, Claim_RepeatedAnswersAsTheFirstTime) {
  const auto id = created(real());
  ASSERT_TRUE(claim(id)->claimed);
  advance(milliseconds(5));
  EXPECT_TRUE(claim(id)->claimed);
  EXPECT_EQ(open(State::Claimed).size(), 1U);
}

TEST_P(ClaimTest, Claim_WithStartBeginsAndReturnsTheRun) {
  const auto task = real();
  const auto id = created(task);
  const auto run = start("executor-2");
  const auto first = claim(id, {}, run);
  ASSERT_TRUE(first && first->begun);
  EXPECT_EQ(first->begun->firing.id, id);
  EXPECT_EQ(first->begun->firing.state, State::Running);
  EXPECT_EQ(first->begun->firing.attempt, 1U);
  EXPECT_EQ(first->begun->firing.run_token, run.token);
  EXPECT_EQ(first->begun->firing.executor, "executor-2");
  EXPECT_EQ(first->begun->firing.begun_at, now());
  EXPECT_EQ(*first->begun->task, *task);

  const auto again = claim(id, {}, run);
  ASSERT_TRUE(again && again->begun);
  EXPECT_EQ(again->begun->firing, first->begun->firing);
  EXPECT_FALSE(claim(id, {}, start("executor-3"))->claimed) << "it runs under another token";
}

TEST_P(ClaimTest, Claim_WithStartGoesOnFromClaimed) {
  const auto id = created(real());
  ASSERT_TRUE(claim(id)->claimed);
  const auto answer = claim(id, {}, start());
  ASSERT_TRUE(answer && answer->begun);
  EXPECT_EQ(answer->begun->firing.attempt, 1U);
}

TEST_P(ClaimTest, Claim_ArmsTheNextTickOnceHoweverOftenItIsClaimed) {
  const auto task = ladder("0,5,9");
  const auto id = created(task);
  const auto next = next_tick(*task, id.tick);
  ASSERT_TRUE(claim(id, next)->claimed);
  ASSERT_TRUE(claim(id, next)->claimed);
  auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id.tick, Tick::rung(1));

  // The second rung is over before the first goes again: it must not come back.
  advance(std::chrono::seconds(5));
  const auto second = token();
  ASSERT_TRUE(claim(due[0].id, {}, StartRun{.token = second, .executor = "e", .lease_until = now() + limits::kRunLease})->begun);
  ASSERT_TRUE(end(due[0].id, second));
  ASSERT_TRUE(take_over(fence_));
  ASSERT_TRUE(claim(id, next)->claimed);
  EXPECT_TRUE(open(State::Due).empty());
  EXPECT_EQ(ledger(task->id).size(), 2U);
}

TEST_P(ClaimTest, Claim_OfABatchAnswersInOrder) {
  const auto first = created(real());
  const auto second = created(real());
  const FiringId missing{.task = TaskId::make(kShard, now(), 3), .tick = Tick::real()};
  const auto answer = ask(ClaimRequest{.shard = kShard,
                                       .fence = fence_,
                                       .lease_until = now() + limits::kClaimLease,
                                       .now = now(),
                                       .items = {{.id = second}, {.id = missing}, {.id = first}}});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 3U);
  EXPECT_TRUE((*answer)[0]->claimed);
  EXPECT_FALSE((*answer)[1]->claimed);
  EXPECT_TRUE((*answer)[2]->claimed);
}

TEST_P(ClaimTest, Mark_MovesClaimedToSent) {
  const auto id = created(real());
  const auto mark = [&] {
    return one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now() + limits::kRedelivery, .ids = {id}});
  };
  EXPECT_FALSE(*mark()) << "it is DUE";
  ASSERT_TRUE(claim(id)->claimed);
  EXPECT_TRUE(*mark());
  EXPECT_TRUE(*mark());
  const auto sent = open(State::Sent);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].score, now() + limits::kRedelivery);
}

TEST_P(ClaimTest, Begin_RunsAClaimedOrSentFiring) {
  for (const bool sent : {false, true}) {
    const auto task = real();
    const auto id = created(task);
    ASSERT_TRUE(claim(id)->claimed);
    if (sent) {
      ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now(), .ids = {id}}));
    }
    const auto run = start();
    const auto answer = one(BeginRequest{.shard = kShard, .items = {{.id = id, .start = run}}});
    ASSERT_TRUE(answer);
    const auto* begun = std::get_if<BegunRun>(&*answer);
    ASSERT_NE(begun, nullptr);
    EXPECT_EQ(begun->firing.attempt, 1U);
    EXPECT_EQ(*begun->task, *task);
    const auto again = one(BeginRequest{.shard = kShard, .items = {{.id = id, .start = run}}});
    ASSERT_TRUE(std::holds_alternative<BegunRun>(*again));
    EXPECT_EQ(std::get<BegunRun>(*again).firing.attempt, 1U);
    const auto other = one(BeginRequest{.shard = kShard, .items = {{.id = id, .start = start()}}});
    EXPECT_TRUE(std::holds_alternative<BeginRequest::Drop>(*other));
  }
}

TEST_P(ClaimTest, Begin_SaysDropOrLaterForAllOtherStates) {
  const auto begin = [&](const FiringId& id) { return *one(BeginRequest{.shard = kShard, .items = {{.id = id, .start = start()}}}); };
  EXPECT_TRUE(std::holds_alternative<BeginRequest::Drop>(begin({.task = TaskId::make(kShard, now(), 4), .tick = Tick::real()})));
  const auto due = created(ladder("30"));
  const auto later = begin(due);
  ASSERT_TRUE(std::holds_alternative<BeginRequest::Later>(later));
  EXPECT_EQ(std::get<BeginRequest::Later>(later).when, now() + std::chrono::seconds(30));
  const auto waits = begin(created_waiting(real()));
  ASSERT_TRUE(std::holds_alternative<BeginRequest::Later>(waits));
  EXPECT_GT(std::get<BeginRequest::Later>(waits).when, now());
  const auto cancelled = created(real());
  ASSERT_TRUE(claim(cancelled)->claimed);
  ASSERT_TRUE(cancel(cancelled.task)->cancelled);
  const auto dropped = begin(cancelled);
  ASSERT_TRUE(std::holds_alternative<BeginRequest::Drop>(dropped));
  EXPECT_EQ(std::get<BeginRequest::Drop>(dropped).reason, "cancelled");
}

}  // namespace
}  // namespace meepo::test
