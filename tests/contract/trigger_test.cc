// Runs by hand, skipped ticks, and updates: what changes a plan from outside.

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class TriggerTest : public StoreTest {
 protected:
  Result<OpenFiring> trigger(const TaskId& id, std::string request_id = {}, std::optional<Payload> params = {}) {
    return one(TriggerRequest{.shard = kShard,
                              .fence = fence_,
                              .now = now(),
                              .items = {{.id = id, .params = std::move(params), .request_id = std::move(request_id)}}});
  }
  Result<bool> skip(SkipRequest::Item item) { return one(SkipRequest{.shard = kShard, .fence = fence_, .items = {std::move(item)}}); }
  /// As the owner does: with the planned tick that is armed now.
  Result<bool> update(TaskPtr task, std::uint32_t expected, std::optional<Arm> arm = {}) {
    const auto view = get(task->id);
    const auto armed = view && view->planned ? std::optional(view->planned->id.tick) : std::nullopt;
    return one(UpdateRequest{.shard = kShard,
                             .fence = fence_,
                             .items = {{.task = std::move(task), .expected_version = expected, .armed = armed, .arm = std::move(arm)}}});
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, TriggerTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(TriggerTest, Trigger_AddsARunByHandThatIsDueAtOnce) {
  const auto task = ladder("60");
  created(task);
  const Payload params{.encoding = Encoding::Json, .data = "[1]"};
  const auto first = trigger(task->id, "", params);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id.tick, Tick::by_hand(1));
  EXPECT_EQ(first->state, State::Due);
  EXPECT_EQ(first->due, now());
  EXPECT_EQ(trigger(task->id)->id.tick, Tick::by_hand(2));
  const auto run = start();
  const auto begun = claim(first->id, {}, run);
  ASSERT_TRUE(begun && begun->begun);
  EXPECT_EQ(begun->begun->firing.params, params);
  ASSERT_TRUE(end(first->id, run.token));
  EXPECT_EQ(get(task->id)->latest->id, first->id);
  EXPECT_EQ(get(task->id)->status, Status::Success);
}

TEST_P(TriggerTest, Trigger_RunsATaskThatHasEnded) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end(id, run));
  const auto by_hand = trigger(id.task);
  ASSERT_TRUE(by_hand);
  EXPECT_EQ(get(id.task)->status, Status::Success) << "a tick is armed";
  EXPECT_FALSE(get(id.task)->ended_at);
  const auto again = start();
  ASSERT_TRUE(claim(by_hand->id, {}, again)->begun);
  EXPECT_EQ(get(id.task)->status, Status::Running);
  advance(milliseconds(5));
  ASSERT_TRUE(end(by_hand->id, again.token, Outcome::Fail));
  EXPECT_EQ(get(id.task)->status, Status::Fail);
  EXPECT_EQ(get(id.task)->ended_at, now());
  EXPECT_EQ(get(id.task)->firings, 2U);
  EXPECT_EQ(line(id).firing->outcome, Outcome::Success) << "one end, for ever";
}

TEST_P(TriggerTest, Trigger_OfOneRequestIdAnswersTheSameFiring) {
  const auto id = created(real());
  const auto first = trigger(id.task, "again");
  EXPECT_EQ(trigger(id.task, "again")->id, first->id);
  EXPECT_NE(trigger(id.task, "more")->id, first->id);
  const auto other = created(real());
  EXPECT_EQ(trigger(other.task, "again")->id.task, other.task) << "of this task";
  ASSERT_TRUE(cancel(id.task)->cancelled);
  EXPECT_EQ(trigger(id.task, "again")->id, first->id);
  EXPECT_EQ(ledger(id.task).size(), 3U);
}

TEST_P(TriggerTest, Trigger_OfWhatIsCancelledOrNotThere) {
  const auto id = created(real());
  ASSERT_TRUE(cancel(id.task)->cancelled);
  EXPECT_EQ(trigger(id.task).error().code, Code::Conflict);
  EXPECT_EQ(trigger(TaskId::make(kShard, now(), 1)).error().code, Code::NotFound);
}

TEST_P(TriggerTest, Trigger_OfAPausedTaskRuns) {
  const auto id = created(real());
  ASSERT_TRUE(*one(PauseRequest{.shard = kShard, .fence = fence_, .ids = {id.task}}));
  EXPECT_TRUE(claim(trigger(id.task)->id, {}, start())->begun);
}

