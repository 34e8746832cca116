#include "base/ids.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <set>

namespace meepo {
namespace {

constexpr std::int64_t kTimeMaxMs = (std::int64_t{1} << 44U) - 1;

TEST(TaskId, Make_WritesShardTimeAndRandomHighBitsFirst) {
  EXPECT_EQ(TaskId::make(0, from_unix_ms(0), 0).text(), "0000000000000000000");
  EXPECT_EQ(TaskId::make(0, from_unix_ms(0), 1).text(), "0000000000000000001");
  EXPECT_EQ(TaskId::make(0, from_unix_ms(1), 0).text(), "0000000001000000000");
  EXPECT_EQ(TaskId::make(2, from_unix_ms(0), 0).text(), "1000000000000000000");
  EXPECT_EQ(TaskId::make(63, from_unix_ms(kTimeMaxMs), std::numeric_limits<std::uint64_t>::max()).text(), "zzzzzzzzzzzzzzzzzzz");
}

RC_GTEST_PROP(TaskId, Parse_ReadsWhatMakeWrites, (std::uint64_t random)) {
  const auto shard = *rc::gen::inRange<int>(0, kShardCount);
  const auto ms = *rc::gen::inRange<std::int64_t>(0, kTimeMaxMs + 1);
  const TaskId id = TaskId::make(static_cast<Shard>(shard), from_unix_ms(ms), random);
  const auto parsed = TaskId::parse(id.text());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == id);
  RC_ASSERT(parsed->shard() == shard);
  RC_ASSERT(to_unix_ms(parsed->created()) == ms);
}

RC_GTEST_PROP(TaskId, SortsByTimeWithinAShard, (std::uint64_t random_a, std::uint64_t random_b)) {
  const auto shard = static_cast<Shard>(*rc::gen::inRange<int>(0, kShardCount));
  const auto earlier = *rc::gen::inRange<std::int64_t>(0, kTimeMaxMs);
  const auto later = *rc::gen::inRange<std::int64_t>(earlier + 1, kTimeMaxMs + 1);
  RC_ASSERT(TaskId::make(shard, from_unix_ms(earlier), random_a) < TaskId::make(shard, from_unix_ms(later), random_b));
}

TEST(TaskId, Make_ClampsTimesThatDoNotFit) {
  EXPECT_EQ(to_unix_ms(TaskId::make(7, from_unix_ms(-1), 5).created()), 0);
  EXPECT_EQ(to_unix_ms(TaskId::make(7, from_unix_ms(kTimeMaxMs + 1), 5).created()), kTimeMaxMs);
  EXPECT_EQ(TaskId::make(7, from_unix_ms(kTimeMaxMs + 1), 5).shard(), 7);
}

// 64 shards fill 6 bits and the three parts fill all 95, so 19 digits of any kind are an id of some shard below 64.
TEST(TaskId, Parse_TakesEveryTextOf19DigitsAsOneOf64Shards) {
  for (const char first : std::string_view("0123456789abcdefghjkmnpqrstvwxyz")) {
    for (const char second : std::string_view("0fgz")) {
      const std::string text = std::string{first, second} + std::string(17, 'z');
      const auto id = TaskId::parse(text);
      ASSERT_TRUE(id.has_value()) << text;
      EXPECT_LT(id->shard(), kShardCount);
      EXPECT_EQ(TaskId::make(id->shard(), id->created(), (std::uint64_t{1} << 45U) - 1).text(), text);
    }
  }
}

TEST(TaskId, Parse_RefusesWhatMakeCannotWrite) {
  const std::string good = "0123456789abcdefghj";
  ASSERT_TRUE(TaskId::parse(good).has_value());
  std::vector<std::string> bad = {
      "", "0", good.substr(1), good + "0", " " + good.substr(1), std::string(19, '\0'), std::string(19, '\xff')};
  for (const char c : std::string_view("ilouABCZ-_@+ ./\n")) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{9}, std::size_t{18}}) {
      std::string text = good;
      text[place] = c;
      bad.push_back(text);
    }
  }
  for (const std::string& text : bad) {
    const auto id = TaskId::parse(text);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error().code, Code::InvalidArgument);
    EXPECT_EQ(id.error().field, "id");
  }
}

