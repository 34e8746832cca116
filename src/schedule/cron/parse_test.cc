#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

using testing::HasSubstr;

TEST(Parse, TakesWhatSpringTakes) {
  for (const char* text : {"0 0 0 1 1 *", "  0 0 12 * * *  ", "*/61 * * * * *", "*/+5 * * * * *", "+5 * * * * *", "0 0 0 L,15 * ?",
                           "0 0 0 ?,L * *", "0 0 0 * * fril", "0 0 0 * * SUN-MON", "0 0 0 * * 7-2", "0 0 0 * * MON/TUE", "0 00 012 * * *",
                           "@HOURLY", " @daily ", "0 0 0 L-31 * *", "0 0 0 ? * MON#6", "0 0 0 1 feb/3 *"}) {
    const auto expression = Expression::parse(text);
    EXPECT_TRUE(expression) << text << ": " << expression.error().message;
  }
}

TEST(Parse, AMistakeIsShownByFieldAndCharacterWithWhatWasExpected) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"0 0 22-2 * * ?",
            "field 3 (hour) \"22-2\", character 1: expected a range from low to high, found \"22-2\"; Spring has none over the "
            "end: write 22-23,0-2"},
           {"0 0 0 ? * FRI-MON",
            "field 6 (day of week) \"FRI-MON\", character 1: expected a range from low to high, found \"FRI-MON\"; Spring has "
            "none over the end: write 5-7,1"},
           {"60 0 0 * * ?", "field 1 (second) \"60\", character 1: expected a whole number from 0 to 59, found \"60\""},
           {"0 0 1,24 * * ?", "field 3 (hour) \"1,24\", character 3: expected a whole number from 0 to 23, found \"24\""},
           {"0 0 0 1 13 ?", "field 5 (month) \"13\", character 1: expected a month from 1 to 12 or JAN to DEC, found \"13\""},
           {"0 0 0 1 JANUARY ?",
            "field 5 (month) \"JANUARY\", character 1: expected a month from 1 to 12 or JAN to DEC, found \"JANUARY\""},
           {"0 0 0 1 1JAN ?", "field 5 (month) \"1JAN\", character 2: expected a month"},
           {"0 0 0 * * 8",
            "field 6 (day of week) \"8\", character 1: expected a weekday from 0 to 7 (0 and 7: Sunday, 1: Monday) or MON to SUN"},
           {"0 */0 * * * ?", "field 2 (minute) \"*/0\", character 3: expected a step of 1 or more, found \"0\""},
           {"0 0 0 1,,2 * ?",
            "field 4 (day of month) \"1,,2\", character 3: expected a whole number from 1 to 31, found an empty list element"},
           {"0 0 0 L-0 * ?", "field 4 (day of month) \"L-0\", character 3: expected L, L-n"},
           {"0 0 0 * * MON#0", "field 6 (day of week) \"MON#0\", character 5: expected a number from 1 to 5 after #, found \"0\""},
           {"0 2147483648 * * * *", "field 2 (minute) \"2147483648\", character 1: expected a whole number from 0 to 59"},
           {"\xD9\xA3 * * * * *", "field 1 (second)"},
       }) {
    const auto expression = Expression::parse(each.text);
    ASSERT_FALSE(expression) << each.text;
    EXPECT_EQ(expression.error().code, Code::InvalidArgument);
    EXPECT_EQ(expression.error().field, "define");
    EXPECT_THAT(expression.error().message, HasSubstr(each.message));
  }
}

TEST(Parse, SaysHowSpringDiffersFromWhatOtherCronsTake) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"0 0 0 1 1 ? 2026", "found 7; the seventh field, the year, is of Quartz: Spring has none, leave it out"},
           {"0 0 * * *", "found 5; a Unix crontab has no seconds: put 0 before the minutes"},
           {"0 0 0 ? * L", "Spring has no bare L here (in Quartz it means Saturday: write SAT)"},
           {"0 /15 * * * ?", "Spring wants a start before the step, as in */15"},
           {"0 0 ? * * *", "Spring takes ? only as the whole day of month or day of week"},
           {"0 0 0 ?/5 * ?", "Spring takes ? only alone, as the whole field"},
           {"0 0 0 L-3W * ?", "Spring has no L-nW"},
           {"0 0 0 lw * ?", "only as capitals"},
           {"0 0 0 * * LW", "Spring knows W only in the day of month"},
           {"0 0 L * * ?", "Spring knows L, W and # only in the day fields"},
           {"H * * * * *", "H is Jenkins's"},
           {"@reboot", "there is no such macro in Spring"},
           {"@every 5s", "an interval is written as */n"},
           {"@hourl", "the macros are @yearly"},
           {"CRON_TZ=UTC 0 0 0 * * *", "the zone is no part of a Spring expression"},
           {"0\t0\t12\t*\t*\t*", "separated by blanks, not by tabs"},
           {"", "expected six fields (second minute hour day-of-month month day-of-week), found 0"},
       }) {
    const auto expression = Expression::parse(each.text);
    ASSERT_FALSE(expression) << each.text;
    EXPECT_EQ(expression.error().field, "define");
    EXPECT_THAT(expression.error().message, HasSubstr(each.message));
  }
}

TEST(Parse, AnExpressionOfTheGreatestLengthIsTakenAndOneMoreIsNot) {
  std::string text = "0 0 0 1 1 0";
  text.append(kExpressionCharsMax - text.size() - 2, '0');
  text += ",7";
  EXPECT_EQ(text.size(), kExpressionCharsMax);
  EXPECT_TRUE(Expression::parse(text));
  text.insert(0, "0");
  const auto longer = Expression::parse(text);
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message, HasSubstr("1025 characters: expected at most 1024"));
}

}  // namespace
}  // namespace meepo::cron
