// Who may do what over HTTP, and what a web page in a browser cannot.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/server.h"

namespace meepo::api::test {
namespace {

using net::test::request_text;

constexpr std::string_view kJson = "Content-Type: application/json\r\n";

std::string host(std::string_view name) { return fmt::format("Host: {}\r\n{}", name, kJson); }
std::string bearer(std::string_view token) { return fmt::format("Host: example.com\r\nAuthorization: Bearer {}\r\n{}", token, kJson); }

TEST(HttpAccess, WithoutTokensTheHostMustNameLoopback) {
  const Server server;
  for (const auto* name : {"localhost", "localhost:7788", "127.0.0.1", "127.0.0.2:80", "[::1]", "[::1]:7788", "LOCALHOST"}) {
    EXPECT_EQ(server.ask(request_text("GET", "/v1/tasks", "", host(name))).status, 200) << name;
  }
  for (const auto* name : {"evil.example", "evil.example:7788", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0",
                           "[::]", "", "localhost@evil.example"}) {
    for (const auto& request :
         {request_text("GET", "/v1/tasks", "", host(name)), request_text("POST", "/v1/tasks", spec_json("a"), host(name)),
          request_text("GET", "/", "", host(name)), request_text("GET", "/healthz", "", host(name))}) {
      const auto reply = server.ask(request);
      EXPECT_EQ(reply.status, 403) << name;
      EXPECT_TRUE(reply.has("localhost")) << reply.body;
      EXPECT_TRUE(reply.has("--token-file")) << reply.body;
    }
  }
  EXPECT_EQ(server.task_count(), 0U);
}

TEST(HttpAccess, APostMustSayThatItIsJson) {
  const Server server;
  for (const auto* type : {"Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "",
                           "Content-Type: multipart/form-data; boundary=application/json\r\n", "Content-Type: application/jsonx\r\n",
                           "Content-Type: text/plain; x=application/json\r\n"}) {
    const auto headers = fmt::format("Host: localhost\r\n{}", type);
    const auto reply = server.ask(request_text("POST", "/v1/tasks", spec_json("a"), headers));
    EXPECT_EQ(reply.status, 415) << type;
    EXPECT_TRUE(reply.has("application/json")) << reply.body;
    EXPECT_EQ(server.ask(request_text("POST", "/v1/tasks/x:cancel", "", headers)).status, 415) << type;
  }
  for (const auto* type : {"application/json", "application/json; charset=utf-8", "Application/JSON ;charset=utf-8"}) {
    EXPECT_EQ(
        server.ask(request_text("POST", "/v1/tasks", spec_json("a"), fmt::format("Host: localhost\r\nContent-Type: {}\r\n", type))).status,
        201);
  }
  EXPECT_EQ(server.task_count(), 3U);
}

TEST(HttpAccess, NoAnswerLetsAnotherOriginIn) {
  const Server server;
  const std::string origin = "Origin: https://evil.example\r\n";
  const auto preflight = server.ask(request_text("OPTIONS", "/v1/tasks", "",
                                                 host("localhost") + origin +
                                                     "Access-Control-Request-Method: POST\r\n"
                                                     "Access-Control-Request-Headers: content-type\r\n"));
  EXPECT_EQ(preflight.status, 405);
  EXPECT_FALSE(preflight.has("Access-Control-")) << preflight.head;
  const auto get = server.ask(request_text("GET", "/v1/tasks", "", host("localhost") + origin));
  EXPECT_FALSE(get.has("Access-Control-")) << get.head;
}

TEST(HttpAccess, EachRouteWantsItsPermission) {
  const Server server(access_with_tokens());
  const std::string id(TaskId::make(3, from_unix_ms(1'800'000'000'000), 7).text());
  const std::pair<const char*, Role> tokens[] = {
      {kReaderToken, Role::Reader}, {kClientToken, Role::Client}, {kExecutorToken, Role::Executor}, {kAdminToken, Role::Admin}};
  for (const auto& route : call_routes()) {
    std::string target(route.pattern);
    if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, id);
    const auto ask = [&](const std::string& headers) {
      return server.ask(request_text(route.method, target, route.method == "POST" ? "{}" : "", headers));
    };
    for (const auto& headers : {host("localhost"), bearer("wrong-wrong-wrong-wrong-wrong-wrong")}) {
      const auto reply = ask(headers);
      EXPECT_EQ(reply.status, 401) << target;
      EXPECT_TRUE(reply.has("WWW-Authenticate: Bearer")) << reply.head;
      EXPECT_TRUE(reply.has("UNAUTHENTICATED"));
    }
    for (const auto& [token, role] : tokens) {
      const auto reply = ask(bearer(token));
      if (has(role, *route.permission)) {
        EXPECT_NE(reply.status, 401) << target << " " << to_string(role);
        EXPECT_NE(reply.status, 403) << target << " " << to_string(role);
      } else {
        EXPECT_EQ(reply.status, 403) << target << " " << to_string(role);
        EXPECT_TRUE(reply.has(to_string(*route.permission))) << reply.body;
        EXPECT_TRUE(reply.has(to_string(role))) << reply.body;
      }
    }
  }
}

TEST(HttpAccess, ProbesAndPageNeedNoTokenAndThePageShowsNoCountsThen) {
  const Server server(access_with_tokens());
  for (const auto* path : {"/healthz", "/readyz", "/openapi.json", "/"}) {
    EXPECT_EQ(server.ask(request_text("GET", path, "", "Host: example.com\r\n")).status, 200) << path;
  }
  EXPECT_FALSE(server.ask(request_text("GET", "/", "", "Host: example.com\r\n")).has("Tasks by status"));
}

TEST(HttpAccess, MetricsAreForThoseWhoMayReadWhatRuns) {
  const Server server(access_with_tokens());
  const auto ask = [&](const std::string& headers) { return server.ask(request_text("GET", "/metrics", "", headers)); };
  EXPECT_EQ(ask("Host: example.com\r\n").status, 401);
  EXPECT_EQ(ask(bearer(kExecutorToken)).status, 403);
  const auto reply = ask(bearer(kReaderToken));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_TRUE(reply.has("metrics 1"));
}

TEST(HttpAccess, ThePageEscapesTheHost) {
  const Server server(access_with_tokens());
  const auto page = server.ask(request_text("GET", "/", "", "Host: <b>&\"\r\n"));
  EXPECT_FALSE(page.has("<b>"));
  EXPECT_TRUE(page.has("&lt;b&gt;&amp;&quot;"));
}

}  // namespace
}  // namespace meepo::api::test
