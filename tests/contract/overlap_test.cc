// Overlap, max count, and ticks that are skipped: what the claim of a planned tick does while another firing is under way.

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
using std::chrono::seconds;

class OverlapTest : public StoreTest {
 protected:
  /// A PLAN whose first tick is due now; one tick a second.
  TaskPtr plan(Overlap overlap, std::uint32_t max_count = 0) {
    Task task = task_of(Kind::Plan, "* * * * * *");
    task.spec.options.zone = "UTC";
    task.spec.options.overlap = overlap;
    task.spec.options.max_count = max_count;
    first_ = now();
    return std::make_shared<const Task>(task);
  }
  DueTick tick(int second) const { return {.tick = Tick::at(first_ + seconds(second)), .due = first_ + seconds(second)}; }
  FiringId id(const TaskPtr& task, int second) const { return {.task = task->id, .tick = tick(second).tick}; }
  void created_plan(const TaskPtr& task) {
    CreateRequest::Item item{.task = task, .first = {.tick = tick(0)}};
    ASSERT_TRUE(create(std::move(item)));
  }
  /// Claims and begins tick `second` at its instant or later; the next one is armed.
  Result<ClaimRequest::ItemAnswer> begin(const TaskPtr& task, int second, const RunToken& token) {
    if (now() < tick(second).due) advance(tick(second).due - now());
    StartRun run = start();
    run.token = token;
    return claim(id(task, second), tick(second + 1), run);
  }
  State state_of(const FiringId& firing) { return line(firing).firing->state; }
  std::vector<LedgerRow> ranges(const TaskId& task) {
    auto rows = ledger(task);
    std::erase_if(rows, [](const LedgerRow& row) { return !row.range; });
    return rows;
  }

  SysTime first_;
};
INSTANTIATE_TEST_SUITE_P(Stores, OverlapTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(OverlapTest, Allow_RunsBeside) {
  const auto task = plan(Overlap::Allow);
  created_plan(task);
  ASSERT_TRUE(begin(task, 0, token())->begun);
  const auto second = begin(task, 1, token());
  ASSERT_TRUE(second && second->begun);
  EXPECT_FALSE(second->skipped);
}

TEST_P(OverlapTest, Skip_EndsTheTicksInOneRangeAndArmsTheNext) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  for (int second = 1; second <= 3; ++second) {
    const auto answer = begin(task, second, token());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->skipped);
    EXPECT_FALSE(answer->claimed);
  }
  const auto skipped = ranges(task->id);
  ASSERT_EQ(skipped.size(), 1U);
  EXPECT_EQ(*skipped[0].range, (TickRange{.first = tick(1).tick, .last = tick(3).tick, .count = 3}));
  EXPECT_EQ(skipped[0].range_reason, SkipReason::Overlap);
  EXPECT_EQ(skipped[0].range_at, now()) << "when the last of them was skipped";
  ASSERT_TRUE(end(id(task, 0), run));
  ASSERT_TRUE(begin(task, 4, token())->begun);
  EXPECT_EQ(begin(task, 5, token())->skipped, true);
  EXPECT_EQ(ranges(task->id).size(), 2U) << "a firing lies between";
}

TEST_P(OverlapTest, Skip_WhatWaitsForItsRetryIsUnderWay) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  ASSERT_TRUE(end({.id = id(task, 0), .token = run, .outcome = Outcome::Fail, .retry_at = now() + seconds(60)}));
  EXPECT_TRUE(begin(task, 1, token())->skipped);
}

TEST_P(OverlapTest, BufferAll_OneAfterTheOther) {
  const auto task = plan(Overlap::BufferAll);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  const auto held_up = begin(task, 1, token());
  ASSERT_TRUE(held_up);
  EXPECT_FALSE(held_up->claimed || held_up->skipped);
  EXPECT_EQ(state_of(id(task, 1)), State::Waiting);
  advance(seconds(90));
  const auto ended = end(id(task, 0), run);
  ASSERT_TRUE(ended && ended->next);
  EXPECT_EQ(ended->next->id, id(task, 1));
  EXPECT_EQ(ended->next->state, State::Due);
  EXPECT_EQ(ended->next->score, now()) << "its lateness counts from here";
  EXPECT_EQ(ended->next->due, tick(1).due);
  ASSERT_TRUE(ended->next->task);
  const auto second = token();
  ASSERT_TRUE(begin(task, 1, second)->begun);
  EXPECT_FALSE(begin(task, 2, token())->claimed);
  EXPECT_TRUE(end(id(task, 1), second)->next) << "the tick after it came due meanwhile too";
  EXPECT_TRUE(ranges(task->id).empty());
}

