#include "suggest.h"

#include <gtest/gtest.h>

namespace meepo::cli {
namespace {

TEST(Suggest, Suggest_NamesTheNearestWordWithinReach) {
  const std::vector<std::string> known = {"dev", "server", "executor", "task", "demo", "version", "--data-dir", "--json"};
  struct Case {
    const char* word;
    const char* expected;  ///< empty: none
  };
  for (const Case& c :
       {Case{"dve", "dev"}, Case{"sever", "server"}, Case{"excutor", "executor"}, Case{"tsak", "task"}, Case{"versoin", "version"},
        Case{"--datadir", "--data-dir"}, Case{"--jsno", "--json"}, Case{"banana", ""}, Case{"", ""}, Case{"x", ""}}) {
    EXPECT_EQ(suggest(c.word, known).value_or(""), c.expected) << c.word;
  }
}

TEST(Suggest, Suggest_AnswersNothingForOverlongWords) {
  const std::vector<std::string> known = {std::string(65, 'a')};
  EXPECT_EQ(suggest(std::string(64, 'a'), known), std::nullopt);
  EXPECT_EQ(suggest(std::string(65, 'a'), known), std::nullopt);
}

}  // namespace
}  // namespace meepo::cli
