// What the scheduler and executor shells do together, one behaviour a test, on virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/world.h"
#include "task/after_end.h"

namespace meepo::test {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> calls_of(const History& history, TaskId id) {
  std::vector<std::string> calls;
  for (const auto& call : history) {
    if (call.id.task == id) calls.push_back(call.id.tick.text() + "#" + std::to_string(call.attempt));
  }
  return calls;
}

TEST(Scheduler, Real_RunsAtOnceAndEndsDone) {
  World world;
  world.start_executor("a");
  world.loop.advance(milliseconds(10));
  const auto created = world.create(real("echo", "9007199254740993, 0.10"));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_TRUE(created->warnings.empty());
  world.loop.advance(milliseconds(20));
  const auto view = world.get(created->id);
  EXPECT_EQ(view.status, Status::Done);
  ASSERT_TRUE(view.latest);
  EXPECT_EQ(view.latest->result->data, "[9007199254740993, 0.10]");
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("0#1"));
}

TEST(Scheduler, Real_WithAFreeCreditCostsTwoStoreOperations) {
  World world;
  world.start_executor("a");
  world.loop.advance(milliseconds(10));
  std::vector<std::size_t> verbs;
  world.faults->decide = [&](const ports::StoreRequest& request) {
    verbs.push_back(request.index());
    return FaultStore::Action::Pass;
  };
  ASSERT_TRUE(world.create(real("echo")));
  world.loop.advance(milliseconds(20));
  EXPECT_THAT(verbs, ElementsAre(ports::kPlaceOf<ports::CreateRequest>, ports::kPlaceOf<ports::EndRequest>));
}

TEST(Scheduler, Ladder_FiresEachRungAtItsOffsetNeverEarly) {
  World world;
  world.start_executor("a");
  world.loop.advance(milliseconds(10));
  const SysTime at = world.loop.system_now();
  const auto created = world.create(ladder("echo", "3,0,1,1,45"));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(60));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r1#1", "r2#1", "r3#1", "r0#1", "r4#1"));
  const std::vector<seconds> offsets = {seconds(0), seconds(1), seconds(1), seconds(3), seconds(45)};
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    EXPECT_GE(world.history[i].at, world.history[i].due) << i;
    EXPECT_LE(world.history[i].at - (at + offsets[i]), milliseconds(10)) << i;
    EXPECT_GE(world.history[i].due, at + offsets[i] - milliseconds(1)) << i << ": a node's idea of the store's time may lag";
  }
  EXPECT_EQ(world.get(created->id).status, Status::Done);
  EXPECT_EQ(world.ledger(created->id).size(), 5U);
}

TEST(Scheduler, RunOnce_SkipsEveryRungAfterTheFirstSuccess) {
  World world;
  world.start_executor("a");
  TaskSpec spec = ladder("fail_first", "0,1,2,3");
  spec.options.run_once = true;
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(10));
  // Every rung's first attempt fails and there is no retry: all four run.
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1", "r1#1", "r2#1", "r3#1"));

  TaskSpec once = ladder("echo", "0,1,2,3");
  once.options.run_once = true;
  const auto second = world.create(std::move(once));
  ASSERT_TRUE(second);
  world.loop.advance(seconds(10));
  EXPECT_THAT(calls_of(world.history, second->id), ElementsAre("r0#1"));
  EXPECT_EQ(world.get(second->id).status, Status::Done);
  std::uint64_t skipped = 0;
  for (const auto& row : world.ledger(second->id)) {
    if (row.firing && row.firing->skip_reason == SkipReason::RunOnce) ++skipped;
    if (row.range && row.range_reason == SkipReason::RunOnce) skipped += row.range->count;
  }
  EXPECT_EQ(skipped, 3U);
}

