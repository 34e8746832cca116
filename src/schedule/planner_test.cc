#include "schedule/planner.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/limits.h"

namespace meepo::schedule {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

SysTime at(std::string_view iso) { return parse_iso(iso).value(); }
const SysTime kCreated = at("2026-11-26T10:00:00.250Z");

Task task_of(Kind kind, std::string define) {
  Task task{.id = TaskId::make(3, kCreated, 7), .created = kCreated};
  task.spec.kind = kind;
  task.spec.define = std::move(define);
  task.spec.options.zone = "UTC";
  return task;
}
Task plan(std::string define = "* * * * * *") { return task_of(Kind::Plan, std::move(define)); }

DueTick tick(std::string_view iso) { return {.tick = Tick::at(at(iso)), .due = at(iso)}; }

TEST(Planner, FirstTick) {
  Planner planner;
  EXPECT_EQ(planner.first(task_of(Kind::Real, "")), (DueTick{.tick = Tick::real(), .due = kCreated}));
  EXPECT_EQ(planner.first(task_of(Kind::Ladder, "5,1")), (DueTick{.tick = Tick::rung(1), .due = kCreated + seconds(1)}));
  EXPECT_EQ(planner.first(task_of(Kind::Timing, "20261126120000")), tick("2026-11-26T12:00:00Z"));
  EXPECT_EQ(planner.first(plan()), tick("2026-11-26T10:00:01Z"));
  Task shanghai = task_of(Kind::Timing, "20261126200000");
  shanghai.spec.options.zone = "Asia/Shanghai";
  EXPECT_EQ(planner.first(shanghai), tick("2026-11-26T12:00:00Z"));
  Task later = plan("0 0 12 * * *");
  later.spec.options.start = at("2027-01-01T12:00:00Z");
  EXPECT_EQ(planner.first(later), tick("2027-01-01T12:00:00Z")) << "the start itself counts";
}

TEST(Planner, ATimingMayBeAMinuteOldAndNoMore) {
  Planner planner;
  EXPECT_EQ(planner.first(task_of(Kind::Timing, "20261126095901")), tick("2026-11-26T09:59:01Z"));
  const auto refused = planner.first(task_of(Kind::Timing, "20261126095900"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::InvalidArgument);
  EXPECT_EQ(refused.error().field, "define");
  EXPECT_NE(refused.error().message.find("not more than 60 s ago; it is 2026-11-26T10:00:00.250+00:00 now"), std::string::npos)
      << refused.error().message;
}

TEST(Planner, APlanThatNeverFiresIsRefused) {
  Planner planner;
  EXPECT_FALSE(planner.first(plan("0 0 0 30 2 ?")));
  Task ended = plan("0 0 12 * * *");
  ended.spec.options.end = at("2026-11-26T11:59:59Z");
  EXPECT_FALSE(planner.first(ended));
  ended.spec.options.end = at("2026-11-26T12:00:00Z");
  EXPECT_EQ(planner.first(ended), tick("2026-11-26T12:00:00Z")) << "the end itself counts";
}

TEST(Planner, NextTick) {
  Planner planner;
  EXPECT_EQ(planner.next(plan(), tick("2026-11-26T10:00:01Z")), tick("2026-11-26T10:00:02Z"));
  EXPECT_EQ(planner.next(plan("0 0 0 L * ?"), tick("2026-11-30T00:00:00Z")), tick("2026-12-31T00:00:00Z"));
  EXPECT_EQ(planner.next(task_of(Kind::Timing, "20261126120000"), tick("2026-11-26T12:00:00Z")), std::nullopt);
  EXPECT_EQ(planner.next(plan(), {.tick = Tick::by_hand(1), .due = kCreated}), std::nullopt);
  EXPECT_EQ(planner.next(plan(), {.tick = Tick::at(kCreated).again(1), .due = kCreated}), std::nullopt);
  Task ends = plan();
  ends.spec.options.end = at("2026-11-26T10:00:02Z");
  EXPECT_EQ(planner.next(ends, tick("2026-11-26T10:00:01Z")), tick("2026-11-26T10:00:02Z"));
  EXPECT_EQ(planner.next(ends, tick("2026-11-26T10:00:02Z")), std::nullopt);
  Task once = plan("0 30 1 * * *");
  once.spec.options.zone = "America/New_York";
  EXPECT_EQ(planner.next(once, tick("2026-11-01T05:30:00Z")), tick("2026-11-01T06:30:00Z"));
  once.spec.options.dst = DstRule::Once;
  EXPECT_EQ(planner.next(once, tick("2026-11-01T05:30:00Z")), tick("2026-11-02T06:30:00Z"));
}

TEST(Planner, ARungFollowsTheOneBeforeItWhereverThatWasMoved) {
  Planner planner;
  const Task ladder = task_of(Kind::Ladder, "10,0,40,40");
  EXPECT_EQ(planner.next(ladder, {.tick = Tick::rung(1), .due = kCreated}),
            (DueTick{.tick = Tick::rung(0), .due = kCreated + seconds(10)}));
  const SysTime moved = kCreated + seconds(10) - hours(1);
  EXPECT_EQ(planner.next(ladder, {.tick = Tick::rung(0), .due = moved}), (DueTick{.tick = Tick::rung(2), .due = moved + seconds(30)}));
  EXPECT_EQ(planner.next(ladder, {.tick = Tick::rung(3), .due = kCreated + seconds(40)}), std::nullopt);
}

TEST(Planner, JitterDelaysByUpToItsSizeAndIsAlwaysTheSame) {
  Planner planner;
  Task task = plan();
  task.spec.options.jitter = milliseconds(10'000);
  std::set<milliseconds> seen;
  DueTick last = planner.first(task).value();
  for (int i = 0; i < 200; ++i) {
    const auto next = planner.next(task, last);
    ASSERT_TRUE(next);
    EXPECT_EQ(*next->tick.instant(), *last.tick.instant() + seconds(1)) << "the tick's name has no jitter";
    const milliseconds delay = next->due - *next->tick.instant();
    EXPECT_GE(delay, milliseconds(0));
    EXPECT_LE(delay, milliseconds(10'000));
    EXPECT_EQ(planner.next(task, last), next);
    seen.insert(delay);
    last = *next;
  }
  EXPECT_GT(seen.size(), 150U);
}

TEST(Planner, TheTickAtOrBefore) {
  Planner planner;
  const Task daily = plan("0 0 12 * * *");
  EXPECT_EQ(planner.at_or_before(daily, at("2026-11-26T11:59:59Z")), std::nullopt) << "none before its creation";
  EXPECT_EQ(planner.at_or_before(daily, at("2026-11-26T12:00:00Z")), tick("2026-11-26T12:00:00Z"));
  EXPECT_EQ(planner.at_or_before(daily, at("2026-12-05T01:00:00Z")), tick("2026-12-04T12:00:00Z"));
  const Task timing = task_of(Kind::Timing, "20261126120000");
  EXPECT_EQ(planner.at_or_before(timing, at("2026-11-26T11:59:59Z")), std::nullopt);
  EXPECT_EQ(planner.at_or_before(timing, at("2027-01-01T00:00:00Z")), tick("2026-11-26T12:00:00Z"));
  const Task ladder = task_of(Kind::Ladder, "0,5,10");
  EXPECT_EQ(planner.at_or_before(ladder, kCreated + seconds(7))->tick, Tick::rung(1));
}

TEST(Planner, TicksOfARange) {
  Planner planner;
  const auto ticks = planner.between(plan("0 0 * * * *"), at("2026-01-01T00:00:00Z"), at("2026-01-01T02:00:00Z"), 10);
  EXPECT_EQ(ticks, (std::vector{tick("2026-01-01T00:00:00Z"), tick("2026-01-01T01:00:00Z"), tick("2026-01-01T02:00:00Z")}));
  EXPECT_EQ(planner.between(plan(), at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"), 5).size(), 5U);
}

// ---- what becomes of ticks that wait -------------------------------------------------------------------------------------------

struct Late {
  const char* what;
  Misfire misfire;
  const char* now;             ///< the armed tick is that of 10:00:01, one a second
  std::uint64_t skipped;
  const char* next;            ///< "": nothing is skipped
};

TEST(Planner, MisfireOfAPlan) {
  Planner planner;
  using enum Misfire::Kind;
  const auto window = [](Misfire::Kind kind, seconds size, std::uint32_t max = 0) {
    return Misfire{.kind = kind, .max = max, .window = size};
  };
  for (const auto& late : {
           Late{"on time", {}, "2026-11-26T10:00:01Z", 0, ""},
           Late{"a minute late, each fires", {}, "2026-11-26T10:01:01Z", 0, ""},
           Late{"an hour late, the newest fires", {}, "2026-11-26T11:00:01Z", 3'600, "2026-11-26T11:00:01Z"},
           Late{"just over a minute late", {}, "2026-11-26T10:01:01.001Z", 60, "2026-11-26T10:01:01Z"},
           Late{"skip, a minute late", window(Skip, seconds(0)), "2026-11-26T10:01:01Z", 0, ""},
           Late{"skip, later", window(Skip, seconds(0)), "2026-11-26T10:01:01.001Z", 61, "2026-11-26T10:01:02Z"},
           Late{"skip after 5 s", window(Skip, seconds(5)), "2026-11-26T10:00:06.500Z", 6, "2026-11-26T10:00:07Z"},
           Late{"all", window(All, seconds(0)), "2026-11-27T10:00:01Z", 0, ""},
           Late{"all, at most 10", window(All, seconds(0), 10), "2026-11-26T11:00:01Z", 3'591, "2026-11-26T10:59:52Z"},
           Late{"all, at most 10, a minute late", window(All, seconds(0), 10), "2026-11-26T10:01:01Z", 0, ""},
           Late{"all, at most 10, of fewer", window(All, seconds(0), 100'000), "2026-11-26T11:00:01Z", 0, ""},
           Late{"all of the last 5 minutes", window(All, seconds(300)), "2026-11-26T11:00:01Z", 3'300, "2026-11-26T10:55:01Z"},
           Late{"all of the last 5 minutes, at most 10", window(All, seconds(300), 10), "2026-11-26T11:00:01Z", 3'591,
                "2026-11-26T10:59:52Z"},
           Late{"once, within its window", window(Once, seconds(5)), "2026-11-26T11:00:01Z", 3'600, "2026-11-26T11:00:01Z"},
           Late{"a window shorter than a minute", window(Once, seconds(5)), "2026-11-26T10:00:11Z", 5, "2026-11-26T10:00:06Z"},
       }) {
    Task task = plan();
    task.spec.options.misfire = late.misfire;
    const DueTick armed = tick("2026-11-26T10:00:01Z");
    const auto answer = planner.catch_up(task, armed, armed.due, at(late.now));
    ASSERT_EQ(answer.has_value(), late.skipped > 0) << late.what;
    if (!answer) continue;
    EXPECT_EQ(answer->skipped.count, late.skipped) << late.what;
    EXPECT_EQ(answer->skipped.first, armed.tick) << late.what;
    EXPECT_EQ(answer->skipped.last, Tick::at(at("2026-11-26T10:00:00Z") + seconds(late.skipped))) << late.what;
    EXPECT_EQ(answer->next, tick(late.next)) << late.what;
    EXPECT_EQ(answer->reason, SkipReason::Misfire) << late.what;
  }
}

TEST(Planner, AnOldTickWithoutASuccessorBeforeNow) {
  Planner planner;
  Task daily = plan("0 0 12 * * *");
  const DueTick armed = tick("2026-11-26T12:00:00Z");
  EXPECT_EQ(planner.catch_up(daily, armed, armed.due, at("2026-11-26T20:00:00Z")), std::nullopt)
      << "the newest waiting tick is the armed one";
  daily.spec.options.misfire.window = hours(1);
  const CatchUp expected{.skipped = {.first = armed.tick, .last = armed.tick, .count = 1},
                         .reason = SkipReason::Misfire,
                         .next = tick("2026-11-27T12:00:00Z")};
  EXPECT_EQ(planner.catch_up(daily, armed, armed.due, at("2026-11-26T20:00:00Z")), expected);
  daily.spec.options.end = at("2026-11-27T00:00:00Z");
  EXPECT_EQ(planner.catch_up(daily, armed, armed.due, at("2026-11-26T20:00:00Z"))->next, std::nullopt);
}

TEST(Planner, LaddersAndTimingsRunHoweverLateUnlessTheySaySo) {
  Planner planner;
  Task ladder = task_of(Kind::Ladder, "0,1,2,7200");
  const DueTick armed{.tick = Tick::rung(0), .due = kCreated};
  const SysTime later = kCreated + hours(1);
  EXPECT_EQ(planner.catch_up(ladder, armed, armed.due, later), std::nullopt);
  ladder.spec.options.misfire.kind = Misfire::Kind::Once;
  const auto once = planner.catch_up(ladder, armed, armed.due, later);
  ASSERT_TRUE(once);
  EXPECT_EQ(once->skipped, (TickRange{.first = Tick::rung(0), .last = Tick::rung(1), .count = 2}));
  EXPECT_EQ(once->next->tick, Tick::rung(2));
  ladder.spec.options.misfire.kind = Misfire::Kind::Skip;
  const auto none = planner.catch_up(ladder, armed, armed.due, later);
  EXPECT_EQ(none->skipped.count, 3U);
  EXPECT_EQ(none->next->tick, Tick::rung(3));
  Task timing = task_of(Kind::Timing, "20261126120000");
  timing.spec.options.misfire.kind = Misfire::Kind::Skip;
  const DueTick noon = tick("2026-11-26T12:00:00Z");
  EXPECT_EQ(planner.catch_up(timing, noon, noon.due, noon.due + limits::kMisfireAfter), std::nullopt);
  EXPECT_EQ(planner.catch_up(timing, noon, noon.due, noon.due + seconds(61))->next, std::nullopt);
}

TEST(Planner, OverlapOfTicksThatWaited) {
  Planner planner;
  Task task = plan();
  const DueTick armed = tick("2026-11-26T10:00:01Z");
  const SysTime let_go = at("2026-11-26T10:30:00Z");
  task.spec.options.overlap = Overlap::BufferAll;
  const auto full = planner.catch_up(task, armed, let_go, let_go);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->skipped.count, 1'799U - (limits::kBufferedTicksMax - 1));
  EXPECT_EQ(full->reason, SkipReason::Overlap);
  EXPECT_EQ(planner.catch_up(task, *full->next, let_go, let_go), std::nullopt) << "1,000 are left";
  task.spec.options.overlap = Overlap::CancelOther;
  EXPECT_EQ(planner.catch_up(task, armed, let_go, let_go)->next, tick("2026-11-26T10:30:00Z"));
  task.spec.options.overlap = Overlap::BufferOne;
  EXPECT_EQ(planner.catch_up(task, armed, let_go, let_go), std::nullopt) << "the store knows what came due while one waited";
}

TEST(Planner, TicksOfAPauseAreSkipped) {
  Planner planner;
  const Task task = plan();
  const DueTick armed = tick("2026-11-26T10:00:01Z");
  const CatchUp expected{.skipped = {.first = armed.tick, .last = Tick::at(at("2026-11-26T10:05:00Z")), .count = 300},
                         .reason = SkipReason::Paused,
                         .next = tick("2026-11-26T10:05:01Z")};
  EXPECT_EQ(planner.paused(task, armed, at("2026-11-26T10:05:00.500Z")), expected);
  EXPECT_EQ(planner.paused(task, armed, at("2026-11-26T10:00:00.999Z")), std::nullopt);
  EXPECT_EQ(planner.paused(task_of(Kind::Ladder, "0,1"), {.tick = Tick::rung(0), .due = kCreated}, kCreated + hours(1)), std::nullopt);
}

TEST(Planner, AnArmedTickOfTheScheduleBefore) {
  Planner planner;
  const Task hourly = plan("0 0 * * * *");
  const DueTick armed = tick("2026-11-26T10:00:01Z");
  const auto answer = planner.catch_up(hourly, armed, armed.due, at("2026-11-26T12:30:00Z"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->skipped, (TickRange{.first = armed.tick, .last = Tick::at(at("2026-11-26T11:00:00Z")), .count = 2}));
  EXPECT_EQ(answer->next, tick("2026-11-26T12:00:00Z"));
}

}  // namespace
}  // namespace meepo::schedule