TEST_P(OverlapTest, BufferOne_WhatComesDueWhileOneWaitsIsSkipped) {
  const auto task = plan(Overlap::BufferOne);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  EXPECT_FALSE(begin(task, 1, token())->claimed);
  advance(seconds(5));
  ASSERT_TRUE(end(id(task, 0), run)->next);
  ASSERT_TRUE(begin(task, 1, token())->begun);
  for (int second = 2; second <= 5; ++second) EXPECT_TRUE(begin(task, second, token())->skipped) << second;
  EXPECT_FALSE(begin(task, 6, token())->skipped) << "came due when that one had begun: it waits";
  EXPECT_EQ(state_of(id(task, 6)), State::Waiting);
  ASSERT_EQ(ranges(task->id).size(), 1U);
  EXPECT_EQ(ranges(task->id)[0].range->count, 4U);
}

TEST_P(OverlapTest, CancelOther_AsksTheRunningOneOnceAndWaitsForItsEnd) {
  const auto task = plan(Overlap::CancelOther);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  const auto answer = begin(task, 1, token());
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->to_stop.size(), 1U);
  EXPECT_EQ(answer->to_stop[0].id, id(task, 0));
  EXPECT_EQ(answer->to_stop[0].run_token, run);
  EXPECT_EQ(renew({.id = id(task, 0), .token = run, .lease_until = now() + seconds(15)}), RenewAnswer::CancelAsked);
  const auto ended = end(id(task, 0), run, Outcome::Stopped);
  ASSERT_TRUE(ended && ended->next);
  EXPECT_TRUE(begin(task, 1, token())->begun);
}

TEST_P(OverlapTest, CancelOther_AFiringThatWaitsForItsRetryEndsAtOnce) {
  const auto task = plan(Overlap::CancelOther);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  ASSERT_TRUE(end({.id = id(task, 0), .token = run, .outcome = Outcome::Fail, .retry_at = now() + seconds(60)}));
  EXPECT_TRUE(begin(task, 1, token())->begun);
  EXPECT_EQ(line(id(task, 0)).firing->fate, Fate::Cancelled);
}

TEST_P(OverlapTest, RunsByHandAreHeldUpByNothing) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  ASSERT_TRUE(begin(task, 0, token())->begun);
  const auto by_hand = one(TriggerRequest{.shard = kShard, .fence = fence_, .now = now(), .items = {{.id = task->id}}});
  ASSERT_TRUE(by_hand);
  EXPECT_TRUE(claim(by_hand->id, {}, start())->begun);
}

TEST_P(OverlapTest, ALostRunLetsTheWaitingTickGo) {
  const auto task = plan(Overlap::BufferAll);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  EXPECT_FALSE(begin(task, 1, token())->claimed);
  advance(seconds(60));
  const auto reaped = reap({.id = id(task, 0), .token = run, .to = ReapRequest::Item::To::Unknown});
  ASSERT_TRUE(reaped && reaped->next);
  EXPECT_EQ(reaped->next->id, id(task, 1));
}

TEST_P(OverlapTest, MaxCount_SoManyPlannedTicksBeginAndRetriesDoNotCount) {
  const auto task = plan(Overlap::Skip, 2);
  created_plan(task);
  const auto first = token();
  ASSERT_TRUE(begin(task, 0, first)->begun);
  ASSERT_TRUE(begin(task, 1, token())->skipped) << "a skipped tick does not count";
  ASSERT_TRUE(end({.id = id(task, 0), .token = first, .outcome = Outcome::Fail, .retry_at = now()}));
  const auto retry = token();
  StartRun again = start();
  again.token = retry;
  ASSERT_TRUE(claim(id(task, 0), {}, again)->begun) << "a retry goes on";
  ASSERT_TRUE(end(id(task, 0), retry));
  const auto last = token();
  ASSERT_TRUE(begin(task, 2, last)->begun);
  EXPECT_FALSE(get(task->id)->planned) << "the last one arms none";
  ASSERT_TRUE(end(id(task, 2), last));
  EXPECT_EQ(get(task->id)->status, Status::Done);
}

TEST_P(OverlapTest, MaxCount_TheLastTickMayBeRetried) {
  const auto task = plan(Overlap::Skip, 1);
  created_plan(task);
  const auto run = token();
  ASSERT_TRUE(begin(task, 0, run)->begun);
  const auto ended = end({.id = id(task, 0), .token = run, .outcome = Outcome::Fail, .retry_at = now()});
  ASSERT_TRUE(ended && ended->retry);
  EXPECT_TRUE(claim(id(task, 0), {}, start())->begun);
}

