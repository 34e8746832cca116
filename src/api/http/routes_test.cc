#include "api/http/routes.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace meepo::api {
namespace {

TEST(Routes, TheTableIsComplete) {
  const auto checked = check_routes(call_routes());
  EXPECT_TRUE(checked) << checked.error().message;
  for (const auto& route : call_routes()) EXPECT_NE(route.permission, Permission::Public) << route.pattern;
}

TEST(Routes, OneWithoutAPermissionIsRefusedByName) {
  std::vector routes(call_routes().begin(), call_routes().end());
  routes[4].permission.reset();
  const auto checked = check_routes(routes);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find(routes[4].pattern), std::string::npos);
  EXPECT_NE(checked.error().message.find("permission"), std::string::npos);
}

TEST(Routes, OneThatStandsTwiceIsRefused) {
  std::vector routes(call_routes().begin(), call_routes().end());
  routes.push_back(routes[2]);
  EXPECT_FALSE(check_routes(routes));
}

TEST(Routes, PatternsMatchWholePaths) {
  EXPECT_EQ(match("/v1/tasks", "/v1/tasks"), "");
  EXPECT_EQ(match("/v1/tasks/{id}", "/v1/tasks/abc"), "abc");
  EXPECT_EQ(match("/v1/tasks/{id}:cancel", "/v1/tasks/abc:cancel"), "abc");
  EXPECT_EQ(match("/v1/tasks/{id}/ledger", "/v1/tasks/abc/ledger"), "abc");
  for (const auto& [pattern, path] : {std::pair{"/v1/tasks", "/v1/tasks/"},
                                      {"/v1/tasks/{id}", "/v1/tasks/"},
                                      {"/v1/tasks/{id}", "/v1/tasks/a/b"},
                                      {"/v1/tasks/{id}", "/v1/tasks/a:cancel"},
                                      {"/v1/tasks/{id}:cancel", "/v1/tasks/:cancel"},
                                      {"/v1/tasks/{id}:cancel", "/v1/tasks/a:b:cancel"},
                                      {"/v1/tasks/{id}:cancel", "/v1/tasks/a:cancels"},
                                      {"/v1/tasks/{id}/ledger", "/v1/tasks//ledger"}}) {
    EXPECT_EQ(match(pattern, path), std::nullopt) << pattern << " " << path;
  }
}

TEST(Routes, EveryCodeHasItsStatus) {
  const std::pair<Code, int> cases[] = {{Code::InvalidArgument, 400}, {Code::NotFound, 404},  {Code::Conflict, 409},
                                        {Code::Unauthenticated, 401}, {Code::Forbidden, 403}, {Code::Fenced, 503},
                                        {Code::Unavailable, 503},     {Code::Timeout, 504},   {Code::Unknown, 504},
                                        {Code::Corruption, 500},      {Code::Exhausted, 429}, {Code::Internal, 500}};
  for (const auto& [code, status] : cases) {
    const auto response = error_response({.code = code, .message = "m \"x\"", .field = "a.b"});
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "{\"code\":\"" + std::string(to_string(code)) + "\",\"message\":\"m \\\"x\\\"\",\"field\":\"a.b\"}\n");
  }
}

}  // namespace
}  // namespace meepo::api
