// Re-runs of old ticks, the ledger of one tick, retention by number, and steps of the clock.

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
using std::chrono::hours;
using std::chrono::seconds;

class AgainTest : public StoreTest {
 protected:
  Result<OpenFiring> again(const TaskId& id, DueTick old, std::string request_id = {}) {
    return one(TriggerRequest{.shard = kShard,
                              .fence = fence_,
                              .now = now(),
                              .items = {{.id = id, .again = std::move(old), .params = {}, .request_id = std::move(request_id)}}});
  }
  std::vector<std::string> ticks_of(const TaskId& id, const Tick& tick) {
    std::vector<std::string> ticks;
    const auto rows = ask(LedgerRequest{.shard = kShard, .id = id, .tick = tick});
    for (const auto& row : rows->rows) ticks.push_back(row.firing ? row.firing->id.tick.text() : row.range->first.text() + "…");
    return ticks;
  }
  Task timing() {
    Task task = task_of(Kind::Timing, "20270115080000");
    task.spec.options.zone = "UTC";
    return task;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, AgainTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(AgainTest, AnOldTickRunsAgainUnderANameOfItsOwn) {
  const auto task = real();
  const auto run = token();
  const auto first = started(task, run);
  ASSERT_TRUE(end(first, run));
  EXPECT_EQ(get(task->id)->status, Status::Done);
  advance(hours(1));
  const DueTick old{.tick = Tick::real(), .due = now() - hours(1)};
  const auto second = again(task->id, old);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->id.tick.text(), "0+1");
  EXPECT_EQ(second->due, old.due) << "it is due when the old one was";
  EXPECT_EQ(second->score, now()) << "and goes now";
  EXPECT_EQ(again(task->id, old)->id.tick.text(), "0+2");
  EXPECT_EQ(again(task->id, old, "a")->id.tick.text(), "0+3");
  EXPECT_EQ(again(task->id, old, "a")->id.tick.text(), "0+3") << "the same request";
  const auto other = token();
  StartRun start_again = start();
  start_again.token = other;
  ASSERT_TRUE(claim(second->id, {}, start_again)->begun);
  ASSERT_TRUE(end(second->id, other, Outcome::Fail));
  EXPECT_EQ(ticks_of(task->id, Tick::real()), (std::vector<std::string>{"0", "0+1", "0+2", "0+3"}));
}

TEST_P(AgainTest, ATickWithoutARowMayRunAndSoManyReRunsAreRefused) {
  const auto task = ladder("60");
  created(task);
  const DueTick old{.tick = Tick::at(now() - hours(5)), .due = now() - hours(5)};
  for (std::uint32_t n = 1; n <= limits::kRerunsMax; ++n) ASSERT_TRUE(again(task->id, old));
  EXPECT_EQ(again(task->id, old).error().code, Code::Conflict);
  ASSERT_TRUE(cancel(task->id));
  EXPECT_EQ(again(task->id, {.tick = Tick::rung(0), .due = now()}).error().code, Code::Conflict) << "cancelled";
}

TEST_P(AgainTest, TheLedgerOfOneTickHasTheRangeThatHoldsIt) {
  Task task = task_of(Kind::Plan, "* * * * * *");
  task.spec.options.zone = "UTC";
  const DueTick first{.tick = Tick::at(now()), .due = now()};
  ASSERT_TRUE(create({.task = std::make_shared<const Task>(task), .first = {.tick = first}}));
  const Tick last = Tick::at(now() + seconds(9));
  const DueTick next{.tick = Tick::at(now() + seconds(10)), .due = now() + seconds(10)};
  const SkipItem item{.id = task.id,
                      .open = {.task = task.id, .tick = first.tick},
                      .range = {.first = first.tick, .last = last, .count = 10},
                      .reason = SkipReason::Misfire,
                      .next = next};
  ASSERT_EQ(one(SkipRequest{.shard = kShard, .fence = fence_, .items = {item}}), true);
  EXPECT_EQ(ticks_of(task.id, Tick::at(now() + seconds(5))), (std::vector<std::string>{first.tick.text() + "…"}));
  EXPECT_EQ(ticks_of(task.id, last), (std::vector<std::string>{first.tick.text() + "…"}));
  EXPECT_EQ(ticks_of(task.id, next.tick), (std::vector<std::string>{next.tick.text()}));
  EXPECT_TRUE(ticks_of(task.id, Tick::at(now() + seconds(11))).empty());
}

TEST_P(AgainTest, Purge_KeepsTheNewestEndedTasks) {
  std::vector<TaskId> ids;
  for (int i = 0; i < 10; ++i) {
    const auto task = real();
    const auto run = token();
    ASSERT_TRUE(end(started(task, run), run));
    ids.push_back(task->id);
    advance(seconds(1));
  }
  PurgeRequest request{.shard = kShard, .fence = fence_, .tasks_ended_before = {}, .rows_ended_before = {}, .request_ids_before = {}};
  request.tasks_max = 10;
  EXPECT_EQ(ask(request)->tasks, 0U);
  request.tasks_max = 7;
  request.limit = 2;
  const auto some = ask(request);
  EXPECT_EQ(some->tasks, 2U);
  EXPECT_TRUE(some->more);
  EXPECT_EQ(ask(request)->tasks, 1U);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(get(ids[i]).has_value(), i >= 3) << i;
}

TEST_P(AgainTest, Purge_KeepsTheNewestRowsOfALivingTask) {
  const auto task = ladder("60");
  created(task);
  constexpr int kRuns = 1'000;
  for (int i = 0; i < kRuns; ++i) {
    const auto by_hand = one(TriggerRequest{.shard = kShard, .fence = fence_, .now = now(), .items = {{.id = task->id}}});
    const auto run = start();
    ASSERT_TRUE(claim(by_hand->id, {}, run)->begun);
    ASSERT_TRUE(end(by_hand->id, run.token));
  }
  PurgeRequest request{.shard = kShard, .fence = fence_, .tasks_ended_before = {}, .rows_ended_before = {}, .request_ids_before = {}};
  request.rows_of_task_max = 100;
  std::uint64_t removed = 0;
  for (bool more = true; more;) {
    request.limit = 300;
    const auto answer = ask(request);
    ASSERT_TRUE(answer);
    removed += answer->rows;
    more = answer->more;
  }
  EXPECT_GE(removed, 800U);
  EXPECT_TRUE(get(task->id)->planned) << "what is open stays";
  EXPECT_EQ(get(task->id)->latest->id.tick, Tick::by_hand(kRuns));
}

TEST_P(AgainTest, Shift_MovesWhatCountsElapsedTimeOnce) {
  const auto run = token();
  const auto running = started(real(), run);
  const auto failed_run = token();
  const auto retry = started(real(), failed_run);
  ASSERT_TRUE(end({.id = retry, .token = failed_run, .outcome = Outcome::Fail, .retry_at = now() + seconds(30)}));
  const auto rung = created(ladder("60"));
  Task at_time = timing();
  const DueTick due{.tick = Tick::at(now() + hours(2)), .due = now() + hours(2)};
  ASSERT_TRUE(create({.task = std::make_shared<const Task>(at_time), .first = {.tick = due}}));
  const FiringId instant{.task = at_time.id, .tick = due.tick};
  const auto score = [&](const FiringId& id) { return line(id).firing->score; };
  const SysTime lease = score(running);
  const SysTime retry_at = score(retry);
  const SysTime rung_due = line(rung).firing->due;
  const ShiftRequest back{.shard = kShard, .fence = fence_, .steps = {.count = 1, .total = -hours(1)}};
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_TRUE(ask(back));
    EXPECT_EQ(score(running), lease - hours(1));
    EXPECT_EQ(score(retry), retry_at - hours(1));
    EXPECT_EQ(line(rung).firing->due, rung_due - hours(1));
    EXPECT_EQ(line(instant).firing->due, due.due) << "an instant stays";
  }
  ASSERT_TRUE(ask(ShiftRequest{.shard = kShard, .fence = fence_, .steps = {.count = 2, .total = hours(0)}}));
  EXPECT_EQ(score(running), lease);
  EXPECT_EQ(ask(ShiftRequest{.shard = kShard, .fence = Fence::make(1, 1), .steps = {.count = 3, .total = hours(1)}}).error().code,
            Code::Fenced);
}

