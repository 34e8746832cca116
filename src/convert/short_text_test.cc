#include "convert/short_text.h"

#include <gtest/gtest.h>

namespace meepo::convert {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ParseDuration_ReadsNumberAndUnit) {
  struct Case {
    const char* text;
    milliseconds value;
  };
  for (const Case& c : {Case{"0s", 0ms}, Case{"500ms", 500ms}, Case{"60s", 60s}, Case{"2m", 2min}, Case{"1h", 1h}, Case{"7d", 168h},
                        Case{"4294967295ms", 4'294'967'295ms}}) {
    const auto read = parse_duration(c.text, "--timeout");
    ASSERT_TRUE(read.has_value()) << c.text;
    EXPECT_EQ(*read, c.value) << c.text;
  }
}

TEST(ParseDuration, ParseDuration_RefusesEverythingElseNamingFlagValueAndUnits) {
  for (const char* text :
       {"", "s", "60", "1.5s", "-1s", "+1s", " 1s", "1 s", "1s ", "1S", "1w", "4294967296ms", "50d", "99999999999999999999s"}) {
    const auto read = parse_duration(text, "--timeout");
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, Code::InvalidArgument);
    EXPECT_EQ(read.error().field, "--timeout");
    EXPECT_TRUE(read.error().message.contains("--timeout is \"" + std::string(text) + "\"; expected")) << read.error().message;
  }
}

TEST(ParseRetry, ParseRetry_ReadsEachPolicy) {
  EXPECT_EQ(parse_retry("none", "--retry")->policy_case(), v1::RetryPolicy::POLICY_NOT_SET);
  const auto fixed = parse_retry("fixed:3:1s", "--retry").value().fixed();
  EXPECT_EQ(fixed.max_retries(), 3U);
  EXPECT_EQ(fixed.delay_ms(), 1'000U);
  const auto ladder = parse_retry("ladder:1s,5s,30s", "--retry").value().ladder();
  EXPECT_EQ(std::vector(ladder.delays_ms().begin(), ladder.delays_ms().end()), (std::vector{1'000U, 5'000U, 30'000U}));
  const auto all = parse_retry("exponential:5:1s:2.5:60s:0.1", "--retry").value().exponential();
  EXPECT_EQ(all.max_retries(), 5U);
  EXPECT_EQ(all.delay_ms(), 1'000U);
  EXPECT_EQ(all.factor(), 2.5);
  EXPECT_EQ(all.cap_ms(), 60'000U);
  EXPECT_EQ(all.jitter(), 0.1);
  const auto least = parse_retry("exponential:5:1s", "--retry").value().exponential();
  EXPECT_EQ(least.factor(), 2.0);
  EXPECT_EQ(least.cap_ms(), 0U);
  EXPECT_EQ(least.jitter(), 0.0);
}

TEST(ParseRetry, ParseRetry_RefusesEverythingElse) {
  for (const char* text : {"", "fixed", "fixed:3", "fixed:x:1s", "fixed:-1:1s", "fixed:3:1", "fixed:3:1s:2", "ladder",
                           "ladder:", "ladder:1s,", "ladder:1s:2s", "exponential:5", "exponential:5:1s:x", "exponential:5:1s:2:60",
                           "exponential:5:1s:2:60s:y", "exponential:5:1s:2:60s:0.1:0", "none:1", "linear:1:1s", "fixed:4294967296:1s"}) {
    const auto read = parse_retry(text, "--retry");
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().field, "--retry");
    EXPECT_TRUE(read.error().message.contains("fixed:3:1s")) << read.error().message;
  }
}

TEST(ParseService, ParseService_ReadsInterfaceMethodVersionGroup) {
  struct Case {
    const char* text;
    const char *interface, *method, *version, *group;
  };
  for (const Case& c :
       {Case{"com.x.Pay#settle", "com.x.Pay", "settle", "", ""}, Case{"com.x.Pay#settle:1.0", "com.x.Pay", "settle", "1.0", ""},
        Case{"com.x.Pay#settle:1.0:blue", "com.x.Pay", "settle", "1.0", "blue"},
        Case{"com.x.Pay#settle::blue", "com.x.Pay", "settle", "", "blue"}}) {
    const auto target = parse_service(c.text, "[1]", "--service");
    ASSERT_TRUE(target.has_value()) << c.text;
    EXPECT_EQ(target->service().interface(), c.interface);
    EXPECT_EQ(target->service().method(), c.method);
    EXPECT_EQ(target->service().version(), c.version);
    EXPECT_EQ(target->service().group(), c.group);
    EXPECT_EQ(target->service().params().json(), "[1]");
  }
  EXPECT_FALSE(parse_service("com.x.Pay#settle", "", "--next")->service().has_params());
}

TEST(ParseService, ParseService_RefusesEverythingElse) {
  for (const char* text : {"", "com.x.Pay", "#settle", "com.x.Pay#", "com.x.Pay#:1.0", "com.x.Pay#settle:1:2:3"}) {
    const auto target = parse_service(text, "", "--service");
    ASSERT_FALSE(target.has_value()) << text;
    EXPECT_EQ(target.error().field, "--service");
  }
}

TEST(ParseWords, ParseWords_TakeTheirWordsOnly) {
  EXPECT_EQ(parse_kind("real", "--kind").value(), v1::Kind::REAL);
  EXPECT_EQ(parse_kind("LADDER", "--kind").value(), v1::Kind::LADDER);
  EXPECT_EQ(parse_kind("plan", "--kind").value(), v1::Kind::PLAN);
  EXPECT_EQ(parse_kind("Timing", "--kind").value(), v1::Kind::TIMING);
  EXPECT_FALSE(parse_kind("cron", "--kind").has_value());
  EXPECT_EQ(parse_on_lost("rerun", "--on-lost").value(), v1::RERUN);
  EXPECT_EQ(parse_on_lost("unknown", "--on-lost").value(), v1::ON_LOST_UNKNOWN);
  EXPECT_FALSE(parse_on_lost("", "--on-lost").has_value());
  EXPECT_EQ(parse_label("a=b=c", "--label").value(), std::pair(std::string("a"), std::string("b=c")));
  EXPECT_EQ(parse_label("a=", "--label").value().second, "");
  EXPECT_FALSE(parse_label("=b", "--label").has_value());
  EXPECT_FALSE(parse_label("ab", "--label").has_value());
}

TEST(Parse, Misfire) {
  const auto all = parse_misfire("all:100,1h", "--misfire");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->policy(), v1::Misfire::ALL);
  EXPECT_EQ(all->max(), 100U);
  EXPECT_EQ(all->window_seconds(), 3'600U);
  EXPECT_EQ(parse_misfire("once", "--misfire")->policy(), v1::Misfire::ONCE);
  EXPECT_EQ(parse_misfire("skip,5s", "--misfire")->window_seconds(), 5U);
  for (const char* bad : {"", "some", "once:5", "all:x", "all:1:2", "skip,500ms", "skip,", "skip,5"})
    EXPECT_FALSE(parse_misfire(bad, "--misfire")) << bad;
}

TEST(Parse, Overlap) {
  EXPECT_EQ(parse_overlap("buffer-one", "--overlap").value(), v1::Overlap::BUFFER_ONE);
  EXPECT_EQ(parse_overlap("allow", "--overlap").value(), v1::Overlap::ALLOW);
  for (const char* bad : {"", "default", "buffer", "skip "}) EXPECT_FALSE(parse_overlap(bad, "--overlap")) << bad;
}

}  // namespace
}  // namespace meepo::convert
