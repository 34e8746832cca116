#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(CreateTest);

TEST_P(CreateTest, Create_MakesOneDueFiringAndAStoredTask) {
  const auto task = real();
  const FiringId id = created(task);
  const auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id, id);
  EXPECT_EQ(due[0].due, task->created);
  EXPECT_EQ(due[0].target_key, target_key(task->spec.target));
  EXPECT_EQ(due[0].attempt, 0U);
  const auto view = get(task->id);
  ASSERT_TRUE(view);
  EXPECT_EQ(*view->task, *task);
  EXPECT_EQ(view->status, Status::Schedule);
  ASSERT_TRUE(view->armed);
  EXPECT_EQ(view->armed->id, id);
  EXPECT_FALSE(view->latest);
  EXPECT_FALSE(view->ended_at);
}

TEST_P(CreateTest, Create_KeepsParamsDigitByDigitAndLongRecords) {
  auto task = task_of(Kind::Real);
  std::get<ServiceTarget>(task.spec.target).params.data = "[0.10," + std::string(200'000, '7') + "]";
  const auto id = created(std::make_shared<const Task>(task));
  const auto run = token();
  const auto claimed = claim(id, {}, StartRun{.token = run, .executor = "e", .lease_until = now() + limits::kRunLease});
  ASSERT_TRUE(claimed && claimed->begun);
  EXPECT_EQ(*claimed->begun->task, task);
  ASSERT_TRUE(end(id, run));
  EXPECT_EQ(*get(id.task)->task, task);
}

TEST_P(CreateTest, Create_WithStartIsRunningInOneOperation) {
  const auto run = token();
  const auto id = started(real(), run);
  EXPECT_TRUE(open(State::Due).empty());
  const auto running = open(State::Running);
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0].id, id);
  EXPECT_EQ(running[0].run_token, run);
  EXPECT_EQ(running[0].executor, "executor-1");
  EXPECT_EQ(running[0].attempt, 1U);
  EXPECT_EQ(running[0].score, now() + limits::kRunLease);
  EXPECT_EQ(get(id.task)->status, Status::Running);
}

TEST_P(CreateTest, Create_WithStartByAClockThatIsAheadOfTheStoresStartsNothing) {
  auto task = task_of(Kind::Timing, "20270116040806");
  task.created = now() + std::chrono::seconds(90);  // its node has not heard yet that the clock was set back
  const SysTime due = now() + std::chrono::seconds(60);
  auto item = item_of(std::make_shared<const Task>(task));
  item.first.tick = {.tick = Tick::at(due), .due = due};
  item.start = start();
  const auto answer = create(item);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->existed);
  ASSERT_TRUE(answer->not_yet);
  EXPECT_EQ(answer->not_yet->score, due);
  const FiringId id{.task = task.id, .tick = item.first.tick.tick};
  EXPECT_EQ(line(id).firing->attempt, 0U);
  advance(due - now());
  EXPECT_TRUE(claim(id)->claimed);
}

TEST_P(CreateTest, Create_WithStartOfWhatIsDueAtItsCreationStartsByTheCreatorsClock) {
  auto task = task_of(Kind::Real);
  task.created = now() + std::chrono::seconds(90);
  auto item = item_of(std::make_shared<const Task>(task));
  item.start = start();
  const auto answer = create(item);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->not_yet);
  EXPECT_EQ(open(State::Running).size(), 1U);
}

TEST_P(CreateTest, Create_WithStartArmsTheNextTick) {
  const auto task = ladder("0,5,9");
  started(task, token());
  const auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id.tick, Tick::rung(1));
  EXPECT_EQ(due[0].due, task->created + std::chrono::seconds(5));
  ASSERT_NE(due[0].task, nullptr) << "the next tick is computed from it";
  EXPECT_EQ(*due[0].task, *task);
}

TEST_P(CreateTest, Create_WaitingIsParkedFromTheStart) {
  const auto id = created_waiting(real());
  EXPECT_TRUE(open(State::Due).empty());
  const auto waiting = open(State::Waiting);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].id, id);
  EXPECT_EQ(waiting[0].wait_reason, WaitReason::NoExecutor);
  EXPECT_EQ(get(id.task)->armed->waiting_since, now());
}

TEST_P(CreateTest, Create_OfOneRequestIdAnswersTheFirstIdHoweverOften) {
  auto first = task_of(Kind::Real);
  first.spec.options.request_id = "order-1";
  const auto id = created(std::make_shared<const Task>(first));
  for (int i = 0; i < 3; ++i) {
    advance(std::chrono::hours(7));
    auto again = task_of(Kind::Real);
    again.spec.options.request_id = "order-1";
    auto item = item_of(std::make_shared<const Task>(again));
    item.start = start();
    const auto answer = create(std::move(item));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->id, id.task);
    EXPECT_TRUE(answer->existed);
  }
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_TRUE(open(State::Running).empty()) << "nothing is started for a request that is known";
}

TEST_P(CreateTest, Create_OfARequestIdPastItsDayIsANewOne) {
  auto task = task_of(Kind::Real);
  task.spec.options.request_id = "order-1";
  const auto first = created(std::make_shared<const Task>(task));
  advance(limits::kRequestIdKept - milliseconds(1));
  task.id = TaskId::make(kShard, now(), random_.next());
  EXPECT_TRUE(create(item_of(std::make_shared<const Task>(task)))->existed);
  advance(milliseconds(1));
  const auto answer = create(item_of(std::make_shared<const Task>(task)));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->existed);
  EXPECT_NE(answer->id, first.task);
}

