#include "schedule/cron/zone.h"

#include <date/tz.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "schedule/cron/zone_rule.h"

namespace meepo::cron {
namespace {

SysTime at(const char* iso) { return parse_iso(iso).value(); }

TEST(Zone, AnUnknownNameIsRefused) {
  for (const char* name : {"", "Mars/Olympus", "../etc/passwd", "asia/shanghai ", "UTC\n"}) {
    const auto zone = Zone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code, Code::InvalidArgument);
    EXPECT_EQ(zone.error().field, "zone");
  }
}

TEST(Zone, AFileThatCannotBeReadNowIsNoUnknownZone) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(Zone::find("UTC")) << "the list of zones has been read";
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto zone = Zone::find("Asia/Tashkent");
  const auto known = Zone::find("UTC");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().code, Code::Unavailable) << zone.error().message;
  EXPECT_FALSE(known) << "its rule was not looked for";
  EXPECT_TRUE(Zone::find("Asia/Tashkent")) << "with a descriptor again";
}

TEST(Zone, OffsetsAreThoseOfTheDateLibraryWhereItListsChanges) {
  for (const char* name :
       {"UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin"}) {
    const auto zone = Zone::find(name).value();
    const auto* listed = date::locate_zone(name);
    const date::sys_seconds end = date::sys_days(date::year(2037) / 1 / 1);
    for (date::sys_seconds time = date::sys_days(date::year(1880) / 1 / 1); time < end;
         time += std::chrono::hours(61) + std::chrono::seconds(1)) {
      const auto segment = zone.segment(time.time_since_epoch().count());
      ASSERT_EQ(segment.offset, listed->get_info(time).offset.count()) << name << " at " << to_iso_utc(SysTime(time));
      ASSERT_LE(segment.begin, time.time_since_epoch().count());
      ASSERT_GT(segment.end, time.time_since_epoch().count());
    }
  }
}

TEST(Zone, SegmentsFollowEachOtherWithoutAHoleThroughTheRuleAndItsCycle) {
  const auto zone = Zone::find("Europe/London").value();
  auto segment = zone.segment(0);
  int count = 0;
  while (segment.end < 40'000'000'000) {  // the year 3237
    const auto next = zone.segment(segment.end);
    ASSERT_EQ(next.begin, segment.end);
    ASSERT_EQ(next.offset_before, segment.offset);
    ASSERT_NE(next.offset, segment.offset);
    ASSERT_EQ(zone.segment(next.end - 1).begin, next.begin);
    segment = next;
    ++count;
  }
  EXPECT_GT(count, 2 * (3'236 - 1'972));
}

TEST(Zone, TheRuleHoldsAfterTheListedChanges) {
  const auto zone = Zone::find("America/New_York").value();
  EXPECT_EQ(zone.to_iso(at("2060-07-01T12:00:00Z")), "2060-07-01T08:00:00.000-04:00");
  EXPECT_EQ(zone.to_iso(at("2060-12-01T12:00:00Z")), "2060-12-01T07:00:00.000-05:00");
  EXPECT_EQ(zone.to_iso(at("2860-07-01T12:00:00Z")), "2860-07-01T08:00:00.000-04:00");
}

TEST(ZoneRule, ReadsPosixRules) {
  struct Case {
    const char* text;
    int year;
    const char* first;
    const char* second;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"EST5EDT,M3.2.0,M11.1.0", 2024, "2024-03-10T07:00:00Z", "2024-11-03T06:00:00Z"},
           {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2024, "2024-04-06T15:00:00Z", "2024-10-05T15:30:00Z"},
           {"EET-2EEST,M4.5.5/0,M10.5.4/24", 2025, "2025-04-24T22:00:00Z", "2025-10-30T21:00:00Z"},
           {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2025, "2025-03-30T01:00:00Z", "2025-10-26T01:00:00Z"},
           {"IST-1GMT0,M10.5.0,M3.5.0/1", 2024, "2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"},
       }) {
    const auto rule = parse_zone_rule(each.text);
    ASSERT_TRUE(rule) << each.text;
    const auto changes = rule->changes(each.year);
    EXPECT_EQ(SysTime(std::chrono::seconds(changes[0].seconds)), at(each.first)) << each.text;
    EXPECT_EQ(SysTime(std::chrono::seconds(changes[1].seconds)), at(each.second)) << each.text;
  }
}

TEST(ZoneRule, WhatIsNoRuleOfMonthsIsNone) {
  for (const char* text : {"", "UTC0", "CST-8", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0",
                           "EST5EDT,M3.2.7,M11.1.0", "EST5EDT,J60,J300", "EST5EDT,M3.2.0,M11.1.0x", "<EST5EDT,M3.2.0,M11.1.0"}) {
    EXPECT_FALSE(parse_zone_rule(text)) << text;
  }
}

TEST(Zones, EachZoneIsMadeOnce) {
  Zones zones;
  const auto* first = zones.find("Asia/Shanghai").value();
  EXPECT_EQ(zones.find("Asia/Shanghai").value(), first);
  EXPECT_NE(zones.find("UTC").value(), first);
  EXPECT_FALSE(zones.find("Mars/Olympus"));
}

}  // namespace
}  // namespace meepo::cron
