#include "protocol/hessian2/text.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::string_view kEmojiUtf8 = "\xF0\x9F\x98\x80";             // U+1F600
constexpr std::string_view kEmojiJava = "\xED\xA0\xBD\xED\xB8\x80";     // the same as two units
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";               // U+FFFD

TEST(Hessian2Text, FromUtf8_SplitsCharactersBeyondFfffInTwo) {
  EXPECT_EQ(from_utf8("aé中"), "aé中");
  EXPECT_EQ(from_utf8("a" + std::string(kEmojiUtf8) + "b"), "a" + std::string(kEmojiJava) + "b");
  EXPECT_EQ(from_utf8("\xF4\x8F\xBF\xBF"), "\xED\xAF\xBF\xED\xBF\xBF");  // U+10FFFF
}

TEST(Hessian2Text, FromUtf8_ReplacesWhatIsNoUtf8) {
  for (const std::string_view wrong : {"\x80", "\xFF", "\xC3", "\xE4\xB8", "\xF0\x9F\x98", "\xC0\x80", "\xED\xA0\xBD"}) {
    const auto text = from_utf8("<" + std::string(wrong) + ">");
    EXPECT_TRUE(is_utf8(text)) << quoted(wrong);
    EXPECT_TRUE(text.starts_with("<" + std::string(kReplacement)) && text.ends_with('>')) << quoted(text);
  }
}

TEST(Hessian2Text, ToUtf8_JoinsPairsAndReplacesHalves) {
  EXPECT_EQ(to_utf8(kEmojiJava), kEmojiUtf8);
  EXPECT_EQ(to_utf8("aé中"), "aé中");
  const auto high = kEmojiJava.substr(0, 3);
  const auto low = kEmojiJava.substr(3);
  EXPECT_EQ(to_utf8("a" + std::string(high) + "b"), "a" + std::string(kReplacement) + "b");
  EXPECT_EQ(to_utf8(low), kReplacement);
  EXPECT_EQ(to_utf8(std::string(low) + std::string(high)), std::string(kReplacement) + std::string(kReplacement));
  EXPECT_EQ(to_utf8(std::string(high) + std::string(kEmojiJava)), std::string(kReplacement) + std::string(kEmojiUtf8));
}

TEST(Hessian2Text, Utf16Units_CountsAsJava) {
  EXPECT_EQ(utf16_units(""), 0U);
  EXPECT_EQ(utf16_units("aé中"), 3U);
  EXPECT_EQ(utf16_units(kEmojiJava), 2U);
}

struct FindCase {
  std::string_view octets;
  std::size_t units;
  std::size_t end;  // 0: refused
  std::string_view kept;
};

TEST(Hessian2Text, FindUnits_TakesOneToThreeOctetsAUnit) {
  using std::string_view_literals::operator""sv;
  const FindCase cases[] = {
      {"abc", 2, 2, "ab"},
      {"aé中b", 3, 6, "aé中"},
      {"0123456789abcdef中x", 17, 19, "0123456789abcdef中"},  // behind two words of ASCII
      {kEmojiJava, 2, 6, kEmojiJava},
      {kEmojiJava, 1, 3, "\xED\xA0\xBD"},
      {"\0"sv, 1, 1, "\0"sv},
      {"\xC0\x80", 1, 2, "\0"sv},     // U+0000 as Java's class files have it
      {kEmojiUtf8, 2, 4, kEmojiJava}, // two units in four octets
      {"ab", 3, 0, ""},               // cut
      {kEmojiUtf8, 1, 0, ""},         // half of it
      {"\xE4\xB8", 1, 0, ""},
      {"\x80", 1, 0, ""},
      {"\xC1\x80", 1, 0, ""},         // longer than needed
      {"\xC0\x81", 1, 0, ""},
      {"\xE0\x80\x80", 1, 0, ""},
      {"\xF0\x80\x80\x80", 2, 0, ""},
      {"\xF4\x90\x80\x80", 2, 0, ""}, // beyond U+10FFFF
      {"\xC3"
       "A",
       1, 0, ""},
      {"\xFF", 1, 0, ""},
  };
  for (const auto& each : cases) {
    const auto found = find_units(each.octets, each.units);
    ASSERT_EQ(found.has_value(), each.end != 0) << quoted(each.octets);
    if (!found) continue;
    EXPECT_EQ(found->octets, each.end) << quoted(each.octets);
    std::string kept;
    append_units(kept, each.octets.substr(0, found->octets));
    EXPECT_EQ(kept, each.kept) << quoted(each.octets);
    EXPECT_EQ(found->is_plain, kept == each.octets.substr(0, found->octets)) << quoted(each.octets);
  }
}

}  // namespace
}  // namespace meepo::hessian2
