#include "task/ticks.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace meepo {
namespace {

using std::chrono::seconds;

constexpr SysTime kCreated = from_unix_ms(1'700'000'000'250);

Task task_of(Kind kind, std::string define) {
  Task task{.id = TaskId::make(3, kCreated, 7), .created = kCreated};
  task.spec.kind = kind;
  task.spec.define = std::move(define);
  return task;
}

std::vector<std::string> ticks_of(const Task& task) {
  std::vector<std::string> ticks;
  for (std::optional<DueTick> tick = first_tick(task); tick; tick = next_tick(task, tick->tick)) {
    ticks.push_back(tick->tick.text() + "@" + std::to_string((tick->due - kCreated).count()));
  }
  return ticks;
}

TEST(Ladder, Parse_TakesNumbersInAnyOrderWithBlanks) {
  const std::pair<std::string_view, std::vector<seconds>> cases[] = {
      {"0", {seconds(0)}},
      {"0,1,3,5,10", {seconds(0), seconds(1), seconds(3), seconds(5), seconds(10)}},
      {" 5 ,\t3,3 , 0", {seconds(5), seconds(3), seconds(3), seconds(0)}},
      {"007", {seconds(7)}},
      {"31622400", {seconds(31'622'400)}}};
  for (const auto& [define, offsets] : cases) {
    const auto parsed = parse_ladder(define);
    ASSERT_TRUE(parsed.has_value()) << define << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, offsets) << define;
  }
}

TEST(Ladder, Parse_RefusesEverythingElseNamingTheRung) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "define is \"\": expected whole seconds"},
      {"  ", "define is \"  \": expected whole seconds"},
      {",", "rung 1 is \"\""},
      {"1,", "rung 2 is \"\""},
      {"1,,2", "rung 2 is \"\""},
      {"1,-2", "rung 2 is \"-2\""},
      {"+1", "rung 1 is \"+1\""},
      {"1.5", "rung 1 is \"1.5\""},
      {"1 2", "rung 1 is \"1 2\""},
      {"1;2", "rung 1 is \"1;2\""},
      {"1s", "rung 1 is \"1s\""},
      {"0x10", "rung 1 is \"0x10\""},
      {"1\n", "rung 1 is \"1\\n\""},
      {"0,31622401", "rung 2 is \"31622401\": expected at most 31622400 seconds (366 days)"},
      {"99999999999999999999999", "expected at most 31622400"}};
  for (const auto& [define, part] : cases) {
    const auto parsed = parse_ladder(define);
    ASSERT_FALSE(parsed.has_value()) << define;
    EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
    EXPECT_EQ(parsed.error().field, "define");
    EXPECT_NE(parsed.error().message.find(part), std::string::npos) << parsed.error().message;
  }
}

TEST(Ladder, Parse_TakesAThousandRungsAndNotOneMore) {
  std::string define = "0";
  for (std::size_t i = 1; i < limits::kLadderRungsMax; ++i) define += "," + std::to_string(i);
  ASSERT_TRUE(parse_ladder(define).has_value());
  EXPECT_EQ(parse_ladder(define)->size(), limits::kLadderRungsMax);
  const auto parsed = parse_ladder(define + ",1000");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_NE(parsed.error().message.find("1001 rungs: expected at most 1000"), std::string::npos) << parsed.error().message;
}

TEST(Ticks, RealHasOneAtItsCreation) {
  const Task task = task_of(Kind::Real, "");
  EXPECT_EQ(ticks_of(task), std::vector<std::string>{"0@0"});
  EXPECT_EQ(ticks_from(task, Tick::real()), (TickRange{.first = Tick::real(), .last = Tick::real(), .count = 1}));
}

TEST(Ticks, LadderFollowsDueAndForEqualOffsetsTheWrittenOrder) {
  const Task task = task_of(Kind::Ladder, "3,0,1,3,0");
  EXPECT_EQ(ticks_of(task), (std::vector<std::string>{"r1@0", "r4@0", "r2@1000", "r0@3000", "r3@3000"}));
  EXPECT_EQ(ticks_from(task, Tick::rung(2)), (TickRange{.first = Tick::rung(2), .last = Tick::rung(3), .count = 3}));
  EXPECT_EQ(ticks_from(task, Tick::rung(3)), (TickRange{.first = Tick::rung(3), .last = Tick::rung(3), .count = 1}));
}

TEST(Ticks, ByHandAndRerunsAndOtherKindsTicksHaveNoneAfterThem) {
  const Task ladder = task_of(Kind::Ladder, "0,1,2");
  const Task real = task_of(Kind::Real, "");
  for (const std::string_view text : {"m0", "m1", "r0+1", "0", "r3", "1700000000000"}) {
    EXPECT_EQ(next_tick(ladder, *Tick::parse(text)), std::nullopt) << text;
    EXPECT_EQ(ticks_from(ladder, *Tick::parse(text)), std::nullopt) << text;
  }
  for (const std::string_view text : {"m0", "0+1", "r0"}) {
    EXPECT_EQ(next_tick(real, *Tick::parse(text)), std::nullopt) << text;
    EXPECT_EQ(ticks_from(real, *Tick::parse(text)), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Ticks, LadderFiresEachRungOnceInDueOrder, ()) {
  const auto offsets = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20)));
  std::string define;
  for (const int offset : offsets) define += (define.empty() ? "" : ",") + std::to_string(offset);
  const Task task = task_of(Kind::Ladder, define);
  std::vector<std::pair<SysTime, std::uint32_t>> seen;
  for (std::optional<DueTick> tick = first_tick(task); tick; tick = next_tick(task, tick->tick)) {
    const auto index = tick->tick.rung_index();
    RC_ASSERT(index.has_value());
    RC_ASSERT((tick->due == kCreated + seconds(offsets.at(*index))));
    const auto left = ticks_from(task, tick->tick);
    RC_ASSERT(left.has_value());
    RC_ASSERT(left->count == offsets.size() - seen.size());
    seen.emplace_back(tick->due, *index);
  }
  RC_ASSERT(seen.size() == offsets.size());
  RC_ASSERT(std::is_sorted(seen.begin(), seen.end()));
}

}  // namespace
}  // namespace meepo
