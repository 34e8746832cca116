#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class PauseTest : public StoreTest {
 protected:
  Result<bool> pause(const TaskId& id) { return one(PauseRequest{.shard = kShard, .fence = fence_, .ids = {id}}); }
  Result<std::vector<OpenFiring>> resume(const TaskId& id) {
    return one(ResumeRequest{.shard = kShard, .fence = fence_, .items = {{.id = id, .skip = {}}}});
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, PauseTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(PauseTest, Pause_MakesPlannedFiringsWaitAndResumeMakesThemDue) {
  const auto due = created(ladder("0,5"));
  const auto parked = created_waiting(ladder("0,5"));
  const auto claimed = created(ladder("0,5"));
  ASSERT_TRUE(claim(claimed)->claimed);
  for (const auto& id : {due, parked, claimed}) {
    EXPECT_TRUE(*pause(id.task));
    EXPECT_FALSE(*pause(id.task)) << "paused already";
    EXPECT_TRUE(get(id.task)->paused);
    EXPECT_EQ(get(id.task)->armed->wait_reason, WaitReason::Paused);
  }
  EXPECT_TRUE(open(State::Due).empty());
  EXPECT_TRUE(open(State::Claimed).empty());
  const auto begin = one(BeginRequest{.shard = kShard, .items = {{.id = claimed, .start = start()}}});
  EXPECT_TRUE(std::holds_alternative<BeginRequest::Later>(*begin));
  const auto key = target_key(real()->spec.target);
  EXPECT_TRUE(ask(UnparkRequest{.shard = kShard, .fence = fence_, .target_key = key})->firings.empty());

  for (const auto& id : {due, parked, claimed}) {
    const auto firings = resume(id.task);
    ASSERT_TRUE(firings);
    ASSERT_EQ(firings->size(), 1U);
    EXPECT_EQ((*firings)[0].id, id);
    EXPECT_EQ((*firings)[0].state, State::Due);
    ASSERT_NE((*firings)[0].task, nullptr);
    EXPECT_FALSE(get(id.task)->paused);
    EXPECT_EQ(resume(id.task)->size(), 1U) << "repeated";
  }
  EXPECT_EQ(open(State::Due).size(), 3U);
}

TEST_P(PauseTest, Pause_LetsARunningAttemptAndItsRetriesGoOn) {
  const auto task = ladder("0,5");
  const auto run = token();
  const auto id = started(task, run);
  ASSERT_TRUE(*pause(task->id));
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .retry_at = now()}));
  EXPECT_TRUE(claim(id, {}, start())->begun);
  EXPECT_FALSE(claim({.task = task->id, .tick = Tick::rung(1)})->claimed);
}

TEST_P(PauseTest, Claim_OfAPausedTasksRetryArmsTheNextTickWaiting) {
  const auto task = ladder("0,5");
  const auto id = created(task);
  const auto run = start();
  ASSERT_TRUE(claim(id, {}, run)->begun);
  ASSERT_TRUE(*pause(task->id));
  ASSERT_TRUE(end({.id = id, .token = run.token, .outcome = Outcome::Fail, .retry_at = now()}));
  ASSERT_TRUE(claim(id, next_tick(*task, id.tick))->claimed);
  const auto waiting = open(State::Waiting);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].wait_reason, WaitReason::Paused);
}

TEST_P(PauseTest, Pause_OfWhatIsNotThereOrEnded) {
  EXPECT_EQ(pause(TaskId::make(kShard, now(), 1)).error().code, Code::NotFound);
  EXPECT_EQ(resume(TaskId::make(kShard, now(), 1)).error().code, Code::NotFound);
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end(id, run));
  EXPECT_EQ(pause(id.task).error().code, Code::Conflict);
  EXPECT_TRUE(resume(id.task)->empty());
}

TEST_P(PauseTest, Cancel_OfAPausedTaskEndsIt) {
  const auto id = created(real());
  ASSERT_TRUE(*pause(id.task));
  ASSERT_TRUE(cancel(id.task)->cancelled);
  EXPECT_TRUE(resume(id.task)->empty());
  EXPECT_EQ(get(id.task)->status, Status::Cancel);
}

}  // namespace
}  // namespace meepo::test
