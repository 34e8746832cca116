#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(FenceTest);

TEST_P(FenceTest, EverySchedulerVerb_IsRefusedUnderALowerFenceAndWritesNothing) {
  const auto run = token();
  const auto running = started(real(), run);
  const auto due = created(ladder("0,1"));
  const auto claimed = created(real());
  ASSERT_TRUE(claim(claimed)->claimed);
  ASSERT_TRUE(take_over(Fence::make(1, 6)));
  ASSERT_TRUE(claim(claimed)->claimed);
  const Fence old = Fence::make(1, 5);
  const auto now_before = ledger(due.task);

  const auto code = [](const auto& answer) { return answer ? Code::Internal : answer.error().code; };
  const auto task = real();
  auto updated = task_of(Kind::Ladder, "0,2");
  updated.id = due.task;
  updated.version = 2;
  EXPECT_EQ(code(ask(CreateRequest{.shard = kShard, .fence = old, .items = {item_of(task)}})), Code::Fenced);
  EXPECT_EQ(code(ask(UpdateRequest{
                .shard = kShard, .fence = old, .items = {{.task = std::make_shared<Task>(updated), .expected_version = 1, .arm = {}}}})),
            Code::Fenced);
  EXPECT_EQ(code(ask(ClaimRequest{.shard = kShard, .fence = old, .lease_until = now(), .now = now(), .items = {{.id = due}}})),
            Code::Fenced);
  EXPECT_EQ(code(ask(ParkRequest{.shard = kShard, .fence = old, .items = {{.id = due}}})), Code::Fenced);
  EXPECT_EQ(code(ask(UnparkRequest{.shard = kShard, .fence = old, .target_key = "x"})), Code::Fenced);
  EXPECT_EQ(code(ask(MarkRequest{.shard = kShard, .fence = old, .redelivery_at = now(), .ids = {claimed}})), Code::Fenced);
  EXPECT_EQ(
      code(ask(ReapRequest{.shard = kShard, .fence = old, .now = now(), .items = {{.id = running, .token = run, .lease_ended = false}}})),
      Code::Fenced);
  EXPECT_EQ(code(ask(CancelRequest{.shard = kShard, .fence = old, .ids = {due.task}})), Code::Fenced);
  EXPECT_EQ(code(ask(PauseRequest{.shard = kShard, .fence = old, .ids = {due.task}})), Code::Fenced);
  EXPECT_EQ(code(ask(ResumeRequest{.shard = kShard, .fence = old, .items = {{.id = due.task, .skip = {}}}})), Code::Fenced);
  EXPECT_EQ(code(ask(TriggerRequest{.shard = kShard, .fence = old, .now = now(), .items = {{.id = due.task}}})), Code::Fenced);
  EXPECT_EQ(code(ask(SkipRequest{.shard = kShard, .fence = old, .items = {{.id = due.task, .open = due}}})), Code::Fenced);
  EXPECT_EQ(code(ask(PurgeRequest{.shard = kShard, .fence = old, .tasks_ended_before = now(), .rows_ended_before = now()})), Code::Fenced);
  EXPECT_EQ(code(ask(TakeOverRequest{.shard = kShard, .fence = old})), Code::Fenced);
  EXPECT_EQ(code(ask(ChangesRequest{.shard = kShard, .fence = old})), Code::Fenced);
  EXPECT_EQ(code(ask(EndRequest{.shard = kShard, .fence = old, .items = {{.id = running, .token = run}}})), Code::Fenced);

  EXPECT_EQ(get(task->id).error().code, Code::NotFound);
  EXPECT_EQ(ledger(due.task)[0].firing, now_before[0].firing);
  EXPECT_EQ(get(running.task)->status, Status::Running);
  EXPECT_EQ(open(State::Claimed).size(), 1U);
}

TEST_P(FenceTest, ExecutorVerbs_NeedNoFence) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(take_over(Fence::make(2, 0)));
  EXPECT_EQ(*renew({.id = id, .token = run, .lease_until = now() + limits::kRunLease}), RenewAnswer::Ok);
  EXPECT_EQ(end({.id = id, .token = run}, false)->verdict, Verdict::Accepted);
}

TEST_P(FenceTest, TakeOver_RequeuesClaimedAndLeavesRunningAlone) {
  const auto run = token();
  const auto running = started(real(), run);
  const auto claimed = created(real());
  ASSERT_TRUE(claim(claimed)->claimed);
  const auto sent = created(real());
  ASSERT_TRUE(claim(sent)->claimed);
  ASSERT_TRUE(*one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now() + limits::kRedelivery, .ids = {sent}}));
  created_waiting(real());
  created_waiting(real(), WaitReason::Overlap);

  const auto answer = take_over(Fence::make(1, 6));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->requeued, 1U);
  ASSERT_EQ(answer->running.size(), 1U);
  EXPECT_EQ(answer->running[0].id, running);
  EXPECT_EQ(answer->running[0].run_token, run);
  EXPECT_EQ(answer->running[0].score, now() + limits::kRunLease);
  EXPECT_EQ(answer->waiting_target_keys, std::vector<std::string>{target_key(real()->spec.target)});
  const auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id, claimed);
  EXPECT_TRUE(claim(claimed)->claimed) << "due at once";
  EXPECT_EQ(open(State::Sent).size(), 1U);
}

TEST_P(FenceTest, TakeOver_OfTheSameFenceMayBeRepeated) {
  EXPECT_TRUE(take_over(fence_));
  EXPECT_TRUE(take_over(fence_));
}

TEST_P(FenceTest, Fences_AreOfOneShard) {
  ASSERT_TRUE(take_over(Fence::make(9, 9)));
  EXPECT_TRUE(ask(TakeOverRequest{.shard = kShard + 1, .fence = Fence::make(1, 1)}));
  EXPECT_EQ(ask(TakeOverRequest{.shard = kShardCount, .fence = Fence::make(9, 9)}).error().code, Code::InvalidArgument);
}

TEST_P(FenceTest, TakeOver_NamesEachWaitingTargetOnce) {
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) {
    auto task = task_of(Kind::Real);
    std::get<ServiceTarget>(task.spec.target).interface = "com.x.Service" + std::to_string(i);
    keys.push_back(target_key(task.spec.target));
    for (int j = 0; j < 3; ++j) {
      task.id = TaskId::make(kShard, now(), random_.next());
      created_waiting(std::make_shared<const Task>(task), j == 0 ? WaitReason::Backlog : WaitReason::NoExecutor);
    }
  }
  EXPECT_THAT(take_over(fence_)->waiting_target_keys, ::testing::UnorderedElementsAreArray(keys));
}

}  // namespace
}  // namespace meepo::test
