#include "adapters/http/call.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/played_context.h"

namespace meepo::adapters::http {
namespace {

std::string header(const Call& call, std::string_view name) {
  const auto found = std::ranges::find_if(call.headers, [&](const auto& each) { return each.first == name; });
  return found == call.headers.end() ? "" : found->second;
}

TEST(HttpCall, AUrlIsTakenApart) {
  const struct {
    const char* url;
    bool tls;
    const char* host;
    std::uint16_t port;
    const char* path;
  } cases[] = {
      {"http://a.example/x?y=1#z", false, "a.example", 80, "/x?y=1"},   {"https://a.example", true, "a.example", 443, "/"},
      {"https://a.example:8443/%2F", true, "a.example", 8443, "/%2F"},  {"http://[::1]:8080/", false, "::1", 8080, "/"},
      {"http://user:secret@a.example/p", false, "a.example", 80, "/p"}, {"http://127.0.0.1?q", false, "127.0.0.1", 80, "/?q"},
  };
  for (const auto& each : cases) {
    const auto call = call_to(each.url);
    ASSERT_TRUE(call) << each.url;
    EXPECT_EQ(call->tls, each.tls) << each.url;
    EXPECT_EQ(call->host, each.host) << each.url;
    EXPECT_EQ(call->port, each.port) << each.url;
    EXPECT_EQ(call->path_and_query, each.path) << each.url;
  }
  for (const char* url : {"", "ftp://a/", "/only/a/path", "http://", "http:///x", "javascript:alert(1)", "http://a b/"}) {
    EXPECT_FALSE(call_to(url)) << url;
  }
}

TEST(HttpCall, AMethodOfAServiceIsAPost) {
  test::PlayedContext context;
  const struct {
    const char* url;
    const char* method;
    const char* path;
  } cases[] = {
      {"http://books:8080/tasks/{method}?v=2", "close", "/tasks/close?v=2"},
      {"http://books:8080", "close", "/close"},
      {"http://books:8080/tasks/", "close", "/tasks/close"},
      {"http://books:8080/tasks?v=2", "close", "/tasks/close?v=2"},
      {"http://books:8080/{method}", "a/../b?c", "/a%2F..%2Fb%3Fc"},
  };
  for (const auto& each : cases) {
    const ServiceTarget target{.interface = "com.acme.Books", .method = each.method, .version = "1.2"};
    const auto call = call_of(target, each.url, "shop", context);
    ASSERT_TRUE(call) << each.url;
    EXPECT_EQ(call->path_and_query, each.path);
    EXPECT_EQ(call->method, "POST");
    EXPECT_EQ(call->body, "[]");
  }
  ServiceTarget target{.interface = "com.acme.Books", .method = "close", .version = "1.2"};
  target.params = {.encoding = Encoding::Json, .data = "[9007199254740993, 0.10]"};
  const auto call = call_of(target, "http://books:8080", "shop", context);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->body, "[9007199254740993, 0.10]") << "digit by digit";
  EXPECT_EQ(header(*call, "Meepo-Interface"), "com.acme.Books");
  EXPECT_EQ(header(*call, "Meepo-Method"), "close");
  EXPECT_EQ(header(*call, "Meepo-Version"), "1.2");
  EXPECT_EQ(header(*call, "Meepo-Group"), "");
  EXPECT_EQ(header(*call, "Meepo-Firing-Id"), context.id().text());
  EXPECT_EQ(header(*call, "Content-Type"), "application/json");
  target.params.encoding = Encoding::Bytes;
  EXPECT_EQ(call_of(target, "http://books:8080", "shop", context).error().field, "params");
}

TEST(HttpCall, ARequestSaysWhichFiringItIs) {
  test::PlayedContext context;
  HttpTarget target{.method = "POST", .url = "https://pay.example/settle?x=1"};
  target.headers = {{"Authorization", "Bearer t"}, {"Meepo-Attempt", "99"}, {"user-agent", "mine"}};
  target.body = {.encoding = Encoding::Json, .data = "{\"a\":1}"};
  const auto call = call_of(target, "billing", context);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->method, "POST");
  EXPECT_EQ(call->body, "{\"a\":1}");
  EXPECT_EQ(header(*call, "Meepo-Firing-Id"), context.id().text());
  EXPECT_EQ(header(*call, "Idempotency-Key"), context.id().text());
  EXPECT_EQ(header(*call, "Meepo-Attempt"), "2") << "a task cannot say what only Meepo knows";
  EXPECT_EQ(header(*call, "Meepo-Tick"), "1800000000000");
  EXPECT_EQ(header(*call, "Meepo-Due"), "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(header(*call, "Meepo-Deadline"), "2027-01-15T08:01:00.000Z");
  EXPECT_EQ(header(*call, "Meepo-App"), "billing");
  EXPECT_EQ(header(*call, "Content-Type"), "application/json");
  EXPECT_EQ(header(*call, "Authorization"), "Bearer t");
  EXPECT_EQ(header(*call, "User-Agent"), "") << "the task's own, in whatever case, stays";
  EXPECT_EQ(header(*call, "Meepo-Signature"), "");
  Call signed_call = *call;
  for (const std::int64_t now : {5, 6}) {
    sign(signed_call, "key", now);
    EXPECT_EQ(signed_call.headers.size(), call->headers.size() + 1) << "one signature";
    EXPECT_EQ(header(signed_call, "Meepo-Signature"), signature("key", now, "POST", "/settle?x=1", context.id().text(), "{\"a\":1}"));
  }
  const std::string trace = header(*call, "traceparent");
  ASSERT_EQ(trace.size(), 55U);
  EXPECT_TRUE(trace.starts_with("00-") && trace.ends_with("-01"));
}

TEST(HttpCall, ASignatureCoversAllThatCounts) {
  // Checked with: printf '5\nPOST\n/settle?x=1\nf@0\n{}' | openssl dgst -sha256 -hmac key
  const std::string signed_text = signature("key", 5, "POST", "/settle?x=1", "f@0", "{}");
  EXPECT_EQ(signed_text, "t=5,v1=16ca9e01e66883224f87307ad6b93315a4bc5475be9ac4eda1928970d09e9cfb");
  EXPECT_NE(signed_text, signature("kez", 5, "POST", "/settle?x=1", "f@0", "{}"));
  EXPECT_NE(signed_text, signature("key", 6, "POST", "/settle?x=1", "f@0", "{}"));
  EXPECT_NE(signed_text, signature("key", 5, "PUT", "/settle?x=1", "f@0", "{}"));
  EXPECT_NE(signed_text, signature("key", 5, "POST", "/settle?x=2", "f@0", "{}"));
  EXPECT_NE(signed_text, signature("key", 5, "POST", "/settle?x=1", "f@1", "{}"));
  EXPECT_NE(signed_text, signature("key", 5, "POST", "/settle?x=1", "f@0", "{ }"));
}

TEST(HttpCall, TheStatusAndTheBodyDecide) {
  const Call call{.method = "GET", .host = "a.example"};
  const auto judge = [&](unsigned status, std::string type, std::string body, std::string outcome = "") {
    return outcome_of(
        call, {.status = status, .content_type = std::move(type), .location = {}, .outcome = std::move(outcome), .body = std::move(body)});
  };
  auto result = judge(200, "application/json; charset=utf-8", "[9007199254740993,0.10]");
  EXPECT_EQ(result.outcome, Outcome::Success);
  EXPECT_EQ(result.result->encoding, Encoding::Json);
  EXPECT_EQ(result.result->data, "[9007199254740993,0.10]") << "digit by digit";
  EXPECT_EQ(judge(204, "", "").outcome, Outcome::Success);
  EXPECT_FALSE(judge(204, "", "").result);
  EXPECT_EQ(judge(200, "text/plain", "done").result->encoding, Encoding::Bytes);
  EXPECT_EQ(judge(200, "application/json", "{broken").result->encoding, Encoding::Bytes);
  result = judge(200, "application/json", R"({"outcome":"FAIL","error":"no stock"})");
  EXPECT_EQ(result.outcome, Outcome::Fail);
  EXPECT_EQ(result.error, "no stock");
  EXPECT_EQ(judge(200, "text/plain", R"({"outcome":"FAIL"})").outcome, Outcome::Success) << "no JSON";
  EXPECT_EQ(judge(200, "application/json", R"({"outcome":"LATE"})").outcome, Outcome::Success);
  EXPECT_EQ(judge(200, "text/plain", "broken", "FAIL").error, "broken");
  EXPECT_EQ(judge(200, "application/json", R"({"outcome":"FAIL"})", "SUCCESS").outcome, Outcome::Success) << "the header goes before";
  for (const unsigned status : {301U, 400U, 404U, 408U, 429U, 500U, 503U}) {
    result = judge(status, "text/plain", "why");
    EXPECT_EQ(result.outcome, Outcome::Fail);
    EXPECT_EQ(result.error, "GET a.example: answered " + std::to_string(status) + ": why");
  }
}

TEST(HttpCall, ARedirectKeepsSecretsFromAnotherHost) {
  Call call{.method = "POST", .tls = true, .host = "a.example", .port = 443, .path_and_query = "/x", .headers = {}, .body = "b"};
  call.headers = {{"Authorization", "t"}, {"Meepo-Signature", "s"}, {"Meepo-Firing-Id", "f"}};
  const auto go = [&](unsigned status, std::string location) {
    return redirected(call, {.status = status, .content_type = {}, .location = std::move(location), .outcome = {}, .body = {}});
  };
  EXPECT_FALSE(*go(200, "/y"));
  EXPECT_FALSE(*go(302, ""));
  const auto same = go(307, "/y?z");
  ASSERT_TRUE(same && *same);
  EXPECT_EQ((*same)->method, "POST");
  EXPECT_EQ((*same)->body, "b");
  EXPECT_EQ((*same)->path_and_query, "/y?z");
  EXPECT_EQ((*same)->headers.size(), 3U);
  const auto other = go(308, "https://b.example/y");
  ASSERT_TRUE(other && *other);
  EXPECT_EQ((*other)->host, "b.example");
  ASSERT_EQ((*other)->headers.size(), 1U);
  EXPECT_EQ((*other)->headers[0].first, "Meepo-Firing-Id");
  EXPECT_EQ((*go(303, "/y"))->method, "GET");
  EXPECT_EQ((*go(302, "/y"))->body, "");
  EXPECT_FALSE(go(302, "file:///etc/passwd"));
}

}  // namespace
}  // namespace meepo::adapters::http
