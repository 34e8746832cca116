#include "executor/kept_text.h"

#include <gtest/gtest.h>

namespace meepo::executor {
namespace {

TEST(KeptText, CutsBetweenCharacters_MarksTheCut_AndRepairsWhatIsNoUtf8) {
  struct Case {
    std::string text;
    std::size_t most;
    std::string kept;
  };
  const Case cases[] = {
      {"", 8, ""},
      {"12345678", 8, "12345678"},
      {"123456789", 8, "12345…"},
      {"中文字", 9, "中文字"},
      {"中文字x", 9, "中文…"},
      {"1中文字", 9, "1中…"},
      {"a\xff"
       "b",
       8,
       "a\xEF\xBF\xBD"
       "b"},
      {"\xff\xff\xff", 8, "\xEF\xBF\xBD…"},
      {"\xe4\xb8", 8, "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {std::string("1\0"
                   "2",
                   3),
       8,
       std::string("1\0"
                   "2",
                   3)},
  };
  for (const auto& each : cases) EXPECT_EQ(kept_text(each.text, each.most), each.kept);
}

}  // namespace
}  // namespace meepo::executor
