#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class ChainTest : public StoreTest {
 protected:
  TaskPtr parent() {
    auto task = task_of(Kind::Real);
    task.spec.next = {task.spec.target};
    return std::make_shared<const Task>(std::move(task));
  }
  EndRequest::Item ending(const Task& task, const FiringId& id, const RunToken& run) {
    const auto child = chained_task(task, {.tick = id.tick, .due = task.created}, now());
    EXPECT_TRUE(child);
    return {.id = id, .token = run, .chained = std::make_shared<const CreateRequest::Item>(item_of(std::make_shared<const Task>(*child)))};
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ChainTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ChainTest, End_CreatesTheChainedTaskInTheSameOperationExactlyOnce) {
  const auto task = parent();
  const auto run = token();
  const auto id = started(task, run);
  advance(milliseconds(30));
  const auto item = ending(*task, id, run);
  const TaskId child = item.chained->task->id;
  ASSERT_EQ(end(item)->verdict, Verdict::Accepted);
  EXPECT_EQ(line(id).firing->chained, child);
  ASSERT_TRUE(get(child));
  EXPECT_EQ(get(child)->task->parent, id);
  EXPECT_EQ(get(child)->status, Status::Schedule);
  const FiringId first{.task = child, .tick = Tick::real()};
  EXPECT_EQ(open(State::Due).size(), 1U);
  const auto child_run = start();
  ASSERT_TRUE(claim(first, {}, child_run)->begun);
  ASSERT_TRUE(end(first, child_run.token));
  EXPECT_EQ(end(item)->verdict, Verdict::Repeated);
  EXPECT_TRUE(open(State::Due).empty());
  EXPECT_EQ(get(child)->firings, 1U);
  EXPECT_EQ(ask(CountsRequest{.shard = kShard})->tasks, 2U);
}

TEST_P(ChainTest, End_ThatIsStaleOrRetriedCreatesNothing) {
  const auto task = parent();
  const auto run = token();
  const auto id = started(task, run);
  auto item = ending(*task, id, run);
  auto stale = item;
  stale.token = token();
  EXPECT_EQ(end(stale)->verdict, Verdict::Stale);
  item.outcome = Outcome::Fail;
  item.retry_at = now();
  ASSERT_TRUE(end(item)->retry);
  EXPECT_EQ(get(item.chained->task->id).error().code, Code::NotFound);
  EXPECT_FALSE(line(id).firing->chained);
}

TEST_P(ChainTest, End_OfACancelledTasksRunningFiringStillChains) {
  const auto task = parent();
  const auto run = token();
  const auto id = started(task, run);
  ASSERT_TRUE(cancel(task->id)->cancelled);
  const auto item = ending(*task, id, run);
  ASSERT_EQ(end(item)->verdict, Verdict::Accepted);
  EXPECT_TRUE(get(item.chained->task->id)) << "the success happened";
  const auto again = cancel(task->id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->chained, std::vector<TaskId>{item.chained->task->id});
}

TEST_P(ChainTest, Cancel_ListsTheTasksThatItsSuccessesCreatedAndLeavesThemAlone) {
  auto spec = task_of(Kind::Ladder, "0,5");
  spec.spec.next = {spec.spec.target};
  const auto task = std::make_shared<const Task>(spec);
  const auto run = token();
  const auto id = started(task, run);
  const auto item = ending(*task, id, run);
  ASSERT_TRUE(end(item));
  const auto answer = cancel(task->id);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->chained, std::vector<TaskId>{item.chained->task->id});
  EXPECT_EQ(get(item.chained->task->id)->status, Status::Schedule);
}

TEST_P(ChainTest, End_WithAChainedTaskOfAnotherShardIsRefusedWhole) {
  const auto task = parent();
  const auto run = token();
  const auto id = started(task, run);
  auto child = task_of(Kind::Real);
  child.id = TaskId::make(kShard + 1, now(), 1);
  const auto answer =
      end({.id = id, .token = run, .chained = std::make_shared<const CreateRequest::Item>(item_of(std::make_shared<const Task>(child)))});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::InvalidArgument);
  EXPECT_EQ(get(task->id)->status, Status::Running) << "nothing was written";
}

}  // namespace
}  // namespace meepo::test
