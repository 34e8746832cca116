#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace meepo {
namespace {

RC_GTEST_PROP(IsoTime, Parse_ReadsWhatToIsoUtcWrites, ()) {
  const auto ms = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000);
  RC_ASSERT((parse_iso(to_iso_utc(from_unix_ms(ms))) == Result<SysTime>(from_unix_ms(ms))));
}

TEST(IsoTime, ToIsoUtc_AlwaysWritesMilliseconds) {
  EXPECT_EQ(to_iso_utc(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso_utc(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso_utc(from_unix_ms(1'795'497'000'123)), "2026-11-24T05:10:00.123Z");
}

TEST(IsoTime, ToIsoUtc_ClampsTimesWithoutAFourDigitYear) {
  EXPECT_EQ(to_iso_utc(from_unix_ms(std::numeric_limits<std::int64_t>::max())), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso_utc(from_unix_ms(std::numeric_limits<std::int64_t>::min())), "0000-01-01T00:00:00.000Z");
}

TEST(IsoTime, Parse_TakesFractionsAndOffsets) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"2026-11-24T05:10:00Z", "2026-11-24T05:10:00.000Z"},
                                                                 {"2026-11-24T05:10:00.1Z", "2026-11-24T05:10:00.100Z"},
                                                                 {"2026-11-24T05:10:00.123999999999Z", "2026-11-24T05:10:00.123Z"},
                                                                 {"2026-11-24T05:10:00+08:00", "2026-11-23T21:10:00.000Z"},
                                                                 {"2026-11-24T05:10:00.5-03:30", "2026-11-24T08:40:00.500Z"},
                                                                 {"2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z"}};
  for (const auto& [text, expected] : cases) {
    const auto time = parse_iso(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(to_iso_utc(*time), expected);
  }
}

TEST(IsoTime, Parse_RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-11-24",
                                      "2026-11-24T05:10Z",
                                      "2026-11-24T05:10:00",
                                      "2026-11-24 05:10:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-11-31T00:00:00Z",
                                      "2026-11-24T24:00:00Z",
                                      "2026-11-24T05:60:00Z",
                                      "2026-11-24T05:10:60Z",
                                      "2026-11-24T05:10:00.Z",
                                      "2026-11-24T05:10:00.5",
                                      "2026-11-24T05:10:00z",
                                      "2026-11-24T05:10:00Zx",
                                      "2026-11-24T05:10:00+19:00",
                                      "2026-11-24T05:10:00+08:60",
                                      "2026-11-24T05:10:00+0800",
                                      "26-11-24T05:10:00Z",
                                      "-026-11-24T05:10:00Z"}) {
    EXPECT_FALSE(parse_iso(text).has_value()) << text;
  }
  EXPECT_LT(parse_iso(std::string(1'000'000, '1')).error().message.size(), 250);
}

}  // namespace
}  // namespace meepo
