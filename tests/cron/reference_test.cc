// Random expressions, zones and starts near clock changes: the fast search against the slow reference, and what always holds.

#include "tests/cron/reference.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

using Random = std::mt19937_64;

const std::vector<std::string> kZones = {"UTC",          "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
                                         "Africa/Cairo", "Pacific/Apia",  "Europe/London"};

template <class T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

/// A field as people write it; sometimes odd, always valid.
std::string random_field(Random& random, int low, int high) {
  const auto number = [&](int from, int to) { return from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1)); };
  std::string text;
  const int elements = number(0, 4) == 0 ? number(2, 4) : 1;
  for (int i = 0; i < elements; ++i) {
    if (i != 0) text += ',';
    const int a = number(low, high);
    switch (number(0, 6)) {
      case 0: text += "*"; break;
      case 1: text += fmt::format("*/{}", number(1, high + 5)); break;
      case 2: text += fmt::format("{}-{}", a, number(a, high)); break;
      case 3: text += fmt::format("{}-{}/{}", a, number(a, high), number(1, 9)); break;
      case 4: text += fmt::format("{}/{}", a, number(1, 20)); break;
      default: text += fmt::to_string(a); break;
    }
  }
  return text;
}

std::string random_expression(Random& random) {
  static const std::vector<std::string> kSeconds = {"0", "0", "0", "30", "*/20", "59", "0,30"};
  static const std::vector<std::string> kHours = {"*", "*/2", "0", "1", "2", "3", "23", "0-3", "1,2", "22-23"};
  static const std::vector<std::string> kDays = {"*",   "*",   "?",   "*/2",   "L",    "L-1", "LW", "1W",
                                                 "15W", "31W", "1,L", "25-31", "6-10", "30",  "31"};
  static const std::vector<std::string> kWeekdays = {"*", "*",     "?",  "MON-FRI", "SUN",   "0,6",     "SUN-TUE",
                                                     "7", "1-7/2", "5L", "SUN#1",   "FRI#5", "MON,FRIL"};
  const bool often = random() % 2 == 0;
  return fmt::format("{} {} {} {} {} {}", random() % 3 == 0 ? random_field(random, 0, 59) : pick(random, kSeconds),
                     random_field(random, 0, 59), random() % 2 == 0 ? random_field(random, 0, 23) : pick(random, kHours),
                     often ? "*" : pick(random, kDays), random() % 4 == 0 ? random_field(random, 1, 12) : "*",
                     often ? "?" : pick(random, kWeekdays));
}

/// Mostly within hours of a clock change, between 1985 and 2037.
date::sys_seconds random_start(Random& random, const date::time_zone& zone) {
  const date::sys_seconds low = date::sys_days(date::year(1985) / 1 / 1);
  const auto span = static_cast<std::uint64_t>(52LL * 365 * 86'400);
  const date::sys_seconds anywhere = low + std::chrono::seconds(random() % span);
  const auto change = zone.get_info(anywhere).begin;
  if (change < low || random() % 8 == 0) return anywhere;
  return change + std::chrono::seconds(static_cast<std::int64_t>(random() % 21'600) - 14'400) / (random() % 4 == 0 ? 1'800 : 1);
}

TEST(CronReference, RandomExpressionsAgreeWithTheSecondBySecondReference) {
  constexpr int kRounds = 1'000;
  constexpr auto kHorizon = std::chrono::hours(30);
  Zones zones;
  int answered = 0;
  for (int round = 0; round < kRounds; ++round) {
    Random random(static_cast<std::uint64_t>(round) + 1);
    const auto text = random_expression(random);
    const auto& name = pick(random, kZones);
    const auto* slow_zone = date::locate_zone(name);
    const auto start = random_start(random, *slow_zone);
    const bool once = random() % 2 == 0;
    SCOPED_TRACE(fmt::format("round {}: \"{}\" in {} after {} s, {}", round, text, name, start.time_since_epoch().count(),
                             once ? "once" : "spring"));
    const auto expression = Expression::parse(text);
    ASSERT_TRUE(expression) << expression.error().message;
    const auto expected = test::Reference(text).next(start, start + kHorizon, *slow_zone, once);
    const auto found = expression->next(SysTime(start), *zones.find(name).value(), once ? Dst::Once : Dst::Spring);
    if (expected) {
      ++answered;
      ASSERT_TRUE(found) << "expected " << to_iso_utc(SysTime(*expected));
      ASSERT_EQ(to_iso_utc(*found), to_iso_utc(SysTime(*expected)));
    } else if (found) {
      ASSERT_GT(*found, SysTime(start + kHorizon));
    }
  }
  EXPECT_GT(answered, kRounds / 2) << "too few expressions that fire within the horizon";
}

// A day that a zone leaves out is too rare for random starts.
TEST(CronReference, ADayThatAZoneLeavesOutIsTreatedAsByTheReference) {
  Zones zones;
  const auto& zone = *zones.find("Pacific/Apia").value();
  const auto* slow_zone = date::locate_zone("Pacific/Apia");
  for (const char* day :
       {"* 5L", "LW *", "31W *", "30W *", "28W *", "L-1 *", "L *", "30 *", "* FRI", "* FRI#5", "31 5L", "L 5L", "LW,1 *", "L-1 SAT"}) {
    const auto space = std::string_view(day).find(' ');
    const auto text = fmt::format("0 0 */6 {} * {}", std::string_view(day).substr(0, space), day + space + 1);
    const auto expression = Expression::parse(text).value();
    for (const int hours : {-30, -10, -1, 0, 5, 20}) {
      const date::sys_seconds start = date::sys_days(date::year(2011) / 12 / 30) + std::chrono::hours(10 + hours);
      for (const bool once : {false, true}) {
        const auto expected = test::Reference(text).next(start, start + std::chrono::hours(60), *slow_zone, once);
        const auto found = expression.next(SysTime(start), zone, once ? Dst::Once : Dst::Spring);
        if (expected) {
          EXPECT_EQ(found, SysTime(*expected)) << text << " " << hours << " " << once;
        } else {
          EXPECT_TRUE(!found || *found > SysTime(start + std::chrono::hours(60))) << text << " " << hours << " " << once;
        }
      }
    }
  }
}

TEST(CronReference, AnswersAscendAndMissNothingBetweenThem) {
  constexpr int kRounds = 4'000;
  Zones zones;
  for (int round = 0; round < kRounds; ++round) {
    Random random(static_cast<std::uint64_t>(round) + 1'000'000);
    const auto text = random_expression(random);
    const auto& name = pick(random, kZones);
    const auto& zone = *zones.find(name).value();
    const auto dst = random() % 2 == 0 ? Dst::Once : Dst::Spring;
    SysTime at = SysTime(random_start(random, *date::locate_zone(name))) + milliseconds(random() % 1'000);
    SCOPED_TRACE(fmt::format("round {}: \"{}\" in {} after {}", round, text, name, to_iso_utc(at)));
    const auto expression = Expression::parse(text);
    ASSERT_TRUE(expression) << expression.error().message;
    for (int i = 0; i < 5; ++i) {
      const auto next = expression->next(at, zone, dst);
      if (!next) break;
      ASSERT_GT(*next, at);
      // From any moment in between the answer is the same.
      const auto between = at + milliseconds(random() % static_cast<std::uint64_t>((*next - at).count()));
      ASSERT_EQ(expression->next(between, zone, dst), next) << "after " << to_iso_utc(between);
      at = *next;
    }
  }
}

}  // namespace
}  // namespace meepo::cron