TEST_P(AgainTest, Shift_LeavesATickThatWasTakenBackUnstartedAtItsInstant) {
  Task at_time = timing();
  const DueTick due{.tick = Tick::at(now()), .due = now()};
  ASSERT_TRUE(create({.task = std::make_shared<const Task>(at_time), .first = {.tick = due}}));
  const FiringId instant{.task = at_time.id, .tick = due.tick};
  const auto run = start();
  ASSERT_TRUE(claim(instant, {}, run)->begun);
  ASSERT_TRUE(reap({.id = instant, .token = run.token, .lease_ended = false})->reaped);
  ASSERT_TRUE(ask(ShiftRequest{.shard = kShard, .fence = fence_, .steps = {.count = 1, .total = -hours(1)}}));
  EXPECT_EQ(line(instant).firing->score, due.due);
}

TEST_P(AgainTest, TakeOver_CutsLeasesThatAClockOfTheFutureGave) {
  const auto run = token();
  const auto running = started(real(), run);
  const SysTime before = now();
  const auto answer = ask(TakeOverRequest{.shard = kShard, .fence = Fence::make(1, 9), .lease_most = seconds(5)});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->running.size(), 1U);
  EXPECT_GE(answer->running[0].score, before + seconds(5));
  EXPECT_LE(answer->running[0].score, now() + seconds(5));
}

TEST_P(AgainTest, TheStoresClockFollowsStepsBothWaysAndSaysSo) {
  const CountsRequest any{};
  const auto reading = [&] { return *reply_to(any); };
  auto before = reading();
  EXPECT_EQ(before.steps, ClockSteps{});
  for (const auto step : {milliseconds(hours(1)), milliseconds(hours(-2)), milliseconds(250)}) {
    advance(seconds(2));
    EXPECT_EQ(reading().now, before.now + seconds(2)) << "no step without a step";
    loop_.step_system_clock(step);
    advance(seconds(2));
    const auto after = reading();
    EXPECT_EQ(after.now, before.now + seconds(4) + step);
    EXPECT_EQ(after.steps.count, before.steps.count + 1);
    EXPECT_EQ(after.steps.total, before.steps.total + step);
    before = after;
  }
}

}  // namespace
}  // namespace meepo::test