TEST(TaskId, Parse_QuotesTheTextCutAndEscaped) {
  EXPECT_EQ(TaskId::parse("a\nb").error().message, R"(read task id "a\nb": expected 19 characters of 0-9 and a-z without i, l, o, u)");
  EXPECT_LT(TaskId::parse(std::string(1'000'000, 'x')).error().message.size(), 200);
}

TEST(Tick, WritesItsFiveForms) {
  EXPECT_EQ(Tick::real().text(), "0");
  EXPECT_EQ(Tick::rung(12).text(), "r12");
  EXPECT_EQ(Tick::at(from_unix_ms(1'700'000'000'123)).text(), "1700000000123");
  EXPECT_EQ(Tick::at(from_unix_ms(-5)).text(), "-5");
  EXPECT_EQ(Tick::by_hand(3).text(), "m3");
}

TEST(Tick, Parse_TakesAllFormsUpToTheirLimits) {
  for (const std::string_view text :
       {"0", "r0", "r4294967295", "1", "1700000000123", "9223372036854775807", "-1", "-9223372036854775808", "m0", "m18446744073709551615",
        "0+1", "r3+2", "1700000000123+4294967295", "-9223372036854775808+4294967295", "m7+1"}) {
    const auto tick = Tick::parse(text);
    ASSERT_TRUE(tick.has_value()) << text;
    EXPECT_EQ(tick->text(), text);
  }
}

TEST(Tick, Parse_RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      " ",
                                      "00",
                                      "01",
                                      "r",
                                      "r01",
                                      "r-1",
                                      "r 1",
                                      "r4294967296",
                                      "r18446744073709551616",
                                      "m",
                                      "m01",
                                      "m-1",
                                      "m18446744073709551616",
                                      "-",
                                      "-0",
                                      "-01",
                                      "--1",
                                      "+1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "0+",
                                      "0+0",
                                      "0+01",
                                      "0+-1",
                                      "0+1+1",
                                      "0+4294967296",
                                      "r1r2",
                                      "x1",
                                      "R1",
                                      "1 ",
                                      "1\n",
                                      "1e3",
                                      "0x1",
                                      "1.0"}) {
    const auto tick = Tick::parse(text);
    ASSERT_FALSE(tick.has_value()) << text;
    EXPECT_EQ(tick.error().code, Code::InvalidArgument);
    EXPECT_EQ(tick.error().field, "tick");
  }
}

TEST(Tick, RungIndex_IsOnlyThatOfAPlannedRung) {
  EXPECT_EQ(Tick::rung(4294967295).rung_index(), 4294967295);
  EXPECT_EQ(Tick::parse("r3+1")->rung_index(), std::nullopt);
  EXPECT_EQ(Tick::parse("m3")->rung_index(), std::nullopt);
  EXPECT_EQ(Tick::real().rung_index(), std::nullopt);
  EXPECT_TRUE(Tick::by_hand(1).is_by_hand());
  EXPECT_FALSE(Tick::rung(1).is_by_hand());
  EXPECT_TRUE(Tick().is_real());
}

RC_GTEST_PROP(FiringId, Parse_ReadsWhatTextWrites, (std::uint64_t random, std::uint32_t number, std::int64_t due)) {
  const Tick tick = *rc::gen::element(Tick::real(), Tick::rung(number), Tick::at(from_unix_ms(due)), Tick::by_hand(random));
  const FiringId id{.task = TaskId::make(9, from_unix_ms(1'700'000'000'000), random), .tick = tick};
  const auto parsed = FiringId::parse(id.text());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == id);
}

