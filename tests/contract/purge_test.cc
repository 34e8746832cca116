#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class PurgeTest : public StoreTest {
 protected:
  PurgeRequest::Answer purge(SysTime tasks, SysTime rows = {}, SysTime request_ids = {}, std::size_t limit = 1'000) {
    const auto answer = ask(PurgeRequest{.shard = kShard,
                                         .fence = fence_,
                                         .tasks_ended_before = tasks,
                                         .rows_ended_before = rows,
                                         .request_ids_before = request_ids,
                                         .limit = limit});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(PurgeRequest::Answer{});
  }
  FiringId done(TaskPtr task) {
    const auto run = token();
    const auto id = started(std::move(task), run);
    EXPECT_TRUE(end(id, run, Outcome::Success));
    return id;
  }
  std::uint64_t tasks() { return ask(CountsRequest{.shard = kShard})->tasks; }
};
INSTANTIATE_TEST_SUITE_P(Stores, PurgeTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(PurgeTest, Purge_RemovesTasksThatEndedBeforeAndNothingElse) {
  const auto old = done(real());
  const auto living = created(ladder("99"));
  advance(milliseconds(10));
  const auto young = done(real());
  EXPECT_EQ(purge(now()).tasks, 1U);
  EXPECT_EQ(get(old.task).error().code, Code::NotFound);
  EXPECT_TRUE(get(young.task));
  EXPECT_TRUE(get(living.task));
  EXPECT_EQ(tasks(), 2U);
  EXPECT_EQ(purge(now()).tasks, 0U);
  EXPECT_EQ(end(old, token()).error().code, Code::NotFound);
}

TEST_P(PurgeTest, Purge_RemovesAllRowsOfATask) {
  auto spec = task_of(Kind::Ladder, "0,1,2,3");
  spec.spec.options.unique_key = "nightly";
  std::get<ServiceTarget>(spec.spec.target).params.data = "[" + std::string(5'000, '1') + "]";
  const auto task = std::make_shared<const Task>(spec);
  const auto run = token();
  const auto id = started(task, run);
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "x", .report = {.progress = {}, .log = "log"}}));
  ASSERT_TRUE(cancel(task->id)->cancelled);
  EXPECT_EQ(ledger(task->id).size(), 3U);
  advance(milliseconds(1));
  const auto answer = purge(now());
  EXPECT_EQ(answer.tasks, 1U);
  EXPECT_EQ(answer.rows, 2U);
  ASSERT_TRUE(create(item_of(task))) << "nothing of it is left";
  EXPECT_EQ(ledger(task->id).size(), 1U);
  EXPECT_TRUE(line({.task = task->id, .tick = Tick::rung(0)}).attempts.empty());
}

TEST_P(PurgeTest, Purge_StopsAtItsLimitAndSaysSo) {
  for (int i = 0; i < 5; ++i) done(real());
  advance(milliseconds(1));
  auto answer = purge(now(), {}, {}, 3);
  EXPECT_EQ(answer.tasks, 3U);
  EXPECT_TRUE(answer.more);
  answer = purge(now(), {}, {}, 3);
  EXPECT_EQ(answer.tasks, 2U);
  EXPECT_FALSE(answer.more);
  EXPECT_EQ(tasks(), 0U);
}

TEST_P(PurgeTest, Purge_OfATaskWithMoreRowsThanTheLimitGoesOn) {
  std::string define = "0";
  for (int i = 1; i < 8; ++i) define += ",0";
  const auto task = ladder(define);
  auto id = created(task);
  for (int i = 0; i < 8; ++i) {
    const auto run = start();
    const auto next = next_tick(*task, id.tick);
    ASSERT_TRUE(claim(id, next, run)->begun);
    ASSERT_TRUE(end(id, run.token));
    if (next) id.tick = next->tick;
  }
  advance(milliseconds(1));
  std::uint64_t rows = 0;
  std::uint64_t removed = 0;
  for (int i = 0; i < 10 && removed == 0; ++i) {
    const auto answer = purge(now(), {}, {}, 3);
    EXPECT_LE(answer.rows + answer.tasks, 3U);
    rows += answer.rows;
    removed += answer.tasks;
  }
  EXPECT_EQ(removed, 1U);
  EXPECT_EQ(rows, 8U);
  EXPECT_EQ(get(task->id).error().code, Code::NotFound);
}

TEST_P(PurgeTest, Purge_RemovesOldRowsOfLivingTasks) {
  const auto task = ladder("0,1,99");
  const auto run = token();
  const auto first = started(task, run);
  ASSERT_TRUE(end(first, run));
  const auto skipped = created(ladder("0,99"));
  ASSERT_TRUE(*one(SkipRequest{.shard = kShard,
                               .fence = fence_,
                               .items = {{.id = skipped.task,
                                          .open = skipped,
                                          .range = {.first = Tick::rung(0), .last = Tick::rung(0), .count = 1},
                                          .next = DueTick{.tick = Tick::rung(1), .due = now() + std::chrono::seconds(99)}}}}));
  advance(milliseconds(1));
  const auto answer = purge(SysTime{}, now());
  EXPECT_EQ(answer.tasks, 0U);
  EXPECT_EQ(answer.rows, 2U);
  EXPECT_EQ(ledger(task->id).size(), 1U) << "the armed tick stays";
  EXPECT_EQ(ledger(skipped.task).size(), 1U);
  const auto view = get(task->id);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->latest) << "it was removed";
  EXPECT_EQ(view->firings, 1U) << "but it happened";
  EXPECT_EQ(view->status, Status::Success);
  EXPECT_EQ(purge(SysTime{}, now()).rows, 0U);
}

TEST_P(PurgeTest, Purge_LeavesATaskThatRunsByHandAgain) {
  const auto id = done(real());
  ASSERT_TRUE(
      one(TriggerRequest{.shard = kShard, .fence = fence_, .now = now(), .items = {{.id = id.task, .params = {}, .request_id = {}}}}));
  advance(milliseconds(1));
  EXPECT_EQ(purge(now(), now()).tasks, 0U);
  EXPECT_TRUE(get(id.task));
}

TEST_P(PurgeTest, Purge_ForgetsRequestIdsOfLongAgo) {
  auto task = task_of(Kind::Real);
  task.spec.options.request_id = "order-1";
  const auto first = created(std::make_shared<const Task>(task));
  advance(milliseconds(1));
  purge(SysTime{}, SysTime{}, now() - milliseconds(1));
  task.id = TaskId::make(kShard, now(), random_.next());
  EXPECT_EQ(create(item_of(std::make_shared<const Task>(task)))->id, first.task) << "not before its instant";
  purge(SysTime{}, SysTime{}, now());
  EXPECT_EQ(create(item_of(std::make_shared<const Task>(task)))->id, task.id);
}

TEST_P(PurgeTest, Purge_LooksAtLimitRequestIdsAndLetsTasksNotWaitForTheRest) {
  auto task = task_of(Kind::Real);
  for (int i = 0; i < 5; ++i) {
    task.id = TaskId::make(kShard, now(), random_.next());
    task.spec.options.request_id = std::to_string(i);
    created(std::make_shared<const Task>(task));
  }
  advance(milliseconds(1));
  for (const std::uint64_t found : {2U, 2U, 1U, 0U}) {
    const auto answer = purge(SysTime{}, SysTime{}, now(), 2);
    EXPECT_EQ(answer.request_ids, found);
    EXPECT_FALSE(answer.more);
  }
}

}  // namespace
}  // namespace meepo::test
