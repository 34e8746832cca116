#include "net/address.h"

#include <gtest/gtest.h>

namespace meepo::net {
namespace {

TEST(Address, ReadsWhatItWrites) {
  for (const auto* text : {"127.0.0.1:7788", "localhost:0", "[::1]:65535", "my-host.example_x.com:1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(parse_address("[::1]:5")->host, "::1");
}

TEST(Address, RefusesAnythingElseAndQuotesIt) {
  for (const auto* text : {"", ":", ":80", "localhost", "localhost:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8o", "::1:80", "[::1]",
                           "[::1]80", "[localhost]:80", "[::1:80", "a b:80", "http://x:80", "127.0.0.1:80 ", "h/:1"}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Code::InvalidArgument);
    EXPECT_NE(address.error().message.find(text), std::string::npos);
  }
}

TEST(Address, KnowsLoopbackByItsText) {
  for (const auto* host : {"localhost", "LocalHost", "127.0.0.1", "127.9.8.7", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host :
       {"", "localhost.evil.com", "127.0.0.1.evil.com", "0.0.0.0", "::", "128.0.0.1", "127.1", "evil", "10.0.0.1", "localhosu"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Address, TakesTheHostOutOfAHostHeader) {
  EXPECT_EQ(host_of("localhost"), "localhost");
  EXPECT_EQ(host_of("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(host_of("[::1]:80"), "::1");
  EXPECT_EQ(host_of("[::1]"), "::1");
  for (const auto* text : {"", "localhost:x", "a,b", "evil@localhost", "localhost:80:90", "[::1]x"}) EXPECT_EQ(host_of(text), "") << text;
}

TEST(Address, SaysWhyNothingCanListen) {
  EXPECT_NE(bind_problem({.host = "192.0.2.1", .port = 0}).find("not one of this machine's"), std::string::npos);
}

}  // namespace
}  // namespace meepo::net