TEST(FiringId, Parse_RefusesWrongParts) {
  const std::string task = "0123456789abcdefghj";
  const std::pair<std::string, std::string> cases[] = {{task, "firing"},     {"", "firing"},          {"@0", "id"},
                                                       {task + "@", "tick"}, {task + "@0@0", "tick"}, {"x@0", "id"}};
  for (const auto& [text, field] : cases) {
    const auto id = FiringId::parse(text);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error().field, field) << text;
  }
}

RC_GTEST_PROP(RunToken, Parse_ReadsWhatTextWrites, (std::uint64_t high, std::uint64_t low)) {
  const RunToken token{.high = high, .low = low};
  RC_ASSERT(token.text().size() == 32U);
  RC_ASSERT((RunToken::parse(token.text()) == Result<RunToken>(token)));
}

RC_GTEST_PROP(Fence, OrdersByGenerationThenOwner, (std::uint64_t generation, std::uint64_t owner)) {
  const Fence fence = Fence::make(generation, owner);
  RC_ASSERT((Fence::parse(fence.text()) == Result<Fence>(fence)));
  if (owner < std::numeric_limits<std::uint64_t>::max()) RC_ASSERT(fence < Fence::make(generation, owner + 1));
  if (generation < std::numeric_limits<std::uint64_t>::max()) RC_ASSERT(fence < Fence::make(generation + 1, 0));
}

TEST(RunTokenAndFence, Parse_RefuseOtherThan32LowerCaseHexDigits) {
  const std::string good(32, 'a');
  ASSERT_TRUE(RunToken::parse(good).has_value());
  ASSERT_TRUE(Fence::parse(good).has_value());
  for (const std::string& text :
       {std::string(), good.substr(1), good + "a", "A" + good.substr(1), good.substr(1) + "g", " " + good.substr(1)}) {
    EXPECT_FALSE(RunToken::parse(text).has_value()) << text;
    EXPECT_FALSE(Fence::parse(text).has_value()) << text;
  }
  EXPECT_EQ(RunToken::parse("x").error().field, "runToken");
  EXPECT_EQ(Fence::parse("x").error().field, "fence");
}

TEST(ShardOfKey, SpreadsKeysOverAllShardsAndNeverChanges) {
  std::set<Shard> shards;
  for (int i = 0; i < 1000; ++i) shards.insert(shard_of_key("billing", "order-" + std::to_string(i)));
  EXPECT_EQ(shards.size(), static_cast<std::size_t>(kShardCount));
  EXPECT_EQ(shard_of_key("billing", "order-1"), 42) << "tasks of running systems would move to other shards";
  EXPECT_NE(shard_of_key("ab", "c"), shard_of_key("a", "bc"));
}

TEST(ShardOfRequest, CountsWhatStandsInBraces) {
  const Shard together = shard_of_key("billing", "import-7");
  for (const std::string_view id : {"import-7", "{import-7}1", "{import-7}2", "row 3 of {import-7}{x}"}) {
    EXPECT_EQ(shard_of_request("billing", id), together) << id;
  }
  for (const std::string_view id : {"", "{}1", "}{", "a}b{c", "{import-7"})
    EXPECT_EQ(shard_of_request("billing", id), shard_of_key("billing", id)) << id;
}

TEST(ChainedTaskId, IsTheSameForTheSameFiringAndStaysInItsShard) {
  const FiringId parent{.task = TaskId::make(42, from_unix_ms(1'700'000'000'000), 1), .tick = Tick::rung(2)};
  const SysTime due = from_unix_ms(1'700'000'002'000);
  const TaskId id = chained_task_id(parent, due);
  EXPECT_EQ(id, chained_task_id(parent, due));
  EXPECT_EQ(id.shard(), 42);
  EXPECT_EQ(id.created(), due);
  EXPECT_NE(id, chained_task_id({.task = parent.task, .tick = Tick::rung(3)}, due));
}

}  // namespace
}  // namespace meepo