TEST_P(CreateTest, Create_OfAUsedRequestIdWithOtherContentIsAConflict) {
  auto task = task_of(Kind::Real);
  task.spec.options.request_id = "order-1";
  const auto id = created(std::make_shared<const Task>(task));
  auto other = task_of(Kind::Real);
  other.spec.options.request_id = "order-1";
  other.spec.options.priority = 9;
  const auto answer = create(item_of(std::make_shared<const Task>(other)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::Conflict);
  EXPECT_THAT(answer.error().message, ::testing::HasSubstr(std::string(id.task.text())));
  EXPECT_EQ(get(other.id).error().code, Code::NotFound);
}

TEST_P(CreateTest, Create_OfTheSameRequestIdByAnotherAppIsANewTask) {
  auto task = task_of(Kind::Real);
  task.spec.options.request_id = "order-1";
  created(std::make_shared<const Task>(task));
  auto other = task_of(Kind::Real);
  other.spec.app_id = "stock";
  other.spec.options.request_id = "order-1";
  const auto answer = create(item_of(std::make_shared<const Task>(other)));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->existed);
}

TEST_P(CreateTest, Create_RepeatedWithItsStartTokenAnswersAsTheFirstTime) {
  for (const std::string request_id : {"", "order-1"}) {
    auto task = task_of(Kind::Real);
    task.spec.options.request_id = request_id;
    auto item = item_of(std::make_shared<const Task>(task));
    item.start = start();
    ASSERT_TRUE(create(item));
    const auto again = create(item);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, task.id);
    EXPECT_FALSE(again->existed) << "the run is still the caller's to send";
    ASSERT_TRUE(end({.task = task.id, .tick = Tick::real()}, item.start->token));
    const auto late = create(item);
    ASSERT_TRUE(late);
    EXPECT_TRUE(late->existed) << "nothing to send any more";
    EXPECT_EQ(get(task.id)->firings, 1U);
  }
}

TEST_P(CreateTest, Create_OfALadderRepeatedChangesNothing) {
  const auto item = item_of(ladder("0,1,2"));
  ASSERT_TRUE(create(item));
  ASSERT_TRUE(create(item));
  EXPECT_EQ(open(State::Due).size(), 1U);
  EXPECT_EQ(ledger(item.task->id).size(), 1U);
}

TEST_P(CreateTest, Create_OfAHeldUniqueKeyIsAConflictThatNamesTheHolder) {
  auto task = task_of(Kind::Real);
  task.spec.options.unique_key = "nightly";
  const auto run = token();
  const auto holder = started(std::make_shared<const Task>(task), run);
  auto second = task_of(Kind::Real);
  second.spec.options.unique_key = "nightly";
  const auto refused = create(item_of(std::make_shared<const Task>(second)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_EQ(refused.error().field, "uniqueKey");
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr(std::string(holder.task.text())));

  ASSERT_TRUE(end(holder, run));
  EXPECT_TRUE(create(item_of(std::make_shared<const Task>(second)))) << "the holder has ended";
}

TEST_P(CreateTest, Create_RefusesOneItemAndCarriesOutTheOthers) {
  auto wrong = task_of(Kind::Real);
  wrong.id = TaskId::make(kShard + 1, now(), 1);
  std::vector<CreateRequest::Item> items = {item_of(real()), item_of(std::make_shared<const Task>(wrong)), item_of(real())};
  const auto answer = ask(CreateRequest{.shard = kShard, .fence = fence_, .items = items});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->size(), 3U);
  EXPECT_TRUE((*answer)[0]);
  EXPECT_EQ((*answer)[1].error().code, Code::InvalidArgument);
  EXPECT_TRUE((*answer)[2]);
  EXPECT_EQ(open(State::Due).size(), 2U);
}

TEST_P(CreateTest, Create_TakesABatchAtTheLimitAndRefusesOneOver) {
  std::vector<CreateRequest::Item> items(limits::kBatchItemsMax + 1, item_of(real()));
  const auto refused = ask(CreateRequest{.shard = kShard, .fence = fence_, .items = items});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InvalidArgument);
  EXPECT_TRUE(open(State::Due).empty());
  items.pop_back();
  EXPECT_TRUE(ask(CreateRequest{.shard = kShard, .fence = fence_, .items = items}));
  EXPECT_EQ(open(State::Due).size(), 1U) << "the same task in every item";
}

TEST_P(CreateTest, Create_RefusesAFirstTickThatIsNotOfTheKind) {
  auto item = item_of(real());
  item.first.tick.tick = Tick::rung(0);
  EXPECT_EQ(create(item).error().code, Code::InvalidArgument);
  auto rungs = item_of(ladder("0,1"));
  rungs.first.tick.tick = Tick::real();
  EXPECT_EQ(create(rungs).error().code, Code::InvalidArgument);
}

TEST_P(CreateTest, EveryReply_CarriesTheStoresTime) {
  advance(milliseconds(1'234));
  const auto reply = reply_to(CreateRequest{.shard = kShard, .fence = fence_, .items = {item_of(real())}});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->now, now());
  loop_.step_system_clock(std::chrono::hours(1));
  EXPECT_LE(reply_to(CountsRequest{.shard = {}})->now, now());
}

}  // namespace
}  // namespace meepo::test
