#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

SysTime at(const char* iso) { return parse_iso(iso).value(); }
Expression parsed(const char* text) { return Expression::parse(text).value(); }

TEST(Count, IsWhatNextFindsOneByOne) {
  static const std::vector<const char*> kExpressions = {"* * * * * *",    "0 * * * * *",     "0 0/7 * * * *",  "*/20 5,30 9-17 * * MON-FRI",
                                                        "0 30 1 * * *",   "0 30 2 * * *",    "0 0 0 * * *",    "59 59 23 * * *",
                                                        "0 0 0/3 L * ?",  "0 0 12 1W * ?",   "0 0 0 13 * FRI", "0 0 0 30 2 ?",
                                                        "0 15 10 29 2 ?", "0 0/30 0-3 * * *"};
  static const std::vector<const char*> kZones = {"UTC", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Africa/Cairo"};
  EXPECT_TRUE(rc::check("count() and last() agree with next()", [] {
    const auto expression = parsed(*rc::gen::elementOf(kExpressions));
    const auto zone = Zone::find(*rc::gen::elementOf(kZones)).value();
    const auto dst = *rc::gen::element(Dst::Spring, Dst::Once);
    // From 2023 to 2027; a few hours or some weeks.
    const SysTime after = at("2023-01-01T00:00:00Z") + milliseconds(*rc::gen::inRange<std::int64_t>(0, 4LL * 366 * 86'400'000));
    const bool every_second = expression.text() == "* * * * * *";
    const SysTime until = after + milliseconds(*rc::gen::inRange<std::int64_t>(-5'000, every_second ? 20'000'000 : 40LL * 86'400'000));
    std::uint64_t count = 0;
    std::optional<SysTime> last;
    for (auto time = expression.next(after, zone, dst); time && *time <= until; time = expression.next(*time, zone, dst)) {
      ++count;
      last = time;
    }
    RC_ASSERT(expression.count(after, until, zone, dst) == count);
    RC_ASSERT(expression.last(after, until, zone, dst) == last);
  }));
}

TEST(Count, LongStretches) {
  const auto new_york = Zone::find("America/New_York").value();
  const SysTime begin = at("2025-12-31T23:59:59Z");
  const SysTime year_later = at("2026-12-31T23:59:59Z");
  EXPECT_EQ(parsed("* * * * * *").count(begin, year_later, new_york, Dst::Spring), 365U * 86'400U);
  EXPECT_EQ(parsed("0 0 9 * * *").count(begin, year_later, new_york, Dst::Spring), 365U);
  EXPECT_EQ(parsed("0 30 2 * * *").count(begin, year_later, new_york, Dst::Spring), 364U) << "not in the gap of 8 March";
  EXPECT_EQ(parsed("0 30 1 * * *").count(begin, year_later, new_york, Dst::Spring), 366U) << "twice in the fold of 1 November";
  EXPECT_EQ(parsed("0 30 1 * * *").count(begin, year_later, new_york, Dst::Once), 365U);
  EXPECT_EQ(parsed("0 0 0 30 2 ?").count(begin, at("9999-01-01T00:00:00Z"), new_york, Dst::Spring), 0U);
  EXPECT_EQ(parsed("0 0 0 29 2 ?").last(begin, at("2099-01-01T00:00:00Z"), Zone::utc(), Dst::Spring), at("2096-02-29T00:00:00Z"));
  EXPECT_EQ(parsed("0 0 0 29 2 ?").last(begin, at("2027-01-01T00:00:00Z"), Zone::utc(), Dst::Spring), std::nullopt);
}

}  // namespace
}  // namespace meepo::cron
