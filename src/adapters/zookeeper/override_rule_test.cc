#include "adapters/zookeeper/override_rule.h"

#include <gtest/gtest.h>

#include <array>

namespace meepo::adapters::zookeeper {
namespace {

std::optional<OverrideRule> rule_of(const std::string& text) { return to_override_rule(parse_dubbo_url(text).value()); }

TEST(OverrideRule, ReadsWhatConsolesWrite) {
  auto rule = rule_of("override://0.0.0.0/a.B?category=configurators&dynamic=false&enabled=true&disabled=true");
  ASSERT_TRUE(rule);
  EXPECT_EQ(
      *rule,
      (OverrideRule{
          .host = "0.0.0.0", .port = 0, .application = "", .group = {}, .version = {}, .priority = 0, .disabled = true, .weight = {}}));
  rule = rule_of("override://10.0.0.7:20880/a.B?application=shop&group=g&version=1.0&priority=3&weight=200&side=consumer");
  ASSERT_TRUE(rule);
  EXPECT_EQ(*rule, (OverrideRule{.host = "10.0.0.7",
                                 .port = 20880,
                                 .application = "shop",
                                 .group = "g",
                                 .version = "1.0",
                                 .priority = 3,
                                 .disabled = {},
                                 .weight = 200}));
}

TEST(OverrideRule, PassesOverWhatIsNoRuleForACaller) {
  for (const auto* text :
       {"dubbo://0.0.0.0/a.B?disabled=true", "override://0.0.0.0/a.B?disabled=true&enabled=false", "override://0.0.0.0/a.B?timeout=5",
        "override://0.0.0.0/a.B?weight=-1", "override://0.0.0.0/a.B?weight=many", "override://0.0.0.0/a.B?disabled=true&side=provider"}) {
    EXPECT_FALSE(rule_of(text)) << text;
  }
}

struct Applied {
  const char* provider;
  std::vector<std::string> rules;
  bool disabled;
  int weight;
};

TEST(OverrideRule, Apply_DecidesWhichProvidersAreCalledAndHowOften) {
  const std::string all = "override://0.0.0.0/a.B?";
  const std::string one = "override://10.0.0.7:20880/a.B?";
  const std::string host = "override://10.0.0.7/a.B?";
  const auto* const plain = "dubbo://10.0.0.7:20880/a.B?group=g&version=1.0";
  const std::array cases{
      Applied{plain, {}, false, kWeightDefault},
      Applied{"dubbo://h:1/a.B?weight=7&disabled=true", {}, true, 7},
      Applied{"dubbo://h:1/a.B?weight=many", {}, false, kWeightDefault},
      Applied{"dubbo://h:1/a.B?weight=2000000000", {}, false, kWeightMax},
      Applied{plain, {all + "disabled=true"}, true, kWeightDefault},
      Applied{plain, {host + "weight=0"}, false, 0},
      Applied{plain, {one + "weight=5", all + "weight=9"}, false, 5},  // for one host before for all
      Applied{plain, {all + "weight=9&priority=2", all + "weight=5&priority=1"}, false, 9},
      Applied{plain, {all + "disabled=true", one + "disabled=false&weight=3"}, false, 3},
      Applied{plain, {"override://10.0.0.8:20880/a.B?disabled=true", "override://10.0.0.7:20881/a.B?disabled=true"}, false, kWeightDefault},
      Applied{plain, {all + "disabled=true&application=other"}, false, kWeightDefault},
      Applied{plain, {all + "disabled=true&application=meepo"}, true, kWeightDefault},
      Applied{plain, {all + "disabled=true&group=h", all + "disabled=true&version=2.0"}, false, kWeightDefault},
      Applied{plain, {all + "disabled=true&group=g&version=*"}, true, kWeightDefault},
  };
  for (const auto& [provider, texts, disabled, weight] : cases) {
    std::vector<OverrideRule> rules;
    for (const auto& text : texts) rules.push_back(rule_of(text).value());
    const std::vector providers{parse_dubbo_url(provider).value()};
    const auto applied = apply_rules(providers, rules, "meepo");
    ASSERT_EQ(applied.size(), 1U);
    EXPECT_EQ(applied[0], (Provider{.url = providers[0], .disabled = disabled, .weight = weight}))
        << provider << (texts.empty() ? "" : " " + texts[0]);
  }
}

}  // namespace
}  // namespace meepo::adapters::zookeeper
