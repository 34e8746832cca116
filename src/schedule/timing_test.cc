#include "schedule/timing.h"

#include <gtest/gtest.h>

#include <string>

namespace meepo::schedule {
namespace {

std::string instant(const char* define, const char* zone_name) {
  const auto zone = cron::Zone::find(zone_name).value();
  return zone.to_iso(first_instant(parse_timing(define).value(), zone));
}

TEST(Timing, IsALocalTimeOfTheZone) {
  EXPECT_EQ(instant("20261126093000", "Asia/Shanghai"), "2026-11-26T09:30:00.000+08:00");
  EXPECT_EQ(instant("20261126093000", "UTC"), "2026-11-26T09:30:00.000+00:00");
  EXPECT_EQ(instant("20280229235959", "UTC"), "2028-02-29T23:59:59.000+00:00");
  EXPECT_EQ(instant("20380119031408", "UTC"), "2038-01-19T03:14:08.000+00:00");
  EXPECT_EQ(instant("20500701120000", "America/New_York"), "2050-07-01T12:00:00.000-04:00");
}

TEST(Timing, ATimeInAGapIsTheFirstInstantAfterIt) {
  EXPECT_EQ(instant("20260308020000", "America/New_York"), "2026-03-08T03:00:00.000-04:00");
  EXPECT_EQ(instant("20260308023000", "America/New_York"), "2026-03-08T03:00:00.000-04:00");
  EXPECT_EQ(instant("20260308030000", "America/New_York"), "2026-03-08T03:00:00.000-04:00");
  EXPECT_EQ(instant("20260308015959", "America/New_York"), "2026-03-08T01:59:59.000-05:00");
  EXPECT_EQ(instant("20111230120000", "Pacific/Apia"), "2011-12-31T00:00:00.000+14:00");
}

TEST(Timing, ATimeThatComesTwiceIsTheFirst) {
  EXPECT_EQ(instant("20261101013000", "America/New_York"), "2026-11-01T01:30:00.000-04:00");
  EXPECT_EQ(instant("20261101020000", "America/New_York"), "2026-11-01T02:00:00.000-05:00");
}

TEST(Timing, WhatIsNoTimeIsRefusedWithTheField) {
  struct Case {
    const char* define;
    const char* expected;
  };
  for (const auto& [define, expected] :
       {Case{"", "yyyyMMddHHmmss"}, Case{"2026112609300", "yyyyMMddHHmmss"}, Case{"202611260930000", "yyyyMMddHHmmss"},
        Case{"2026-11-26 09:", "yyyyMMddHHmmss"}, Case{" 2026112609300", "yyyyMMddHHmmss"}, Case{"20261301000000", "a date"},
        Case{"20260001000000", "a date"}, Case{"20260100000000", "a date"}, Case{"20260229000000", "a date"},
        Case{"20261131000000", "a date"}, Case{"20261126240000", "a time of day"}, Case{"20261126096000", "a time of day"},
        Case{"20261126093060", "a time of day"}, Case{"19691231235959", "a year from 1970"}}) {
    const auto parsed = parse_timing(define);
    ASSERT_FALSE(parsed) << define;
    EXPECT_EQ(parsed.error().code, Code::InvalidArgument);
    EXPECT_EQ(parsed.error().field, "define");
    EXPECT_NE(parsed.error().message.find(expected), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace meepo::schedule
