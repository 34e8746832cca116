// Executors and schedulers that go away: what is run again, when, and what is not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/world.h"

namespace meepo::test {
namespace {

using std::chrono::seconds;

std::size_t calls(const World& world, TaskId id) {
  return static_cast<std::size_t>(std::ranges::count_if(world.history, [id](const Call& call) { return call.id.task == id; }));
}

TEST(Lost, KilledExecutor_ItsRunGoesAgainAtLeaseEndElsewhere) {
  World world;
  world.start_executor("a");
  const auto created = world.create(real("slow"));
  ASSERT_TRUE(created);
  world.loop.advance(seconds(1));
  ASSERT_EQ(calls(world, created->id), 1U);
  world.start_executor("b");
  world.kill_executor("a");
  world.loop.advance(seconds(13));
  EXPECT_EQ(calls(world, created->id), 1U) << "before the lease has ended";
  world.loop.advance(seconds(15));
  ASSERT_EQ(calls(world, created->id), 2U);
  EXPECT_EQ(world.history.back().attempt, 2U);
  const auto view = world.get(created->id);
  EXPECT_EQ(view.status, Status::Done);
  EXPECT_EQ(view.latest->failures, 0U) << "a lost run does not count for retry";
}

TEST(Lost, AStoreThatIsAway_IsAskedOnceForEachLostRun) {
  World world;
  world.start_executor("a");
  const auto created = world.create(real("slow"));
  world.loop.advance(seconds(1));
  ASSERT_EQ(calls(world, created->id), 1U);
  world.kill_executor("a");
  bool away = true;
  int reaps = 0;
  world.faults->decide = [&](const ports::StoreRequest& request) {
    if (away) return FaultStore::Action::FailBefore;
    reaps += std::holds_alternative<ports::ReapRequest>(request) ? 1 : 0;
    return FaultStore::Action::Pass;
  };
  world.loop.advance(seconds(120));
  away = false;
  world.start_executor("b");
  world.loop.advance(seconds(30));
  EXPECT_EQ(calls(world, created->id), 2U);
  EXPECT_EQ(reaps, 1);
}

TEST(Lost, ACreateWhoseAnswerWasLost_RunsWhenAnExecutorComes) {
  World world;
  world.faults->decide = [](const ports::StoreRequest& request) {
    return std::holds_alternative<ports::CreateRequest>(request) ? FaultStore::Action::FailAfter : FaultStore::Action::Pass;
  };
  ASSERT_FALSE(world.create(real("echo"))) << "whether it was written is not known";
  world.faults->decide = nullptr;
  world.loop.advance(seconds(10));
  world.start_executor("a");
  world.loop.advance(seconds(10));
  ASSERT_EQ(world.history.size(), 1U);
}

TEST(Lost, OnLostUnknown_EndsUnknownWithAnAlert) {
  World world;
  world.start_executor("a");
  world.start_executor("b");
  TaskSpec spec = real("slow");
  spec.options.on_lost = OnLost::Unknown;
  const auto created = world.create(std::move(spec));
  world.loop.advance(seconds(6));
  ASSERT_EQ(calls(world, created->id), 1U);
  world.kill_executor(world.history.front().executor.substr(0, 1));
  world.loop.advance(seconds(60));
  EXPECT_EQ(calls(world, created->id), 1U);
  EXPECT_EQ(world.get(created->id).latest->outcome, Outcome::Unknown);
  EXPECT_EQ(world.alerter.counts["firing_unknown"], 1);
}

TEST(Lost, ATakingBackWhoseAnswerNeverComes_AlertsAllTheSame) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("slow");
  spec.options.on_lost = OnLost::Unknown;
  const auto created = world.create(std::move(spec));
  world.loop.advance(seconds(6));
  ASSERT_EQ(calls(world, created->id), 1U);
  world.faults->decide = [](const ports::StoreRequest& request) {
    return std::holds_alternative<ports::ReapRequest>(request) ? FaultStore::Action::FailAfter : FaultStore::Action::Pass;
  };
  world.kill_executor("a");
  world.loop.advance(seconds(60));
  EXPECT_EQ(world.alerter.counts["firing_unknown"], 0) << "it is still being asked for";
  world.stop_scheduler();
  EXPECT_EQ(world.alerter.counts["firing_unknown"], 1);
  EXPECT_TRUE(world.alerter.last.contains("perhaps")) << world.alerter.last;
}

TEST(Lost, CutConnection_TheRunGoesOnAndItsEndIsAccepted) {
  World world;
  world.start_executor("a");
  const auto created = world.create(real("slow"));
  world.loop.advance(seconds(9));
  world.cut_executor("a");
  world.loop.advance(seconds(20));
  EXPECT_EQ(calls(world, created->id), 1U);
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Lost, RunLostUnderWay_IsTakenBackAtOnceWhenItsExecutorDoesNotNameIt) {
  World world;
  world.start_executor("a");
  world.loop.advance(milliseconds(10));
  const auto created = world.create(real("echo"));
  world.cut_executor("a");  // the run is on the wire
  world.loop.advance(seconds(2));
  EXPECT_EQ(calls(world, created->id), 1U);
  EXPECT_EQ(world.history.front().attempt, 2U) << "the attempt that never arrived keeps its number";
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Lost, GracefulStopOfAnExecutor_WaitsForWhatRunsAndLosesNothing) {
  World world;
  world.start_executor("a", 4);
  std::vector<TaskId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(world.create(real("slow"))->id);
  world.loop.advance(seconds(1));
  world.start_executor("b", 16);
  world.stop_executor("a");
  world.loop.advance(seconds(15));
  for (const auto& id : ids) {
    EXPECT_EQ(calls(world, id), 1U);
    EXPECT_EQ(world.get(id).status, Status::Done);
  }
}

TEST(Lost, KilledScheduler_RunningAttemptsAreNotCalledAgain) {
  World world;
  world.start_executor("a");
  const auto created = world.create(real("slow"));
  const auto later = world.create(ladder("echo", "2,20"));
  world.loop.advance(seconds(1));
  world.kill_scheduler();
  world.loop.advance(seconds(12));  // the handler returns meanwhile
  world.start_scheduler();
  world.loop.advance(seconds(30));
  EXPECT_EQ(calls(world, created->id), 1U);
  EXPECT_EQ(world.get(created->id).status, Status::Done);
  EXPECT_EQ(calls(world, later->id), 2U);
}

TEST(Lost, ChainAndRetryOfARunThatOutlivesTheScheduler) {
  World world;
  world.start_executor("a");
  TaskSpec spec = real("slow");
  spec.next = {real("echo").target};
  const auto created = world.create(std::move(spec));
  world.loop.advance(seconds(1));
  world.stop_scheduler();
  world.start_scheduler();
  world.loop.advance(seconds(30));
  EXPECT_EQ(world.get(created->id).status, Status::Done);
  EXPECT_EQ(world.counts().tasks, 2U);
  EXPECT_EQ(world.history.size(), 2U);
  EXPECT_EQ(world.open_firings(), 0U);
}

TEST(Lost, PoisonTask_IsQuarantinedAfterFiveCrashesWhileOthersGoOn) {
  World world;
  const auto poison = world.create(real("crash"));
  std::vector<TaskId> others;
  for (int i = 0; i < 20; ++i) others.push_back(world.create(ladder("echo", "0,30,60"))->id);
  for (int round = 0; round < 60 && world.alerter.counts["firing_quarantined"] == 0; ++round) {
    world.start_executor("a");
    world.loop.advance(seconds(16));
  }
  const auto view = world.get(poison->id);
  EXPECT_EQ(view.latest->outcome, Outcome::Quarantined);
  EXPECT_EQ(view.status, Status::Fail);
  EXPECT_THAT(view.latest->error, testing::HasSubstr("quarantined"));
  EXPECT_GE(calls(world, poison->id), 5U);
  EXPECT_LE(calls(world, poison->id), 7U);
  world.start_executor("a");
  world.loop.advance(seconds(90));
  for (const auto& id : others) EXPECT_EQ(world.get(id).status, Status::Done);
}

TEST(Lost, ExecutorInsideARestartedProcess_ItsRunsComeBackAtOnce) {
  World world;
  world.start_executor("e", 16, "inside-");
  const auto created = world.create(real("slow"));
  world.loop.advance(seconds(1));
  ASSERT_EQ(calls(world, created->id), 1U);
  world.kill_executor("e");
  world.kill_scheduler();
  world.start_scheduler();
  world.start_executor("e", 16, "inside-");
  world.loop.advance(milliseconds(500));
  EXPECT_EQ(calls(world, created->id), 2U);
  world.loop.advance(seconds(12));
  EXPECT_EQ(world.get(created->id).status, Status::Done);
}

TEST(Lost, UnknownAndUnavailableStore_EveryTaskStillRunsOnce) {
  World world;
  world.start_executor("a");
  int seen = 0;
  world.faults->decide = [&](const ports::StoreRequest& request) {
    if (request.index() == ports::kPlaceOf<ports::CreateRequest>) return FaultStore::Action::Pass;
    ++seen;
    if (seen % 3 == 0) return FaultStore::Action::FailBefore;
    if (seen % 3 == 1) return FaultStore::Action::FailAfter;
    return FaultStore::Action::Pass;
  };
  std::vector<TaskId> ids;
  for (int i = 0; i < 30; ++i) {
    TaskSpec spec = i % 2 == 0 ? real("fail_first") : ladder("fail_first", "0,1");
    spec.options.retry = {.kind = RetryPolicy::Kind::Fixed, .max_retries = 1, .delay = milliseconds(50)};
    spec.next = {real("echo").target};
    ids.push_back(world.create(std::move(spec))->id);
  }
  world.loop.advance(seconds(120));
  world.faults->decide = nullptr;
  world.loop.advance(seconds(60));
  for (const auto& id : ids) EXPECT_EQ(world.get(id).status, Status::Done) << id.text();
  std::map<std::string, int> counts;
  for (const auto& call : world.history) ++counts[call.id.text() + "#" + std::to_string(call.attempt)];
  for (const auto& [call, count] : counts) EXPECT_EQ(count, 1) << call;
  EXPECT_EQ(world.counts().tasks, 30U + 15U + 30U);
  EXPECT_EQ(world.open_firings(), 0U);
}

}  // namespace
}  // namespace meepo::test
