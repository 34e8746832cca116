#include "api/http/json_read.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/http/json_text.h"
#include "base/limits.h"
#include "meepo/v1/executor_service.pb.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::api {
namespace {

v1::TaskSpec spec_of(std::string_view json) {
  v1::TaskSpec spec;
  const auto read = read_json(json, spec);
  EXPECT_TRUE(read) << json << "\n" << (read ? "" : read.error().message);
  return spec;
}

TEST(JsonRead, FillsASpecByCamelCaseNames) {
  const auto spec = spec_of(R"( {"appId":"billing","kind":"LADDER","define":"0,1",
    "target":{"service":{"interface":"com.x.Pay","method":"settle","paramTypes":["long","java.lang.String"],"params":[1,"x"]}},
    "next":[{"http":{"method":"POST","url":"https://x/","headers":{"A":"b"},"body":{"k":null}}},{"command":{"argv":["/bin/x"],"env":{}}}],
    "runOnce":true,"retry":{"exponential":{"maxRetries":3,"delayMs":10,"factor":1.5,"jitter":0.25}},"timeoutMs":5000,
    "onLost":"ON_LOST_UNKNOWN","priority":0,"requestId":"r-1","labels":{"team":"a\u4efb\ud83d\ude00\n"}} )");
  EXPECT_EQ(spec.app_id(), "billing");
  EXPECT_EQ(spec.kind(), v1::Kind::LADDER);
  EXPECT_EQ(spec.target().service().param_types(1), "java.lang.String");
  EXPECT_EQ(spec.next(0).http().headers().at("A"), "b");
  EXPECT_EQ(spec.next(0).http().body().json(), "{\"k\":null}");
  EXPECT_EQ(spec.next(1).command().argv(0), "/bin/x");
  EXPECT_TRUE(spec.run_once());
  EXPECT_EQ(spec.retry().exponential().factor(), 1.5);
  EXPECT_EQ(spec.timeout_ms(), 5000U);
  EXPECT_EQ(spec.on_lost(), v1::ON_LOST_UNKNOWN);
  EXPECT_TRUE(spec.has_priority());
  EXPECT_EQ(spec.labels().at("team"), "a任😀\n");
}

TEST(JsonRead, KeepsParamsByteByByte) {
  for (const auto* params :
       {"[9007199254740993, 0.10]", "[]", "[ 1e400,\n -0.0 , \"\\u0041\\/\" ]", "[{\"a\":1,\"a\":2}]", "[\"}],{\", \"\\\"]\"]"}) {
    const auto json = fmt::format(R"({{"target":{{"service":{{"params": {} ,"method":"m"}}}}}})", params);
    const auto spec = spec_of(json);
    EXPECT_EQ(spec.target().service().params().json(), params);
    EXPECT_EQ(spec.target().service().method(), "m");
  }
}

TEST(JsonRead, NullIsAsIfItWereNotThere) {
  const auto spec =
      spec_of(R"({"appId":null,"target":{"service":{"params":null}},"retry":null,"priority":null,"labels":null,"next":null})");
  EXPECT_FALSE(spec.target().service().has_params());
  EXPECT_FALSE(spec.has_retry());
  EXPECT_FALSE(spec.has_priority());
}

TEST(JsonRead, TakesNumbersAndEnumsInEveryFormOfTheMapping) {
  for (const auto* json : {R"({"timeoutMs":5000})", R"({"timeoutMs":"5000"})", R"({"timeoutMs":5e3})", R"({"timeout_ms":5000.0})"}) {
    EXPECT_EQ(spec_of(json).timeout_ms(), 5000U) << json;
  }
  EXPECT_EQ(spec_of(R"({"kind":2})").kind(), v1::Kind::LADDER);
  v1::CreateStreamRequest stream;
  ASSERT_TRUE(read_json(R"({"items":[{"tag":"18446744073709551615"},{"tag":7}]})", stream));
  EXPECT_EQ(stream.items(0).tag(), 18446744073709551615U);
}

