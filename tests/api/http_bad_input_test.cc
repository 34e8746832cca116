// Input that must be refused: field, value and what was expected are named, and nothing is created.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/server.h"
#include "base/limits.h"

namespace meepo::api::test {
namespace {

namespace json = boost::json;
using net::test::RawClient;

std::string spec_with_target(const std::string& target) { return R"({"appId":"a","kind":"REAL","target":)" + target + "}"; }

std::string service(const std::string& members) { return spec_with_target(R"({"service":{)" + members + "}}"); }

std::string ladder(const std::string& define) {
  return R"({"appId":"a","kind":"LADDER","define":")" + define + R"(","target":{"service":{"interface":"a.B","method":"m"}}})";
}

std::string rungs(std::size_t count) {
  std::string define = "0";
  for (std::size_t i = 1; i < count; ++i) define += ",1";
  return define;
}

std::string chain(std::size_t length) {
  std::string next;
  for (std::size_t i = 0; i < length; ++i) next += (i == 0 ? "" : ",") + std::string(R"({"service":{"interface":"a.B","method":"m"}})");
  return spec_json("a", R"(,"next":[)" + next + "]");
}

std::string nested(int depth) {
  return service(R"("interface":"a.B","method":"m","params":)" + std::string(static_cast<std::size_t>(depth), '[') +
                 std::string(static_cast<std::size_t>(depth), ']'));
}

struct Bad {
  std::string body;
  std::string field;
  std::vector<std::string> message;
};

std::vector<Bad> bad_specs() {
  return {
      {R"({"appId":"a","kind":"REALLY","target":{}})", "kind", {"\"REALLY\"", "REAL, LADDER"}},
      {R"({"appId":"a","target":{"service":{"interface":"a.B","method":"m"}}})", "kind", {"REAL, LADDER"}},
      {R"({"appId":"","kind":"REAL","target":{"service":{"interface":"a.B","method":"m"}}})", "appId", {"\"\""}},
      {R"({"appId":"a","kind":"REAL"})", "target", {"service, http, command"}},
      {R"({"appId":"a","kind":"REAL","define":"0,1","target":{"service":{"interface":"a.B","method":"m"}}})", "define", {"0,1"}},
      {ladder(""), "define", {"\"\""}},
      {ladder("0,x"), "define", {"x"}},
      {ladder("-1"), "define", {"-1"}},
      {ladder(rungs(1'001)), "define", {"1001", "1000"}},
      {ladder("31622401"), "define", {"31622401", "366"}},
      {service(R"("interface":"a b","method":"m")"), "target.service.interface", {"\"a b\""}},
      {service(R"("interface":"a/B","method":"m")"), "target.service.interface", {"\"a/B\""}},
      {service(R"("interface":"","method":"m")"), "target.service.interface", {"\"\""}},
      {service(R"("interface":"a.B","method":"m-1")"), "target.service.method", {"\"m-1\""}},
      {service(R"("interface":"a.B","method":"$invoke")"), "target.service.method", {"$invoke"}},
      {service(R"("interface":"a.B","method":"$echo")"), "target.service.method", {"$echo"}},
      {service(R"("interface":"a.B","method":"m","params":{"a":1})"), "target.service.params", {"array"}},
      {service(R"("interface":"a.B","method":"m","params":[")" + std::string(limits::kPayloadBytesMax, 'x') + "\"]"),
       "target.service.params",
       {"1052672"}},
      {nested(limits::kJsonDepthMax + 1), "", {"64"}},
      {chain(33), "next", {"33", "32"}},
      {service(R"("interface":"a.B","metod":"m")"), "target.service.metod", {"no field", "method"}},
      {R"({"app":"a"})", "app", {"no field", "appId"}},
      {spec_json("a", R"(,"timeoutMs":-5)"), "timeoutMs", {"-5"}},
      {spec_json("a", R"(,"priority":10)"), "priority", {"10"}},
      {spec_json("a", R"(,"zone":"Mars/Olympus")"), "zone", {"Mars/Olympus"}},
      {spec_json("a", R"(,"retry":{"fixed":{"maxRetries":1001,"delayMs":1}})"), "retry.fixed.maxRetries", {"1001", "1000"}},
      {"{", "", {"no JSON"}},
      {"", "", {"empty"}},
      {"null", "", {"null", "object"}},
      {"\xff\xfe", "", {"no JSON"}},
  };
}

TEST(HttpBadInput, EverySpecThatIsWrongIsRefusedAndNothingIsCreated) {
  const Server server;
  for (const auto& [body, field, message] : bad_specs()) {
    const auto reply = server.post("/v1/tasks", body);
    EXPECT_EQ(reply.status, 400) << body.substr(0, 200) << "\n" << reply.body;
    const auto error = json::parse(reply.body);
    EXPECT_EQ(error.at("code").as_string(), "INVALID_ARGUMENT") << reply.body;
    EXPECT_EQ(error.at("field").as_string(), field) << reply.body;
    for (const auto& part : message)
      EXPECT_NE(error.at("message").as_string().find(part), std::string::npos) << reply.body << "\nwanted " << part;
    EXPECT_LT(reply.body.size(), 2'000U) << "the whole value is in the message";
  }
  EXPECT_EQ(server.task_count(), 0U);
}

TEST(HttpBadInput, TheLargestThatIsAllowedIsTaken) {
  const Server server;
  const std::string params = "[\"" + std::string(limits::kPayloadBytesMax - 4, 'x') + "\"]";
  for (const auto& body :
       {ladder(rungs(1'000)), ladder("31622400"), chain(32), service(R"("interface":"a.B","method":"m","params":)" + params)}) {
    const auto reply = server.post("/v1/tasks", body);
    EXPECT_EQ(reply.status, 201) << body.substr(0, 200) << "\n" << reply.body;
  }
}

TEST(HttpBadInput, BadQueriesAreRefused) {
  const Server server;
  struct Case {
    const char* target;
    const char* field;
    const char* message;
  };
  for (const auto& [target, field, message] :
       {Case{"/v1/tasks?kind=REALLY", "kind", "REAL, LADDER"}, Case{"/v1/tasks?status=41x", "status", "SCHEDULE"},
        Case{"/v1/tasks?pageSize=1001", "pageSize", "1000"}, Case{"/v1/tasks?pageSize=-1", "pageSize", "whole number"},
        Case{"/v1/tasks?pageToken=x", "pageToken", "nextPageToken"}, Case{"/v1/tasks?createdFrom=yesterday", "createdFrom", "ISO 8601"},
        Case{"/v1/tasks?createdTo=2026", "createdTo", "ISO 8601"}, Case{"/v1/tasks?color=red", "color", "no query parameter"},
        Case{"/v1/tasks?appId=a&appId=b", "appId", "twice"}, Case{"/v1/counts?x=1", "x", "no fields"}}) {
    const auto reply = server.get(target);
    EXPECT_EQ(reply.status, 400) << target;
    EXPECT_EQ(json::parse(reply.body).at("field").as_string(), field) << reply.body;
    EXPECT_TRUE(reply.has(message)) << reply.body;
  }
  const auto reply = server.post("/v1/tasks?appId=a", spec_json("a"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(server.task_count(), 0U);
}

TEST(HttpBadInput, BadTriggersAreRefused) {
  const Server server;
  const auto created = json::parse(server.post("/v1/tasks", spec_json("a")).body);
  const auto path = "/v1/tasks/" + std::string(created.at("id").as_string()) + ":trigger";
  const auto big = "{\"params\":[\"" + std::string(limits::kPayloadBytesMax, 'x') + "\"]}";
  for (const auto& [body, field] : {std::pair<std::string, std::string>{big, "params"},
                                    {R"({"requestId":")" + std::string(256, 'r') + "\"}", "requestId"},
                                    {R"({"id":"x"})", "id"},
                                    {R"({"parms":[]})", "parms"}}) {
    const auto reply = server.post(path, body);
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(json::parse(reply.body).at("field").as_string(), field) << reply.body;
  }
}

TEST(HttpBadInput, ABatchThatIsTooLongOrABodyThatIsTooLargeCreatesNothing) {
  const Server server;
  std::string specs = spec_json("a");
  for (std::size_t i = 0; i < limits::kBatchItemsMax; ++i) specs += "," + spec_json("a");
  const auto reply = server.post("/v1/tasks:batchCreate", R"({"specs":[)" + specs + "]}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(reply.has("10000")) << reply.body;
  EXPECT_EQ(server.post("/v1/tasks:batchCreate", "").status, 400);
  EXPECT_EQ(server.post("/v1/tasks:batchCreate", R"({"specs":[)" + spec_json("a") + R"(,{"kind":"REALLY"}]})").status, 400);

  const auto head = "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n";
  const auto large = RawClient(server.http_address()).ask(fmt::format(fmt::runtime(head), limits::kHttpBodyBytesMax + 1));
  EXPECT_EQ(large.status, 413);
  EXPECT_TRUE(large.has("33554432")) << large.body;
  EXPECT_EQ(server.task_count(), 0U);
}

TEST(HttpBadInput, GarbageIsAnsweredAndTheServerGoesOn) {
  const Server server;
  for (const auto* garbage :
       {"\r\n\r\n\x01\x02\x03\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n"}) {
    const auto reply = RawClient(server.http_address()).ask(garbage);
    EXPECT_EQ(reply.status, 400) << garbage;
    EXPECT_TRUE(reply.has("HTTP/1.1")) << reply.body;
  }
  // gRPC ends such a connection by itself.
  for (const auto* garbage : {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x01\x02\x03\x04\x05\x06\x07\x08garbage garbage garbage"}) {
    RawClient client(server.grpc_address());
    client.send(garbage);
    client.rest();
  }
  EXPECT_EQ(server.get("/healthz").status, 200);
}

}  // namespace
}  // namespace meepo::api::test
