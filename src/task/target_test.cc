#include "task/target.h"

#include <gtest/gtest.h>

namespace meepo {
namespace {

TEST(Target, Key_NamesWhoCanRunIt) {
  EXPECT_EQ(target_key(ServiceTarget{.interface = "com.x.Pay", .method = "settle", .version = "1.0", .group = "blue"}),
            "service:com.x.Pay:1.0:blue");
  EXPECT_EQ(target_key(ServiceTarget{.interface = "com.x.Pay", .method = "refund"}), "service:com.x.Pay::");
  EXPECT_EQ(service_key("com.x.Pay", "", "blue"), "service:com.x.Pay::blue");
  EXPECT_EQ(target_key(HttpTarget{.method = "GET", .url = "http://a/"}), "http");
  EXPECT_EQ(target_key(CommandTarget{.argv = {"ls"}}), "command");
}

TEST(Target, Label_IsForPeopleAndHidesTheQuery) {
  EXPECT_EQ(target_label(ServiceTarget{.interface = "com.x.Pay", .method = "settle"}), "com.x.Pay#settle");
  EXPECT_EQ(target_label(HttpTarget{.method = "POST", .url = "https://a/b?token=secret"}), "POST https://a/b");
  EXPECT_EQ(target_label(HttpTarget{.method = "POST", .url = "https://a/b#c"}), "POST https://a/b");
  EXPECT_EQ(target_label(CommandTarget{.argv = {"/usr/bin/x", "-v"}}), "/usr/bin/x");
  EXPECT_EQ(target_label(CommandTarget{}), "");
}

}  // namespace
}  // namespace meepo