TEST_P(TriggerTest, Skip_WritesOneRangeAndArmsTheTickAfterIt) {
  const auto task = ladder("0,1,2,3");
  const auto id = created(task);
  const SkipRequest::Item item{.id = task->id,
                               .open = id,
                               .range = {.first = Tick::rung(0), .last = Tick::rung(2), .count = 3},
                               .reason = SkipReason::Misfire,
                               .next = DueTick{.tick = Tick::rung(3), .due = task->created + std::chrono::seconds(3)}};
  EXPECT_TRUE(*skip(item));
  EXPECT_FALSE(*skip(item)) << "nothing left to do";
  const auto rows = ledger(task->id);
  ASSERT_EQ(rows.size(), 2U) << "each tick in one line";
  EXPECT_EQ(rows[0].firing->id.tick, Tick::rung(3));
  ASSERT_TRUE(rows[1].range);
  EXPECT_EQ(*rows[1].range, item.range);
  EXPECT_EQ(rows[1].range_reason, SkipReason::Misfire);
  EXPECT_EQ(rows[1].range_fate, Fate::Skipped);
  EXPECT_FALSE(claim(id)->claimed);
  const auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id.tick, Tick::rung(3));
  EXPECT_EQ(due[0].target_key, target_key(task->spec.target));
}

TEST_P(TriggerTest, Skip_OfTheLastTickEndsTheTask) {
  const auto id = created(real());
  EXPECT_TRUE(*skip(
      {.id = id.task, .open = id, .range = {.first = id.tick, .last = id.tick, .count = 1}, .reason = SkipReason::Misfire, .next = {}}));
  EXPECT_EQ(line(id).firing->fate, Fate::Skipped);
  EXPECT_EQ(line(id).firing->skip_reason, SkipReason::Misfire);
  EXPECT_EQ(get(id.task)->ended_at, now());
  EXPECT_EQ(get(id.task)->firings, 0U);
}

TEST_P(TriggerTest, Skip_OfWhatRunsOrBeganIsRefused) {
  const auto run = token();
  const auto id = started(real(), run);
  const SkipRequest::Item item{.id = id.task, .open = id, .range = {.first = id.tick, .last = id.tick, .count = 1}, .next = {}};
  EXPECT_FALSE(*skip(item));
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .retry_at = now()}));
  EXPECT_EQ(skip(item).error().code, Code::Conflict);
  auto wrong = item;
  wrong.id = created(real()).task;
  EXPECT_EQ(skip(wrong).error().code, Code::InvalidArgument);
}

TEST_P(TriggerTest, Update_ReplacesTheSpecAndTheArmedTick) {
  const auto old = ladder("10,20");
  created(old);
  Task changed = *old;
  changed.version = 2;
  changed.spec.define = "30";
  changed.spec.options.priority = 9;
  std::get<ServiceTarget>(changed.spec.target).interface = "com.x.Other";
  const auto task = std::make_shared<const Task>(changed);
  const Arm arm{.tick = first_tick(*task)};
  ASSERT_TRUE(update(task, 1, arm));
  ASSERT_TRUE(update(task, 1, arm)) << "repeated";
  EXPECT_EQ(*get(old->id)->task, changed);
  const auto due = open(State::Due);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].due, old->created + std::chrono::seconds(30));
  EXPECT_EQ(due[0].priority, 9);
  EXPECT_EQ(due[0].target_key, target_key(changed.spec.target));
  changed.spec.options.priority = 1;
  EXPECT_EQ(update(std::make_shared<const Task>(changed), 1, arm).error().code, Code::Conflict) << "another update came first";
}

TEST_P(TriggerTest, Update_LetsAClaimedFiringEndOnTheOldVersion) {
  const auto old = ladder("0,5");
  const auto id = created(old);
  ASSERT_TRUE(claim(id, next_tick(*old, id.tick))->claimed);
  Task changed = *old;
  changed.version = 2;
  std::get<ServiceTarget>(changed.spec.target).method = "other";
  const auto task = std::make_shared<const Task>(changed);
  ASSERT_TRUE(update(task, 1, Arm{.tick = {.tick = Tick::rung(1), .due = old->created + std::chrono::seconds(5)}}));
  const auto begun = claim(id, {}, start());
  ASSERT_TRUE(begun && begun->begun);
  EXPECT_EQ(*begun->begun->task, *old);
  advance(std::chrono::seconds(5));
  const auto next = claim({.task = old->id, .tick = Tick::rung(1)}, {}, start());
  ASSERT_TRUE(next && next->begun);
  EXPECT_EQ(*next->begun->task, changed);
}

TEST_P(TriggerTest, Update_WithoutATickLeavesNone) {
  const auto old = ladder("10");
  created(old);
  Task changed = *old;
  changed.version = 2;
  changed.spec.options.priority = 1;
  ASSERT_TRUE(update(std::make_shared<const Task>(changed), 1));
  EXPECT_TRUE(open(State::Due).empty());
  changed.version = 3;
  EXPECT_EQ(update(std::make_shared<const Task>(changed), 2).error().code, Code::Conflict) << "it has ended";
}

TEST_P(TriggerTest, Update_OfWhatIsNotThereOrOfAnotherKind) {
  auto task = task_of(Kind::Real);
  task.version = 2;
  EXPECT_EQ(update(std::make_shared<const Task>(task), 1).error().code, Code::NotFound);
  const auto id = created(ladder("10"));
  task.id = id.task;
  EXPECT_EQ(update(std::make_shared<const Task>(task), 1).error().code, Code::InvalidArgument);
}

}  // namespace
}  // namespace meepo::test
