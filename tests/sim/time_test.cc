// TIMING and PLAN on virtual time: the real scheduler and executors over the real store.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sim/world.h"

namespace meepo::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class TimeTest : public testing::Test {
 protected:
  TimeTest() { world_.start_executor("a", 1'000); }

  static TaskSpec plan(std::string method, std::string define = "* * * * * *") {
    TaskSpec spec = real(std::move(method));
    spec.kind = Kind::Plan;
    spec.define = std::move(define);
    spec.options.zone = "UTC";
    return spec;
  }
  TaskId create(TaskSpec spec) {
    auto created = world_.create(std::move(spec));
    EXPECT_TRUE(created) << created.error().message;
    return created ? created->id : TaskId();
  }
  SysTime now() const { return world_.loop.system_now(); }
  void advance(milliseconds by) { world_.loop.advance(by); }

  std::vector<SysTime> calls(TaskId id) const {
    std::vector<SysTime> dues;
    for (const auto& call : world_.history) {
      if (call.id.task == id) dues.push_back(call.due);
    }
    return dues;
  }
  /// Ticks that were skipped for `reason`.
  std::uint64_t skipped(TaskId id, SkipReason reason) {
    std::uint64_t count = 0;
    for (const auto& row : world_.ledger(id)) {
      if (row.range && row.range_reason == reason) count += row.range->count;
      if (row.firing && row.firing->skip_reason == reason) ++count;
    }
    return count;
  }
  void expect_one_row_a_tick(TaskId id, SysTime from, SysTime until) {
    std::map<SysTime, int> covered;
    for (const auto& row : world_.ledger(id)) {
      if (row.firing && row.firing->id.tick.instant()) ++covered[*row.firing->id.tick.instant()];
      if (!row.range) continue;
      for (SysTime at = *row.range->first.instant(); at <= *row.range->last.instant(); at += seconds(1)) ++covered[at];
    }
    for (SysTime at = std::chrono::ceil<seconds>(from + milliseconds(1)); at <= until; at += seconds(1)) {
      EXPECT_EQ(covered[at], 1) << to_iso_utc(at);
    }
  }

  World world_{7};
};

/// A tick is claimed 400 ms ahead and waits at its executor: whatever happens until it is due must find it. One tick, three seconds from
/// now.
class AheadTest : public TimeTest {
 protected:
  AheadTest() {
    advance(std::chrono::ceil<seconds>(now() + milliseconds(1)) - now());
    due_ = now() + seconds(3);
    TaskSpec spec = plan("echo");
    spec.options.max_count = 1;
    spec.options.start = due_;
    id_ = create(std::move(spec));
    advance(seconds(3) - milliseconds(50));
    EXPECT_EQ(world_.get(id_).status, Status::Running) << "it is claimed";
    EXPECT_TRUE(calls(id_).empty());
  }
  void expect_punctual() {
    ASSERT_EQ(calls(id_).size(), 1U);
    EXPECT_GE(world_.history.back().at, due_);
    EXPECT_LE(world_.history.back().at - due_, milliseconds(5));
  }
  SysTime due_;
  TaskId id_;
};

TEST_F(AheadTest, IsCalledWhenItIsDue) {
  advance(milliseconds(49));
  EXPECT_TRUE(calls(id_).empty());
  advance(seconds(5));
  expect_punctual();
  const auto ended = world_.get(id_).latest;
  EXPECT_EQ(ended->begun_at, due_);
  EXPECT_EQ(ended->outcome, Outcome::Success);
}

TEST_F(AheadTest, ACancelBeforeItIsDueIsACancel) {
  EXPECT_TRUE(world_.cancel(id_).cancelled);
  advance(seconds(20));
  EXPECT_TRUE(calls(id_).empty());
  EXPECT_EQ(world_.get(id_).status, Status::Cancel);
  const auto rows = world_.ledger(id_);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].firing->fate, Fate::Cancelled) << "nothing was stopped: nothing had begun";
}

