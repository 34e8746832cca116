#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace meepo {
namespace {

TEST(Utf8, IsUtf8_KnowsTheEdges) {
  for (const std::string_view text : {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
                                      "\xf4\x8f\xbf\xbf", "即时任务"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
                                      "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "abc\xe4\xbd"}) {
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(std::string(text));
  }
}

TEST(ControlCharacters, AreFoundInBothRanges) {
  for (const std::string_view text : {std::string_view("\0", 1), std::string_view("a\nb"), std::string_view("\x1f"),
                                      std::string_view("\x7f"), std::string_view("\xc2\x80"), std::string_view("x\xc2\x9f")}) {
    EXPECT_TRUE(has_control_character(text));
  }
  for (const std::string_view text : {"", " ", "~", "\xc2\xa0", "é", "即"}) EXPECT_FALSE(has_control_character(text));
}

TEST(Quoted, EscapesAndCuts) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\x00\x1b\xff", 3)), R"("\x00\x1b\xff")");
  EXPECT_EQ(quoted("\xc2\x9b"), R"("\xc2\x9b")");
  EXPECT_EQ(quoted(std::string(64, 'a')), '"' + std::string(64, 'a') + '"');
  EXPECT_EQ(quoted(std::string(65, 'a')), '"' + std::string(64, 'a') + "…\"");
  EXPECT_EQ(quoted("即时", 4), "\"即…\"") << "characters stay whole";
}

RC_GTEST_PROP(Quoted, IsAlwaysOneLineOfUtf8, (const std::string& value)) {
  const std::string text = quoted(value);
  RC_ASSERT(is_utf8(text));
  RC_ASSERT(!has_control_character(text));
}

TEST(JsonString, EscapesAndReplaces) {
  std::string out = "x";
  append_json_string(out, std::string_view("a\"\\\n\x01\x7f/\xff即", 11));
  EXPECT_EQ(out, "x\"a\\\"\\\\\\n\\u0001\\u007f/\xef\xbf\xbd即\"");
}

}  // namespace
}  // namespace meepo
