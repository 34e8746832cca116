#include "base/log.h"

#include <gtest/gtest.h>

namespace meepo::log {
namespace {

constexpr SysTime kTime = from_unix_ms(1'795'497'000'123);

TEST(Log, FormatLine_TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(format_line(Format::Text, kTime, Level::Info, "claim", {{"firing", "abc@r1"}, {"shard", "7"}}),
            "2026-11-24T05:10:00.123Z info claim firing=abc@r1 shard=7");
  EXPECT_EQ(
      format_line(
          Format::Text, kTime, Level::Warn, "end",
          {{"empty", ""}, {"blank", "a b"}, {"quote", "a\"b"}, {"equals", "a=b"}, {"line", "a\nb=c"}, {"path", "a\\b"}, {"name", "即时"}}),
      R"(2026-11-24T05:10:00.123Z warn end empty="" blank="a b" quote="a\"b" equals="a=b" line="a\nb=c" path="a\\b" name=即时)");
}

TEST(Log, FormatLine_TextKeepsLongValuesAndHidesNoBytes) {
  const std::string value = std::string(500, 'x') + " \x1b[2J\xff";
  const std::string line = format_line(Format::Text, kTime, Level::Error, "end", {{"error", value}});
  EXPECT_NE(line.find(std::string(500, 'x') + R"( \x1b[2J\xff")"), std::string::npos);
}

TEST(Log, FormatLine_JsonIsOneObjectALine) {
  EXPECT_EQ(format_line(Format::Json, kTime, Level::Debug, "claim", {{"firing", "abc@r1"}, {"text", "a\"b\nc\xff"}}),
            "{\"time\":\"2026-11-24T05:10:00.123Z\",\"level\":\"debug\",\"event\":\"claim\",\"firing\":\"abc@r1\",\"text\":"
            "\"a\\\"b\\nc\xef\xbf\xbd\"}");
  EXPECT_EQ(format_line(Format::Json, kTime, Level::Info, "start", {}),
            R"({"time":"2026-11-24T05:10:00.123Z","level":"info","event":"start"})");
}

TEST(Log, Parse_TakesTheNamesAndRefusesTheRest) {
  EXPECT_EQ(parse_level("debug"), Result<Level>(Level::Debug));
  EXPECT_EQ(parse_level("off"), Result<Level>(Level::Off));
  EXPECT_EQ(parse_format("text"), Result<Format>(Format::Text));
  EXPECT_EQ(parse_format("json"), Result<Format>(Format::Json));
  EXPECT_EQ(parse_level("INFO").error().message, R"(read log level "INFO": expected debug, info, warn, error or off)");
  EXPECT_EQ(parse_format("xml").error().message, R"(read log format "xml": expected text or json)");
}

TEST(Log, Write_KeepsToTheLevelAndEndsEachLine) {
  EXPECT_FALSE(enabled(Level::Error)) << "without setup the log is off";
  testing::internal::CaptureStderr();
  error("lost");
  setup(Level::Warn, Format::Text);
  info("hidden");
  warn("kept", {{"shard", "7"}, {"braces", "{}"}});
  setup(Level::Off, Format::Text);
  error("hidden");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(written.ends_with(" warn kept shard=7 braces={}\n")) << written;
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 1) << written;
}

}  // namespace
}  // namespace meepo::log