TEST(Scheduler, RunOnce_ALaterRungWaitsForTheOneThatRuns) {
  World world;
  world.start_executor("a");
  TaskSpec spec = ladder("slow", "0,1,2");  // each call takes 10 s
  spec.options.run_once = true;
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(5));
  const auto view = world.get(created->id);
  ASSERT_TRUE(view.armed);
  EXPECT_EQ(view.armed->wait_reason, WaitReason::Overlap);
  world.loop.advance(seconds(60));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1"));
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Scheduler, RunOnce_TheRungThatWaitedBeginsWhenTheOneBeforeHasFailed) {
  World world;
  world.start_executor("a");
  TaskSpec spec = ladder("stuck", "0,1,2");
  spec.options.run_once = true;
  spec.options.timeout = seconds(10);
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(milliseconds(10'100));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1", "r1#1"));
  world.loop.advance(seconds(30));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1", "r1#1", "r2#1"));
  EXPECT_EQ(world.get(created->id).status, Status::Fail);
}

TEST(Scheduler, Retry_ComesAfterItsDelayWithTheSameFiringAndAHigherAttempt) {
  World world;
  world.start_executor("a");
  world.loop.advance(milliseconds(10));
  TaskSpec spec = real("fail_first");
  spec.options.retry = {.kind = RetryPolicy::Kind::Fixed, .max_retries = 3, .delay = milliseconds(2'000)};
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(milliseconds(1'900));
  EXPECT_EQ(world.get(created->id).status, Status::Running);
  world.loop.advance(milliseconds(200));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("0#1", "0#2"));
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Scheduler, Retry_EndsFailWhenThePolicyIsUsedUp) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("fail");
  spec.options.retry = {.kind = RetryPolicy::Kind::Ladder, .ladder = {milliseconds(100), milliseconds(200)}};
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(5));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("0#1", "0#2", "0#3"));
  const auto view = world.get(created->id);
  EXPECT_EQ(view.status, Status::Fail);
  EXPECT_EQ(view.latest->failures, 3U);
  EXPECT_EQ(view.latest->error, "asked to");
}

TEST(Scheduler, Timeout_EndsTheAttemptAndTheRetryGoesOn) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("stuck");
  spec.options.timeout = milliseconds(500);
  spec.options.retry = {.kind = RetryPolicy::Kind::Fixed, .max_retries = 1, .delay = milliseconds(100)};
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(5));
  const auto view = world.get(created->id);
  EXPECT_EQ(view.status, Status::Fail);
  EXPECT_EQ(view.latest->outcome, Outcome::Timeout);
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("0#1", "0#2"));
}

TEST(Scheduler, Chain_CreatesTheNextTaskOncePerSuccessfulFiring) {
  World world;
  world.start_executor("a");
  TaskSpec spec = ladder("echo", "0,1");
  spec.next = {real("echo", "2").target, real("echo", "3").target};
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(5));
  std::set<TaskId> tasks;
  for (const auto& call : world.history) tasks.insert(call.id.task);
  EXPECT_EQ(tasks.size(), 5U);  // the ladder, and two in a row for each of its two firings
  EXPECT_EQ(world.history.size(), 6U);
  EXPECT_EQ(world.counts().tasks, 5U);
  EXPECT_EQ(world.open_firings(), 0U);
}

TEST(Scheduler, NobodyServes_WaitsWithAWarningUntilAnExecutorComes) {
  World world;
  const auto created = world.create(real("echo"));
  ASSERT_TRUE(created);
  ASSERT_EQ(created->warnings.size(), 1U);
  EXPECT_THAT(created->warnings[0], HasSubstr("no executor serves sim.Target"));
  world.loop.advance(seconds(60));
  const auto waiting = world.get(created->id);
  EXPECT_EQ(waiting.status, Status::Schedule);
  EXPECT_EQ(waiting.armed->wait_reason, WaitReason::NoExecutor);
  world.start_executor("late");
  world.loop.advance(milliseconds(50));
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Scheduler, DueRungsOfATargetThatNobodyServesAreParkedAndComeBack) {
  World world;
  const auto created = world.create(ladder("echo", "1,2"));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(5));
  const auto counts = world.counts();
  for (const auto& [state, count] : counts.by_state) {
    if (state == State::Due) {
      EXPECT_EQ(count, 0U);
    }
  }
  world.start_executor("late");
  world.loop.advance(seconds(5));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1", "r1#1"));
}

TEST(Scheduler, CancelOfARunningAttemptIsAskedAcknowledgedAndStopped) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("slow");
  spec.options.retry = {.kind = RetryPolicy::Kind::Fixed, .max_retries = 3, .delay = milliseconds(100)};
  const auto created = world.create(std::move(spec));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(1));
  const auto cancelled = world.cancel(created->id);
  EXPECT_TRUE(cancelled.cancelled);
  ASSERT_EQ(cancelled.running.size(), 1U);
  EXPECT_TRUE(world.get(created->id).latest->cancel_asked_at);
  world.loop.advance(seconds(1));
  const auto view = world.get(created->id);
  EXPECT_EQ(view.status, Status::Cancel);
  EXPECT_EQ(view.latest->outcome, Outcome::Stopped);
  EXPECT_TRUE(view.latest->cancel_acknowledged_at);
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("0#1"));
}

