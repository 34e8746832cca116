#include "schedule/cron/expression.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meepo::cron {
namespace {

SysTime at(const char* iso) { return parse_iso(iso).value(); }

Expression parsed(const char* text) { return Expression::parse(text).value(); }

std::vector<std::string> next_days(const char* text, std::size_t count) {
  std::vector<std::string> days;
  const auto zone = Zone::find("Asia/Shanghai").value();
  SysTime time = at("2026-01-01T00:00:00+08:00");
  while (days.size() < count) {
    const auto next = parsed(text).next(time, zone, Dst::Spring);
    if (!next) {
      days.emplace_back("none");
      break;
    }
    days.push_back(zone.to_iso(*next).substr(2, 8));
    time = *next;
  }
  return days;
}

TEST(Expression, DaysAreThoseOfSpring) {
  using Days = std::vector<std::string>;
  EXPECT_EQ(next_days("0 0 0 L * ?", 3), (Days{"26-01-31", "26-02-28", "26-03-31"}));
  EXPECT_EQ(next_days("0 0 0 LW * ?", 4), (Days{"26-01-30", "26-02-27", "26-03-31", "26-04-30"}));
  EXPECT_EQ(next_days("0 0 0 31W * ?", 4), (Days{"26-01-30", "26-03-31", "26-07-31", "26-08-31"}));
  EXPECT_EQ(next_days("0 0 0 ? * 5L", 2), (Days{"26-01-30", "26-02-27"}));
  EXPECT_EQ(next_days("0 0 0 ? * MON#5", 2), (Days{"26-03-30", "26-06-29"}));
  EXPECT_EQ(next_days("0 0 0 ? * MON,FRI#2", 4), (Days{"26-01-05", "26-01-09", "26-01-12", "26-01-19"}));
  EXPECT_EQ(next_days("0 0 0 13 * FRI", 4), (Days{"26-02-13", "26-03-13", "26-11-13", "27-08-13"}));
  EXPECT_EQ(next_days("0 0 0 29 2 ?", 2), (Days{"28-02-29", "32-02-29"}));
  EXPECT_EQ(next_days("0 0 0 30 2 ?", 1), (Days{"none"}));
  EXPECT_EQ(next_days("0 0 0 ? * MON#6", 1), (Days{"none"}));
}

TEST(Expression, NextIsStrictlyLaterAlsoWithinASecond) {
  const auto every_second = parsed("* * * * * *");
  EXPECT_EQ(every_second.next(at("2026-01-01T00:00:00Z"), Zone::utc(), Dst::Spring), at("2026-01-01T00:00:01Z"));
  EXPECT_EQ(every_second.next(at("2026-01-01T00:00:00.999Z"), Zone::utc(), Dst::Spring), at("2026-01-01T00:00:01Z"));
  EXPECT_EQ(every_second.next(at("1969-12-31T23:59:59.999Z"), Zone::utc(), Dst::Spring), at("1970-01-01T00:00:00Z"));
}

TEST(Expression, TheCalendarEndsWithTheYear9999) {
  const auto daily = parsed("@daily");
  EXPECT_EQ(daily.next(at("9999-12-30T12:00:00Z"), Zone::utc(), Dst::Spring), at("9999-12-31T00:00:00Z"));
  EXPECT_EQ(daily.next(at("9999-12-31T00:00:00Z"), Zone::utc(), Dst::Spring), std::nullopt);
  EXPECT_EQ(daily.next(SysTime::max(), Zone::utc(), Dst::Once), std::nullopt);
  EXPECT_EQ(daily.next(SysTime::min(), Zone::utc(), Dst::Once), at("0001-01-02T00:00:00Z"));
}

// Spring gives up after 366 rounds; here the calendar's cycle of 400 years is the bound.
TEST(Expression, ATimeThatIsInAGapEveryYearIsNeverFound) {
  const auto zone = Zone::find("America/New_York").value();
  const auto in_gap = parsed("0 30 2 8-14 3 SUN");
  EXPECT_EQ(in_gap.next(at("2026-01-01T00:00:00Z"), zone, Dst::Spring), std::nullopt);
  EXPECT_EQ(in_gap.next(at("2026-01-01T00:00:00Z"), zone, Dst::Once), at("2026-03-08T07:00:00Z"));
}

TEST(Expression, TheRuleThatMovedATimeIsTold) {
  const auto zone = Zone::find("America/New_York").value();
  const auto shift = [&](const char* text, const char* after, Dst dst) {
    return parsed(text).next_occurrence(at(after), zone, dst)->shift;
  };
  EXPECT_EQ(shift("0 30 2 * * *", "2024-03-08T12:00:00Z", Dst::Spring), Shift::None);
  EXPECT_EQ(shift("0 30 2 * * *", "2024-03-09T12:00:00Z", Dst::Spring), Shift::AfterGap);
  EXPECT_EQ(shift("0 30 2 * * *", "2024-03-09T12:00:00Z", Dst::Once), Shift::FromGap);
  EXPECT_EQ(shift("0 0 2,3 * * *", "2024-03-10T00:00:00-05:00", Dst::Once), Shift::None) << "03:00 is due by itself";
  EXPECT_EQ(shift("0 30 1 * * *", "2024-11-03T05:00:00Z", Dst::Spring), Shift::None);
  EXPECT_EQ(shift("0 30 1 * * *", "2024-11-03T05:30:00Z", Dst::Spring), Shift::SecondOfTwo);
  EXPECT_EQ(shift("0 30 1 * * *", "2024-11-03T05:30:00Z", Dst::Once), Shift::AfterRepeated);
  EXPECT_EQ(shift("0 30 1 * * *", "2024-11-03T06:10:00Z", Dst::Once), Shift::AfterRepeated);
  EXPECT_EQ(shift("0 0/30 * * * *", "2024-11-03T05:30:00Z", Dst::Once), Shift::SecondOfTwo);
  EXPECT_EQ(shift("0 0 12 * * *", "2024-11-03T05:30:00Z", Dst::Once), Shift::None);
}

}  // namespace
}  // namespace meepo::cron
