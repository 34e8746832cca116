#include "adapters/http/host_rules.h"

#include <gtest/gtest.h>

namespace meepo::adapters::http {
namespace {

boost::asio::ip::address address(const char* text) { return boost::asio::ip::make_address(text); }

TEST(HostRules, IsPublic_KnowsWhatIsNot) {
  for (const char* text : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "172.15.255.255", "100.63.255.255", "100.128.0.0", "223.255.255.255",
                           "2606:4700::1111", "2002:808:808::1", "64:ff9b::808:808", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(is_public(address(text))) << text;
  }
  for (const char* text : {"127.0.0.1",        "127.255.255.255", "0.0.0.0",         "10.0.0.1",     "172.16.0.1",
                           "172.31.255.255",   "192.168.1.1",     "169.254.169.254", "100.64.0.1",   "224.0.0.1",
                           "255.255.255.255",  "198.18.0.1",      "192.0.2.1",       "::",           "::1",
                           "fe80::1",          "fc00::1",         "fd12::1",         "ff02::1",      "2001:db8::1",
                           "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"}) {
    EXPECT_FALSE(is_public(address(text))) << text;
  }
}

TEST(HostRules, WithoutRules_OnlyPublicAddressesAreReached_AndTheErrorSaysHowToAllow) {
  const HostRules rules;
  EXPECT_TRUE(rules.check("example.com", 443, address("93.184.216.34")));
  const auto refused = rules.check("billing.internal", 8080, address("10.1.2.3"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_NE(refused.error().message.find("10.1.2.3"), std::string::npos);
  EXPECT_NE(refused.error().message.find("--http-allow billing.internal:8080"), std::string::npos);
  EXPECT_FALSE(rules.check("example.com", 80, address("127.0.0.1"))) << "a public name that leads home";
}

TEST(HostRules, ARuleAllowsWhatItNames) {
  const struct {
    const char* rule;
    const char* host;
    std::uint16_t port;
    const char* address;
    bool allowed;
  } cases[] = {
      {"billing.internal", "billing.internal", 80, "10.0.0.1", true},
      {"Billing.Internal", "BILLING.internal", 80, "10.0.0.1", true},
      {"billing.internal", "other.internal", 80, "10.0.0.1", false},
      {"billing.internal:8080", "billing.internal", 8080, "10.0.0.1", true},
      {"billing.internal:8080", "billing.internal", 80, "10.0.0.1", false},
      {"*.corp.example", "a.corp.example", 80, "10.0.0.1", true},
      {"*.corp.example", "a.b.corp.example", 80, "10.0.0.1", true},
      {"*.corp.example", "corp.example", 80, "10.0.0.1", false},
      {"*.corp.example", "evilcorp.example", 80, "10.0.0.1", false},
      {"10.1.0.0/16", "anything", 80, "10.1.255.255", true},
      {"10.1.0.0/16", "anything", 80, "10.2.0.0", false},
      {"127.0.0.1:9000", "localhost", 9000, "127.0.0.1", true},
      {"127.0.0.1:9000", "localhost", 9001, "127.0.0.1", false},
      {"127.0.0.1", "localhost", 80, "127.0.0.2", false},
      {"fd00::/8", "v6.internal", 80, "fd12::1", true},
      {"[::1]:8080", "localhost", 8080, "::1", true},
      {"::1", "localhost", 80, "::1", true},
      {"[::1]:8080", "localhost", 80, "::1", false},
  };
  for (const auto& each : cases) {
    HostRules rules;
    ASSERT_TRUE(rules.allow(each.rule)) << each.rule;
    EXPECT_EQ(rules.check(each.host, each.port, address(each.address)).has_value(), each.allowed) << each.rule << " " << each.host;
  }
}

TEST(HostRules, ABadRuleIsRefusedAndQuoted) {
  for (const char* rule :
       {"", ":80", "host:", "host:0", "host:99999", "host:80:90", "10.0.0.0/33", "10.0.0.0/x", "[::1", "[::1]x", "ho st", "a/24", "*"}) {
    HostRules rules;
    const auto added = rules.allow(rule);
    ASSERT_FALSE(added) << rule;
    EXPECT_EQ(added.error().code, Code::InvalidArgument);
    EXPECT_NE(added.error().message.find("\"" + std::string(rule) + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace meepo::adapters::http