TEST(Scheduler, CancelledLadder_StartsNoFurtherRung) {
  World world;
  world.start_executor("a");
  const auto created = world.create(ladder("echo", "0,2,4"));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(1));
  EXPECT_TRUE(world.cancel(created->id).cancelled);
  EXPECT_TRUE(world.cancel(created->id).cancelled) << "a repeat answers as the first";
  world.loop.advance(seconds(10));
  EXPECT_THAT(calls_of(world.history, created->id), ElementsAre("r0#1"));
  EXPECT_EQ(world.open_firings(), 0U);
}

TEST(Scheduler, Backlog_EveryTaskRunsOnceInOrderOfPriority) {
  World world;
  std::vector<TaskId> ids;
  for (int i = 0; i < 3'000; ++i) {
    TaskSpec spec = real("echo", std::to_string(i));
    spec.options.priority = i % 10;
    ids.push_back(world.create(std::move(spec))->id);
  }
  world.start_executor("a", 16);
  world.loop.advance(seconds(30));
  EXPECT_EQ(world.history.size(), 3'000U);
  std::set<FiringId> distinct;
  for (const auto& call : world.history) distinct.insert(call.id);
  EXPECT_EQ(distinct.size(), 3'000U);
  EXPECT_EQ(world.open_firings(), 0U);
}

TEST(Scheduler, ReadyFirings_GoByPriorityThenDue) {
  World world;
  world.start_executor("a", 1);
  world.loop.advance(milliseconds(10));
  ASSERT_TRUE(world.create(real("slow", "77")));
  std::vector<int> priorities = {3, 9, 0, 5, 9};
  for (const int priority : priorities) {
    TaskSpec spec = real("echo", std::to_string(priority));
    spec.options.priority = priority;
    ASSERT_TRUE(world.create(std::move(spec)));
  }
  world.loop.advance(seconds(20));
  std::vector<std::string> order;
  for (const auto& call : world.history) order.push_back(call.arguments);
  EXPECT_THAT(order, ElementsAre("[77]", "[9]", "[9]", "[5]", "[3]", "[0]"));
}

TEST(Scheduler, Create_OneOverTheLimitIsExhaustedAndTheOthersAreWritten) {
  World world;
  std::vector<scheduler::CheckedSpec> specs;
  for (std::size_t i = 0; i < limits::kCreatesWaitingMax + 1; ++i) specs.push_back(scheduler::check(real("echo"), "UTC").value());
  std::vector<Result<scheduler::Created>> answers;
  EXPECT_TRUE(world.scheduler().admit_creates(1));
  world.scheduler().create(std::move(specs), [&](std::vector<Result<scheduler::Created>> all) { answers = std::move(all); });
  const auto admitted = world.scheduler().admit_creates(1'000);
  ASSERT_FALSE(admitted) << "while so many wait";
  EXPECT_EQ(admitted.error().code, Code::Exhausted);
  world.loop.run();
  EXPECT_TRUE(world.scheduler().admit_creates(1)) << "when they are written";
  EXPECT_EQ(world.scheduler().figures().creates_refused, 1'001U);
  ASSERT_EQ(answers.size(), limits::kCreatesWaitingMax + 1);
  ASSERT_FALSE(answers.back());
  EXPECT_EQ(answers.back().error().code, Code::Exhausted);
  EXPECT_EQ(world.counts().tasks, limits::kCreatesWaitingMax);
}

TEST(Scheduler, RequestId_RepeatedAnswersTheFirstTask) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("echo");
  spec.options.request_id = "order-1";
  const auto first = world.create(spec);
  world.loop.advance(seconds(1));
  const auto again = world.create(spec);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  EXPECT_TRUE(again->existed);
  spec.app_id = "sim";
  spec.target = real("fail").target;
  const auto other = world.create(spec);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::Conflict);
  world.loop.advance(seconds(1));
  EXPECT_EQ(world.history.size(), 1U);
}

TEST(Scheduler, UnknownZone_IsRefusedByName) {
  TaskSpec spec = real("echo");
  spec.options.zone = "Mars/Olympus";
  const auto checked = scheduler::check(std::move(spec), "UTC");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field, "zone");
}

TEST(Scheduler, Stopped_RefusesCreatesAndWritesNothing) {
  World world;
  bool stopped = false;
  world.scheduler().stop([&] { stopped = true; });
  const auto created = world.create(real("echo"));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Code::Unavailable);
  world.loop.advance(milliseconds(10));
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace meepo::test
