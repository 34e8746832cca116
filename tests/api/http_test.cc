// HTTP on the real scheduler: what the routes answer.

#include <gtest/gtest.h>

#include <set>

#include "api/server.h"

namespace meepo::api::test {
namespace {

namespace json = boost::json;
using net::test::RawClient;
using net::test::request_text;

std::string text(const json::value& value, std::string_view key) { return std::string(value.at(key).as_string()); }

TEST(HttpApi, ACreatedTaskIsAnsweredWithItsIdAndWhatAwaitsIt) {
  const Server server;
  const auto reply = server.post("/v1/tasks", spec_json("billing"));
  EXPECT_EQ(reply.status, 201);
  EXPECT_TRUE(reply.has("Content-Type: application/json\r\n"));
  EXPECT_TRUE(reply.has("X-Content-Type-Options: nosniff\r\n"));
  const auto created = json::parse(reply.body);
  EXPECT_EQ(text(created, "id").size(), TaskId::kLength);
  EXPECT_EQ(text(created, "zone"), "Asia/Shanghai");
  EXPECT_TRUE(text(created, "firstDue").ends_with("+08:00"));
  EXPECT_EQ(created.at("warnings").as_array().size(), 1U);

  const auto task = server.get_json("/v1/tasks/" + text(created, "id"));
  EXPECT_EQ(text(task, "status"), "SCHEDULE");
  EXPECT_EQ(text(task.at("spec"), "appId"), "billing");
  EXPECT_EQ(text(task.at("spec"), "kind"), "REAL");
  EXPECT_EQ(text(task.at("armed"), "state"), "WAITING");
  EXPECT_EQ(text(task.at("armed"), "reason"), "no executor");
  EXPECT_EQ(text(task.at("armed"), "id"), text(created, "id") + "@0");
}

TEST(HttpApi, ParamsKeepTheirDigits) {
  const Server server;
  const auto created = json::parse(
      server
          .post("/v1/tasks",
                R"({"appId":"a","kind":"REAL","target":{"service":{"interface":"a.B","method":"m","params":[9007199254740993, 0.10]}}})")
          .body);
  const auto reply = server.get("/v1/tasks/" + text(created, "id"));
  EXPECT_TRUE(reply.has(R"("params":[9007199254740993, 0.10])")) << reply.body;
}

TEST(HttpApi, ARepeatOfARequestIdAnswersTheFirstTask) {
  const Server server;
  const auto first = server.post("/v1/tasks", spec_json("a", R"(,"requestId":"r-1")"));
  const auto second = server.post("/v1/tasks", spec_json("a", R"(,"requestId":"r-1")"));
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(text(json::parse(first.body), "id"), text(json::parse(second.body), "id"));
  EXPECT_TRUE(json::parse(second.body).at("existed").as_bool());
  const auto other = server.post("/v1/tasks", spec_json("a", R"(,"requestId":"r-1","runOnce":true)"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(text(json::parse(other.body), "code"), "CONFLICT");
  EXPECT_EQ(server.task_count(), 1U);
}

TEST(HttpApi, ABatchAnswersEachSpecByItself) {
  const Server server;
  const auto bad = spec_json("a", R"(,"timeoutMs":4000000000)");
  const auto reply = server.post("/v1/tasks:batchCreate", R"({"specs":[)" + spec_json("a") + "," + bad + "," + spec_json("b") + "]}");
  EXPECT_EQ(reply.status, 200);
  const auto answer = json::parse(reply.body);
  const auto& items = answer.at("items").as_array();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_TRUE(items[0].as_object().contains("created"));
  EXPECT_EQ(text(items[1].at("error"), "field"), "timeoutMs");
  EXPECT_EQ(text(items[1].at("error"), "code"), "INVALID_ARGUMENT");
  EXPECT_TRUE(items[2].as_object().contains("created"));
  EXPECT_EQ(server.task_count(), 2U);
}

TEST(HttpApi, AListIsFilteredAndPaged) {
  const Server server;
  for (int i = 0; i < 5; ++i) server.post("/v1/tasks", spec_json(i % 2 == 0 ? "even" : "odd"));
  std::set<std::string> ids;
  std::string token;
  int pages = 0;
  do {
    const auto page = server.get_json("/v1/tasks?appId=even&pageSize=2&kind=REAL&status=SCHEDULE&pageToken=" + token);
    for (const auto& task : page.at("tasks").as_array()) {
      EXPECT_EQ(text(task.at("spec"), "appId"), "even");
      ids.insert(text(task, "id"));
    }
    token = page.as_object().contains("nextPageToken") ? text(page, "nextPageToken") : "";
    ASSERT_LT(++pages, 10);
  } while (!token.empty());
  EXPECT_EQ(ids.size(), 3U);
  EXPECT_TRUE(server.get_json("/v1/tasks?createdTo=2020-01-01T00:00:00Z").at("tasks").as_array().empty());
  EXPECT_EQ(server.get_json("/v1/tasks?createdFrom=2020-01-01T00:00:00%2B08:00&interface=com.example.Pay&method=settle")
                .at("tasks")
                .as_array()
                .size(),
            5U);
}

TEST(HttpApi, APageEndsBeforeItGrowsTooLarge) {
  const Server server;
  const std::string big(900'000, 'x');
  for (int i = 0; i < 5; ++i) {
    const auto reply = server.post(
        "/v1/tasks", R"({"appId":"big","kind":"REAL","target":{"service":{"interface":"a.B","method":"m","params":[")" + big + "\"]}}}");
    ASSERT_EQ(reply.status, 201) << reply.body;
  }
  std::size_t tasks = 0;
  std::string token;
  int pages = 0;
  do {
    const auto page = server.get_json("/v1/tasks?pageSize=5&pageToken=" + token);
    tasks += page.at("tasks").as_array().size();
    token = page.as_object().contains("nextPageToken") ? text(page, "nextPageToken") : "";
    ASSERT_LT(++pages, 10);
  } while (!token.empty());
  EXPECT_EQ(tasks, 5U);
  EXPECT_GT(pages, 1);
}

TEST(HttpApi, ATaskIsPausedResumedTriggeredAndCancelled) {
  const Server server;
  const auto id = text(
      json::parse(
          server.post("/v1/tasks", R"({"appId":"a","kind":"LADDER","define":"3600","target":{"service":{"interface":"a.B","method":"m"}}})")
              .body),
      "id");
  const auto path = "/v1/tasks/" + id;
  EXPECT_TRUE(json::parse(server.post(path + ":pause", "{}").body).at("changed").as_bool());
  EXPECT_FALSE(json::parse(server.post(path + ":pause", "").body).at("changed").as_bool());
  EXPECT_TRUE(server.get_json(path).at("paused").as_bool());
  EXPECT_EQ(server.post(path + ":resume", "").status, 200);
  EXPECT_FALSE(server.get_json(path).at("paused").as_bool());

  const auto first = text(json::parse(server.post(path + ":trigger", R"({"params":[0.10],"requestId":"once"})").body), "firingId");
  EXPECT_TRUE(first.starts_with(id + "@m"));
  EXPECT_EQ(text(json::parse(server.post(path + ":trigger", R"({"params":[0.10],"requestId":"once"})").body), "firingId"), first);
  EXPECT_NE(text(json::parse(server.post(path + ":trigger", "").body), "firingId"), first);
  EXPECT_TRUE(server.get(path + "/ledger").has("\"params\":[0.10]"));

  const auto cancelled = json::parse(server.post(path + ":cancel", "").body);
  EXPECT_TRUE(cancelled.at("cancelled").as_bool());
  EXPECT_TRUE(cancelled.at("running").as_array().empty());
  EXPECT_TRUE(json::parse(server.post(path + ":cancel", "").body).at("cancelled").as_bool());  // a repeat answers the same
  EXPECT_EQ(text(server.get_json(path), "status"), "CANCEL");
  const auto ledger = server.get_json(path + "/ledger");
  for (const auto& row : ledger.at("rows").as_array()) EXPECT_EQ(text(row.at("firing"), "fate"), "CANCELLED");
  EXPECT_EQ(server.post(path + ":trigger", "").status, 409);
}

TEST(HttpApi, AnUnknownTaskIsNotFoundAndABadIdIsRefused) {
  const Server server;
  const std::string unknown(TaskId::make(3, from_unix_ms(1'800'000'000'000), 7).text());
  for (const auto* verb : {":cancel", ":pause", ":resume", ":trigger"}) {
    EXPECT_EQ(server.post("/v1/tasks/" + unknown + verb, "").status, 404) << verb;
    const auto bad = server.post(std::string("/v1/tasks/nonsense") + verb, "");
    EXPECT_EQ(bad.status, 400) << verb;
    EXPECT_EQ(text(json::parse(bad.body), "field"), "id");
    EXPECT_TRUE(bad.has("nonsense")) << bad.body;
  }
  EXPECT_EQ(server.get("/v1/tasks/" + unknown).status, 404);
  EXPECT_EQ(server.get("/v1/tasks/" + unknown + "/ledger").status, 404);
  EXPECT_EQ(server.get("/v1/tasks/x").status, 400);
}

TEST(HttpApi, SaysWhatItIs) {
  const Server server;
  server.post("/v1/tasks", spec_json("a"));
  EXPECT_EQ(text(server.get_json("/v1/info"), "version"), "1.2.3");
  EXPECT_EQ(text(server.get_json("/v1/info"), "zone"), "Asia/Shanghai");
  EXPECT_EQ(text(server.get_json("/v1/info"), "store"), "sqlite in memory");
  EXPECT_EQ(server.get_json("/v1/counts").at("tasksByStatus").at("SCHEDULE").to_number<int>(), 1);
  EXPECT_EQ(server.get_json("/v1/counts").at("firingsByState").at("WAITING").to_number<int>(), 1);
  EXPECT_TRUE(server.get_json("/v1/executors").at("executors").as_array().empty());
  EXPECT_EQ(server.get("/healthz").status, 200);
  EXPECT_TRUE(server.get("/readyz").has("\"ready\":true"));
  EXPECT_TRUE(server.get_json("/openapi.json").at("paths").as_object().contains("/v1/tasks"));
}

TEST(HttpApi, TheFrontPageShowsCountsAndTheFirstCommandWithoutScripts) {
  const Server server;
  server.post("/v1/tasks", spec_json("a"));
  const auto page = server.get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(page.has("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_TRUE(page.has("Content-Security-Policy: default-src 'none'"));
  EXPECT_TRUE(page.has("curl -s http://localhost/v1/tasks"));
  EXPECT_TRUE(page.has("分布式任务调度"));
  EXPECT_TRUE(page.has("SCHEDULE"));
  EXPECT_FALSE(page.has("<script"));
}

TEST(HttpApi, OtherPathsAndMethodsAreToldSo) {
  const Server server;
  const auto none = server.get("/v1/nothing");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(text(json::parse(none.body), "code"), "NOT_FOUND");
  const auto wrong = server.ask(request_text("DELETE", "/v1/tasks"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_TRUE(wrong.has("Allow: POST, GET, HEAD\r\n")) << wrong.head;
  EXPECT_TRUE(server.ask(request_text("GET", "/v1/tasks:batchCreate")).has("Allow: POST\r\n"));
  RawClient head(server.http_address());
  head.send(request_text("HEAD", "/healthz"));
  EXPECT_EQ(head.read(true).status, 200);
}

}  // namespace
}  // namespace meepo::api::test
