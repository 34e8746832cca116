#include "api/grpc/methods.h"

#include <gtest/gtest.h>

#include <vector>

namespace meepo::api {
namespace {

TEST(Methods, EveryMethodOfTheApiHasAPermission) {
  const auto complete = check_method_rules(method_rules());
  EXPECT_TRUE(complete) << complete.error().message;
}

TEST(Methods, OneWithoutAPermissionIsRefusedByName) {
  const auto all = method_rules();
  for (std::size_t missing = 0; missing < all.size(); ++missing) {
    std::vector rules(all.begin(), all.end());
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(missing));
    const auto complete = check_method_rules(rules);
    ASSERT_FALSE(complete);
    EXPECT_NE(complete.error().message.find(all[missing].method), std::string::npos) << complete.error().message;
  }
}

TEST(Methods, ARuleForNothingOrTwoForOneAreRefused) {
  const auto all = method_rules();
  std::vector rules(all.begin(), all.end());
  rules.push_back({"meepo.v1.TaskService.Forget", Permission::Public});
  EXPECT_NE(check_method_rules(rules).error().message.find("Forget"), std::string::npos);
  rules.back() = rules.front();
  EXPECT_FALSE(check_method_rules(rules));
}

TEST(Methods, NoneIsPublic) {
  for (const auto& rule : method_rules()) EXPECT_NE(rule.permission, Permission::Public) << rule.method;
}

}  // namespace
}  // namespace meepo::api