TEST_F(AheadTest, AnExecutorThatStopsBeforeItIsDueHandsItBackInTime) {
  world_.start_executor("b");
  advance(milliseconds(10));
  world_.stop_executor("a");
  advance(seconds(1));
  expect_punctual();
  EXPECT_EQ(world_.history.back().executor.substr(0, 1), "b");
}

TEST_F(AheadTest, AnExecutorThatIsKilledBeforeItIsDueIsReplacedWhenTheLeaseEnds) {
  world_.start_executor("b");
  advance(milliseconds(10));
  world_.kill_executor("a");
  advance(seconds(20));
  ASSERT_EQ(calls(id_).size(), 1U);
  EXPECT_EQ(world_.get(id_).latest->failures, 0U);
  EXPECT_FALSE(world_.get(id_).latest->suspect) << "it cannot have begun";
}

TEST_F(AheadTest, ASchedulerThatIsKilledBeforeItIsDueIsNotMissed) {
  world_.kill_scheduler();
  advance(seconds(1));
  expect_punctual();
  world_.start_scheduler();
  advance(seconds(5));
  EXPECT_EQ(calls(id_).size(), 1U);
  EXPECT_EQ(world_.get(id_).latest->outcome, Outcome::Success);
}

TEST_F(AheadTest, AClockSetBackDoesNotRunItTwice) {
  world_.loop.step_system_clock(-minutes(1));
  advance(minutes(2));
  EXPECT_EQ(calls(id_).size(), 1U);
}

TEST_F(TimeTest, APlanFiresAtEachOfItsTimesAndNotBefore) {
  const SysTime created = now();
  const TaskId id = create(plan("echo"));
  advance(seconds(100) + milliseconds(10));
  const auto dues = calls(id);
  ASSERT_EQ(dues.size(), 100U);
  for (std::size_t i = 0; i < dues.size(); ++i) EXPECT_EQ(dues[i], std::chrono::floor<seconds>(created) + seconds(i + 1));
  for (const auto& call : world_.history) {
    EXPECT_GE(call.at, call.due) << "claimed ahead, sent when it is due";
    EXPECT_LE(call.at - call.due, milliseconds(5));
  }
  EXPECT_TRUE(world_.alerter.counts.empty()) << world_.alerter.last;
}

TEST_F(TimeTest, ATimingFiresOnceAtItsTime) {
  TaskSpec spec = plan("echo", "20270115080130");  // 1,800,000,000 s is 2027-01-15T08:00:00Z
  spec.kind = Kind::Timing;
  const TaskId id = create(spec);
  advance(seconds(89));
  EXPECT_TRUE(calls(id).empty());
  advance(seconds(2));
  EXPECT_EQ(calls(id), (std::vector{from_unix_ms(1'800'000'090'000)}));
  advance(hours(2));
  EXPECT_EQ(calls(id).size(), 1U);
  EXPECT_EQ(world_.get(id).status, Status::Done);
}

TEST_F(TimeTest, ATimingOfTheLastMinuteRunsAtOnceAndAnOlderOneIsRefused) {
  TaskSpec spec = plan("echo", "20270115075900");
  spec.kind = Kind::Timing;
  const TaskId id = create(spec);
  advance(milliseconds(10));
  EXPECT_EQ(calls(id).size(), 1U);
  spec.define = "20270115075859";
  EXPECT_EQ(world_.create(spec).error().field, "define");
}

TEST_F(TimeTest, ARepeatedCreateIsAnsweredAfterItsTimeIsOver) {
  TaskSpec spec = plan("echo", "20270115080030");
  spec.kind = Kind::Timing;
  spec.options.request_id = "mail-1";
  const TaskId id = create(spec);
  advance(minutes(10));
  const auto again = world_.create(spec);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->id, id);
  EXPECT_TRUE(again->existed);
}