TEST(JsonRead, RefusesNamingFieldValueAndExpectation) {
  struct Case {
    const char* json;
    const char* field;
    std::vector<const char*> message;
  };
  const Case cases[] = {
      {R"({"kind":"REALLY"})", "kind", {"kind is \"REALLY\"", "REAL, LADDER, TIMING or PLAN"}},
      {R"({"kind":99})", "kind", {"99", "REAL, LADDER"}},
      {R"({"kind":["REAL"]})", "kind", {"an array", "REAL, LADDER"}},
      {R"({"onLost":"rerun"})", "onLost", {"\"rerun\"", "RERUN or ON_LOST_UNKNOWN"}},
      {R"({"define":5})", "define", {"define is 5", "a string"}},
      {R"({"runOnce":"true"})", "runOnce", {"\"true\"", "true or false"}},
      {R"({"timeoutMs":-1})", "timeoutMs", {"-1", "0 to 4294967295"}},
      {R"({"timeoutMs":4294967296})", "timeoutMs", {"4294967296", "0 to 4294967295"}},
      {R"({"timeoutMs":1.5})", "timeoutMs", {"1.5", "whole number"}},
      {R"({"timeoutMs":"soon"})", "timeoutMs", {"\"soon\"", "whole number"}},
      {R"({"timeoutMs":true})", "timeoutMs", {"true", "whole number"}},
      {R"({"retry":{"exponential":{"factor":"NaN"}}})", "retry.exponential.factor", {"\"NaN\"", "a number"}},
      {R"({"retry":{"exponential":{"factor":1e400}}})", "retry.exponential.factor", {"1e400", "a number"}},
      {R"({"aplId":"x"})", "aplId", {"aplId is no field", "appId", "kind"}},
      {R"({"target":{"service":{"metod":"x"}}})", "target.service.metod", {"no field", "method", "params"}},
      {R"({"next":[{"service":{}},{"grpc":{}}]})", "next[1].grpc", {"no field", "service, http or command"}},
      {R"({"bad key \n":1})", "\"bad key \\n\"", {"no field"}},
      {R"({"appId":"a","appId":"b"})", "appId", {"twice"}},
      {R"({"appId":"a","app_id":"b"})", "appId", {"twice"}},
      {R"({"labels":{"a":"1","a":"2"}})", "labels", {"labels[\"a\"]", "twice"}},
      {R"({"labels":{"a":1}})", "labels", {"labels[\"a\"] is 1", "a string"}},
      {R"({"labels":["a"]})", "labels", {"an array", "an object"}},
      {R"({"target":{"service":{},"http":{}}})", "target.http", {"service", "only one"}},
      {R"({"target":"x"})", "target", {"\"x\"", "an object with service, http or command"}},
      {R"({"target":{"service":{"paramTypes":"long"}}})", "target.service.paramTypes", {"\"long\"", "an array"}},
      {R"({"target":{"service":{"paramTypes":["long",null]}}})", "target.service.paramTypes[1]", {"null", "a string"}},
      {"[]", "", {"the body is an array", "an object"}},
      {"", "", {"the body is empty"}},
      {R"({"appId":"x")", "", {"no JSON"}},
      {R"({"appId":"x"} {})", "", {"no JSON", "byte 14"}},
      {"{\"appId\":\"\xff\"}", "", {"no JSON"}},
  };
  for (const auto& [json, field, message] : cases) {
    v1::TaskSpec spec;
    const auto read = read_json(json, spec);
    ASSERT_FALSE(read) << json;
    EXPECT_EQ(read.error().code, Code::InvalidArgument);
    EXPECT_EQ(read.error().field, field) << json;
    for (const auto* part : message) EXPECT_NE(read.error().message.find(part), std::string::npos) << read.error().message;
  }
}

TEST(JsonRead, AListHasALimit) {
  std::string json = R"({"specs":[{})";
  for (std::size_t i = 1; i < limits::kBatchItemsMax; ++i) json += ",{}";
  v1::CreateBatchRequest good;
  EXPECT_TRUE(read_json(json + "]}", good));
  EXPECT_EQ(good.specs_size(), static_cast<int>(limits::kBatchItemsMax));
  v1::CreateBatchRequest bad;
  const auto read = read_json(json + ",{}]}", bad);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().field, "specs");
  EXPECT_NE(read.error().message.find("10000"), std::string::npos) << read.error().message;
}

TEST(JsonRead, ReadsQueryParameters) {
  v1::ListTasksRequest list;
  EXPECT_TRUE(read_parameter("appId", "true", list));
  EXPECT_TRUE(read_parameter("kind", "REAL", list));
  EXPECT_TRUE(read_parameter("status", "40", list));
  EXPECT_TRUE(read_parameter("pageSize", "7", list));
  EXPECT_TRUE(read_parameter("label", "a=1", list));
  EXPECT_TRUE(read_parameter("label", "b=2", list));
  ASSERT_EQ(list.label_size(), 2);
  EXPECT_EQ(list.label(1), "b=2");
  EXPECT_EQ(list.app_id(), "true");
  EXPECT_EQ(list.status(), v1::Status::DONE);
  EXPECT_EQ(list.page_size(), 7U);
  for (const auto& [name, value, part] :
       {std::tuple{"kind", "REALLY", "REAL, LADDER"}, {"pageSize", "x", "whole number"}, {"color", "red", "no query parameter"}}) {
    const auto read = read_parameter(name, value, list);
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().field, name);
    EXPECT_NE(read.error().message.find(part), std::string::npos) << read.error().message;
  }
}

TEST(JsonText, WalksOverValuesOfEveryKind) {
  JsonText text(R"( {"a" : [1, {"b":"]"}] , "c":-1.5e3, "d":"x\"y", "e":true} )");
  ASSERT_TRUE(text.take('{'));
  EXPECT_EQ(text.take_string(), "a");
  EXPECT_TRUE(text.take(':'));
  EXPECT_EQ(text.take_value(), R"([1, {"b":"]"}])");
  EXPECT_TRUE(text.take_comma_or('}'));
  text.take_string();
  text.take(':');
  EXPECT_EQ(text.take_value(), "-1.5e3");
  EXPECT_TRUE(text.take_comma_or('}'));
  text.take_string();
  text.take(':');
  EXPECT_EQ(text.take_value(), R"("x\"y")");
  EXPECT_TRUE(text.take_comma_or('}'));
  text.take_string();
  text.take(':');
  EXPECT_EQ(text.take_value(), "true");
  EXPECT_FALSE(text.take_comma_or('}'));
  EXPECT_EQ(text.peek(), '\0');
}

}  // namespace
}  // namespace meepo::api
