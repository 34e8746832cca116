#include "api/calls/json_syntax.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace meepo::api {
namespace {

TEST(JsonSyntax, TakesEveryKindOfValueWhateverItsDigits) {
  for (const auto* text : {"null", " true ", "\"x\"", "{}", "[9007199254740993, 0.10]", "123456789012345678901234567890", "-0", "1e400",
                           "1E-400", "{\"a\":{\"b\":[1,{}]}}", "\"\\ud83d\\ude00\"", "\"任\""}) {
    EXPECT_TRUE(check_json(text, "params", "params")) << text << check_json(text, "params", "params").error().message;
  }
}

TEST(JsonSyntax, RefusesWhatIsNoJson) {
  for (const auto* text : {"",         " ",       "{",       "[1,]", "{\"a\":1,}",       "{a:1}", "'x'",  "01",
                           "1.",       "+1",      ".5",      "NaN",  "Infinity",         "1 2",   "[] x", "\"\x01\"",
                           "\"\xff\"", "\"\\x\"", "// c\n1", "tru",  "\"\xed\xa0\x80\"", "\"open"}) {
    const auto checked = check_json(text, "params", "target.service.params");
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().code, Code::InvalidArgument);
    EXPECT_EQ(checked.error().field, "target.service.params");
    EXPECT_TRUE(checked.error().message.starts_with("params is ")) << checked.error().message;
  }
}

TEST(JsonSyntax, TakesTheDeepestNestingAllowedAndRefusesOneMore) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(check_json(nested(limits::kJsonDepthMax), "params", ""));
  const auto checked = check_json(nested(limits::kJsonDepthMax + 1), "params", "");
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("64 levels"), std::string::npos) << checked.error().message;
  EXPECT_FALSE(check_json(std::string(1'000'000, '['), "params", ""));
}

}  // namespace
}  // namespace meepo::api