TEST_F(TimeTest, AnHourWithoutASchedulerIsOneRangeAndTheNewestTickFires) {
  const SysTime created = now();
  const TaskId id = create(plan("echo"));
  advance(milliseconds(10'500));
  world_.kill_scheduler();
  advance(hours(1));
  const std::size_t before = calls(id).size();
  world_.start_scheduler();
  advance(milliseconds(1'400));
  EXPECT_GT(calls(id).size(), before) << "the first firing comes within 2 s";
  advance(seconds(10));
  EXPECT_EQ(skipped(id, SkipReason::Misfire), 3'599U);
  EXPECT_EQ(std::ranges::count_if(world_.ledger(id), [](const auto& row) { return row.range.has_value(); }), 1);
  expect_one_row_a_tick(id, created, now());
  EXPECT_GE(world_.alerter.counts["ticks_skipped"], 1);
}

TEST_F(TimeTest, MisfireAllFiresEachOfThem) {
  const SysTime created = now();
  TaskSpec spec = plan("echo");
  spec.options.misfire.kind = Misfire::Kind::All;
  spec.options.overlap = Overlap::Allow;
  const TaskId id = create(spec);
  world_.kill_scheduler();
  advance(minutes(5));
  world_.start_scheduler();
  advance(seconds(20) + milliseconds(500));
  EXPECT_EQ(skipped(id, SkipReason::Misfire), 0U);
  EXPECT_EQ(calls(id).size(),
            static_cast<std::size_t>((std::chrono::floor<seconds>(now()) - std::chrono::floor<seconds>(created)) / seconds(1)));
  expect_one_row_a_tick(id, created, now());
}

TEST_F(TimeTest, TicksWithoutAnExecutorAreDecidedWhenOneComes) {
  world_.stop_executor("a");
  const SysTime created = now();
  const TaskId id = create(plan("echo"));
  advance(minutes(10));
  EXPECT_EQ(world_.get(id).armed->wait_reason, WaitReason::NoExecutor);
  world_.start_executor("b");
  advance(seconds(5));
  EXPECT_GE(skipped(id, SkipReason::Misfire), 590U);
  expect_one_row_a_tick(id, created, now());
}

TEST_F(TimeTest, ATickThatIsDueWhileTheOneBeforeItRunsIsSkipped) {
  const SysTime created = now();
  const TaskId id = create(plan("slow"));  // 10 s
  advance(seconds(60));
  EXPECT_GE(skipped(id, SkipReason::Overlap), 50U);
  EXPECT_LE(calls(id).size(), 6U);
  expect_one_row_a_tick(id, created, now());
}

TEST_F(TimeTest, CancelOtherStopsTheOneThatRuns) {
  TaskSpec spec = plan("slow", "0/4 * * * * *");
  spec.options.overlap = Overlap::CancelOther;
  const TaskId id = create(spec);
  advance(seconds(30));
  EXPECT_GE(calls(id).size(), 7U);
  std::uint64_t stopped = 0;
  for (const auto& row : world_.ledger(id)) stopped += row.firing && row.firing->outcome == Outcome::Stopped ? 1 : 0;
  EXPECT_GE(stopped, 5U);
}

TEST_F(TimeTest, BufferAllRunsOneAfterTheOther) {
  TaskSpec spec = plan("slow", "0/5 * * * * *");
  spec.options.overlap = Overlap::BufferAll;
  spec.options.max_count = 6;
  const TaskId id = create(spec);
  advance(seconds(120));
  EXPECT_EQ(calls(id).size(), 6U);
  EXPECT_EQ(skipped(id, SkipReason::Overlap), 0U);
  EXPECT_EQ(world_.get(id).status, Status::Done);
}

TEST_F(TimeTest, APausedPlanSkipsItsTicksAtResume) {
  const SysTime created = now();
  const TaskId id = create(plan("echo"));
  advance(milliseconds(5'500));
  ASSERT_TRUE(world_.pause(id));
  advance(seconds(60));
  EXPECT_EQ(calls(id).size(), 5U);
  ASSERT_TRUE(world_.resume(id));
  advance(seconds(10));
  EXPECT_EQ(skipped(id, SkipReason::Paused), 60U);
  EXPECT_EQ(calls(id).size(), 15U);
  expect_one_row_a_tick(id, created, now());
}

TEST_F(TimeTest, AnUpdateReplacesTheArmedTickAndRaisesTheVersion) {
  const TaskId id = create(plan("echo", "0 0 * * * *"));
  const auto updated = world_.update(id, 1, [](TaskSpec spec) {
    spec.define = "0/10 * * * * *";
    std::get<ServiceTarget>(spec.target).params.data = "[2]";
    return spec;
  });
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->version, 2U);
  EXPECT_EQ(updated->next_due, now() + seconds(10));
  advance(seconds(35));
  EXPECT_EQ(calls(id).size(), 3U);
  EXPECT_EQ(world_.history.back().arguments, "[2]");
  const auto stale = world_.update(id, 1, [](TaskSpec spec) { return spec; });
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, Code::Conflict);
  const auto other_kind = world_.update(id, 0, [](TaskSpec spec) {
    spec.kind = Kind::Timing;
    spec.define = "20300101000000";
    return spec;
  });
  EXPECT_EQ(other_kind.error().field, "kind");
}

TEST_F(TimeTest, AnUpdateOfOptionsLeavesTheTick) {
  const TaskId id = create(plan("echo", "0 0 * * * *"));
  const auto before = world_.get(id).planned;
  ASSERT_TRUE(world_.update(id, 0, [](TaskSpec spec) {
    spec.options.priority = 9;
    return spec;
  }));
  EXPECT_EQ(world_.get(id).planned->id, before->id);
  advance(hours(2) + seconds(1));
  EXPECT_EQ(calls(id).size(), 2U);
}

TEST_F(TimeTest, ABusyPlanCanBeUpdated) {
  const SysTime created = now();
  const TaskId id = create(plan("echo"));
  for (int i = 0; i < 20; ++i) {
    advance(milliseconds(937));
    ASSERT_TRUE(world_.update(id, 0, [i](TaskSpec spec) {
      spec.options.priority = i % 10;
      return spec;
    }));
  }
  advance(seconds(3));
  expect_one_row_a_tick(id, created, now());
  EXPECT_EQ(world_.get(id).task->version, 21U);
}

TEST_F(TimeTest, BackfillRunsEachTickOfAPastRange) {
  const TaskId id = create(plan("echo", "0 0 * * * *"));
  const SysTime to = now() - hours(1);
  const auto dry = world_.backfill({.id = id, .from = to - hours(5), .to = to, .dry_run = true, .request_id = {}});
  ASSERT_TRUE(dry);
  EXPECT_EQ(dry->items.size(), 6U);
  advance(seconds(1));
  EXPECT_TRUE(calls(id).empty());
  const scheduler::BackfillRange range{.id = id, .from = to - hours(5), .to = to, .dry_run = false, .request_id = "b"};
  ASSERT_TRUE(world_.backfill(range));
  const auto again = world_.backfill(range);
  ASSERT_TRUE(again);
  advance(seconds(5));
  EXPECT_EQ(calls(id).size(), 6U) << "a repeat runs nothing twice";
  EXPECT_EQ(again->items[0].firing->tick, Tick::at(to - hours(5)).again(1));
  EXPECT_EQ(world_.backfill({.id = id, .from = to, .to = now() + hours(1), .dry_run = true, .request_id = {}}).error().field, "to");
  EXPECT_EQ(world_.backfill({.id = id, .from = to, .to = to - hours(1), .dry_run = true, .request_id = {}}).error().field, "from");
}

TEST_F(TimeTest, AnOldTickRunsAgain) {
  const TaskId id = create(plan("echo"));
  advance(milliseconds(3'500));
  const Tick old = Tick::at(calls(id).front());
  const auto firing = world_.rerun(id, old);
  ASSERT_TRUE(firing) << firing.error().message;
  EXPECT_EQ(firing->tick, old.again(1));
  advance(milliseconds(100));
  EXPECT_EQ(calls(id).size(), 4U);
  EXPECT_EQ(world_.rerun(id, Tick::at(now() - hours(1))).error().code, Code::NotFound);
}

TEST_F(TimeTest, ClockStepsAreFollowedAndNoTickComesTwiceOrEarly) {
  for (const auto step : {milliseconds(hours(1)), milliseconds(hours(-1)), milliseconds(seconds(-30)), milliseconds(seconds(90))}) {
    World world(3);
    world.start_executor("a", 100);
    TaskSpec spec = plan("echo");
    spec.options.misfire.kind = Misfire::Kind::All;
    spec.options.overlap = Overlap::Allow;
    const auto id = world.create(spec)->id;
    const auto rungs = world.create(ladder("echo", "40"))->id;
    const auto running = world.create(real("slow"))->id;
    world.loop.advance(seconds(3));
    const SysTime before = world.loop.system_now();
    world.loop.step_system_clock(step);
    world.loop.advance(milliseconds(1'100));  // within a second the step is seen
    const std::size_t until_seen = world.history.size();
    world.loop.advance(seconds(60));
    const SysTime after = world.loop.system_now();
    std::map<FiringId, int> seen;
    for (std::size_t i = 0; i < world.history.size(); ++i) {
      const auto& call = world.history[i];
      EXPECT_EQ(++seen[call.id], 1) << call.id.text() << " after a step of " << step.count() << " ms";
      if (call.id.task == id && i >= until_seen) {
        EXPECT_GE(call.at, call.due);
      }
    }
    EXPECT_TRUE(seen.contains({.task = rungs, .tick = Tick::rung(0)})) << "40 s after its creation, whatever the clock says";
    EXPECT_EQ(world.get(running).status, Status::Done) << "it kept its lease";
    if (step > milliseconds(0)) {
      EXPECT_GE(seen.size(), static_cast<std::size_t>((after - before) / seconds(1)) - 10) << "each tick of the time that was jumped over";
    }
    EXPECT_EQ(world.alerter.counts["clock_stepped"], 1);
  }
}

TEST_F(TimeTest, RetentionRemovesWhatIsOld) {
  const TaskId gone = create(real("echo"));
  advance(seconds(1));
  ASSERT_EQ(world_.get(gone).status, Status::Done);
  world_.loop.step_system_clock(std::chrono::days(7));
  advance(minutes(3));
  EXPECT_EQ(world_.counts().tasks, 0U);
}

TEST_F(TimeTest, RetentionOfManyTasksDoesNotTakeARoundOfASecondAShard) {
  constexpr int kTasks = 40 * kShardCount;
  for (int i = 0; i < kTasks; ++i) create(real("echo"));
  advance(seconds(1));
  ASSERT_EQ(world_.counts().tasks, kTasks);
  world_.loop.step_system_clock(std::chrono::days(7));
  advance(seconds(10));
  EXPECT_EQ(world_.counts().tasks, 0U);
}

TEST_F(TimeTest, TenThousandPlansThatWereDownForAnHourFireWithinTwoSeconds) {
  std::vector<TaskId> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(create(plan("echo")));
  advance(milliseconds(2'500));
  world_.kill_scheduler();
  advance(hours(1));
  const SysTime restart = now();
  world_.history.clear();
  world_.start_scheduler();
  advance(seconds(2));
  std::map<TaskId, int> first;
  for (const auto& call : world_.history) ++first[call.id.task];
  EXPECT_EQ(first.size(), ids.size()) << "each plan has fired by " << to_iso_utc(restart + seconds(2));
  for (const auto& id : ids) {
    std::uint64_t ranges = 0;
    for (const auto& row : world_.ledger(id)) ranges += row.range ? 1 : 0;
    EXPECT_EQ(ranges, 1U);
  }
}

}  // namespace
}  // namespace meepo::test