TEST_P(OverlapTest, Skip_OfWaitingTicksArmsTheNextAndIsOneRow) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  const SkipItem item{.id = task->id,
                      .open = id(task, 0),
                      .range = {.first = tick(0).tick, .last = tick(3'599).tick, .count = 3'600},
                      .reason = SkipReason::Misfire,
                      .next = tick(3'600)};
  EXPECT_EQ(one(SkipRequest{.shard = kShard, .fence = fence_, .items = {item}}), true);
  EXPECT_EQ(one(SkipRequest{.shard = kShard, .fence = fence_, .items = {item}}), false) << "once";
  EXPECT_EQ(get(task->id)->planned->id.tick, tick(3'600).tick);
  EXPECT_EQ(ledger(task->id).size(), 2U);
}

TEST_P(OverlapTest, Resume_SkipsTheTicksOfThePauseInTheSameOperation) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  ASSERT_EQ(one(PauseRequest{.shard = kShard, .fence = fence_, .ids = {task->id}}), true);
  advance(seconds(10));
  const SkipItem skip{.id = task->id,
                      .open = id(task, 0),
                      .range = {.first = tick(0).tick, .last = tick(10).tick, .count = 11},
                      .reason = SkipReason::Paused,
                      .next = tick(11)};
  const auto due = one(ResumeRequest{.shard = kShard, .fence = fence_, .items = {{.id = task->id, .skip = skip}}});
  ASSERT_TRUE(due);
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().id, id(task, 11));
  ASSERT_EQ(ranges(task->id).size(), 1U);
  EXPECT_EQ(ranges(task->id)[0].range_reason, SkipReason::Paused);
  EXPECT_EQ(one(ResumeRequest{.shard = kShard, .fence = fence_, .items = {{.id = task->id, .skip = skip}}})->size(), 1U)
      << "a repeat skips nothing and answers the same";
  EXPECT_EQ(ranges(task->id).size(), 1U);
}

TEST_P(OverlapTest, Update_IsRefusedWhenAnotherTickIsArmedByNow) {
  const auto task = plan(Overlap::Skip);
  created_plan(task);
  Task changed = *task;
  changed.version = 2;
  changed.spec.define = "0 0 12 * * *";
  const Arm noon{.tick = {.tick = Tick::at(first_ + seconds(7'200)), .due = first_ + seconds(7'200)}};
  UpdateRequest::Item item{.task = std::make_shared<const Task>(changed), .expected_version = 1, .armed = tick(0).tick, .arm = noon};
  ASSERT_TRUE(begin(task, 0, token())->begun);
  EXPECT_EQ(one(UpdateRequest{.shard = kShard, .fence = fence_, .items = {item}}), false);
  EXPECT_EQ(get(task->id)->task->version, 1U) << "nothing was written";
  item.armed.reset();
  EXPECT_EQ(one(UpdateRequest{.shard = kShard, .fence = fence_, .items = {item}}), false) << "there is one";
  item.armed = tick(1).tick;
  EXPECT_EQ(one(UpdateRequest{.shard = kShard, .fence = fence_, .items = {item}}), true);
  EXPECT_EQ(get(task->id)->planned->id.tick, noon.tick.tick);
  EXPECT_EQ(one(UpdateRequest{.shard = kShard, .fence = fence_, .items = {item}}), true) << "the same again";
}

TEST_P(OverlapTest, Create_OfWhatIsOverIsRefusedUnlessItsRequestIsKnown) {
  Task task = task_of(Kind::Timing, "20200101000000");
  task.spec.options.request_id = "once";
  const auto shared = std::make_shared<const Task>(task);
  const DueTick due{.tick = Tick::at(now()), .due = now()};
  const Error over{.code = Code::InvalidArgument, .message = "over", .field = "define", .cause = {}};
  CreateRequest::Item refused{.task = shared, .content_hash = 9, .first = {.tick = due}, .refuse = over};
  const auto answer = create(refused);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "over");
  EXPECT_FALSE(get(task.id)) << "nothing was written";
  ASSERT_TRUE(create({.task = shared, .content_hash = 9, .first = {.tick = due}}));
  Task again = task_of(Kind::Timing, "20200101000000");
  again.spec.options.request_id = "once";
  const auto known = create({.task = std::make_shared<const Task>(again), .content_hash = 9, .first = {.tick = due}, .refuse = over});
  ASSERT_TRUE(known);
  EXPECT_EQ(known->id, task.id);
}

}  // namespace
}  // namespace meepo::test
