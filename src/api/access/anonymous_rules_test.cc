#include "api/access/anonymous_rules.h"

#include <gtest/gtest.h>

namespace meepo::api {
namespace {

TEST(AnonymousRules, TheFirstThatFitsByAppAndRangeCounts) {
  const auto rules =
      AnonymousRules::parse({"shop=client@10.1.0.0/16", "shop=reader@10.0.0.0/8", "*=reader@192.168.1.7", "ops=admin@fd00::/9"}).value();
  struct Case {
    const char* app;
    const char* from;
    std::optional<Role> role;
  };
  for (const Case& c : {Case{"shop", "10.1.255.3", Role::Client}, Case{"shop", "10.2.0.1", Role::Reader}, Case{"shop", "11.0.0.1", {}},
                        Case{"other", "10.1.0.1", {}}, Case{"other", "192.168.1.7", Role::Reader}, Case{"other", "192.168.1.6", {}},
                        Case{"shop", "::ffff:10.1.0.1", Role::Client}, Case{"ops", "fd7f::1", Role::Admin}, Case{"ops", "fd80::1", {}},
                        Case{"", "10.1.0.1", {}}}) {
    EXPECT_EQ(rules.role_of(c.app, boost::asio::ip::make_address(c.from)), c.role) << c.app << " " << c.from;
  }
  const auto everybody = AnonymousRules::parse({"*=client@0.0.0.0/0"}).value();
  EXPECT_EQ(everybody.role_of("x", boost::asio::ip::make_address("203.0.113.9")), Role::Client);
  EXPECT_EQ(everybody.role_of("x", boost::asio::ip::make_address("::1")), std::nullopt);
}

TEST(AnonymousRules, RefusesWhatIsNoneQuotingIt) {
  for (const char* text : {"", "shop", "shop=client", "=client@10.0.0.0/8", "client@10.0.0.0/8", "shop=executor@10.0.0.0/8",
                           "shop=root@10.0.0.0/8", "shop=client@10.0.0/8", "shop=client@10.0.0.0/33", "shop=client@10.0.0.0/",
                           "shop=client@10.0.0.0/-1", "shop=client@::1/129", "shop=client@host/8"}) {
    const auto rules = AnonymousRules::parse({text});
    ASSERT_FALSE(rules) << text;
    EXPECT_EQ(rules.error().code, Code::InvalidArgument);
    EXPECT_EQ(rules.error().field, "--dubbo-anonymous");
    EXPECT_TRUE(rules.error().message.contains("\"" + std::string(text) + "\"")) << rules.error().message;
  }
  EXPECT_EQ(AnonymousRules::parse(std::vector<std::string>(kAnonymousRulesMax + 1, "a=client@::1")).error().code, Code::Exhausted);
}

}  // namespace
}  // namespace meepo::api
