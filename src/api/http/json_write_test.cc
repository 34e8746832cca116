#include "api/http/json_write.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "api/calls/json_syntax.h"
#include "api/http/json_read.h"
#include "meepo/v1/admin_service.pb.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::api {
namespace {

std::string text_of(const google::protobuf::Message& message) {
  std::string out;
  write_json(message, out);
  EXPECT_TRUE(check_json(out, "", "")) << out;
  return out;
}

TEST(JsonWrite, LeavesOutWhatIsNotSetAndKeepsWhatMeansSomething) {
  v1::CreateTaskResponse created;
  created.set_id("x");
  created.set_first_due("2026-11-26T00:00:00.000Z");
  created.set_zone("UTC");
  EXPECT_EQ(text_of(created), R"({"id":"x","firstDue":"2026-11-26T00:00:00.000Z","zone":"UTC","warnings":[],"existed":false})");

  v1::Firing firing;
  firing.set_id("x@0");
  firing.set_state(v1::Firing::DUE);
  firing.mutable_due()->set_seconds(1'800'000'000);
  firing.mutable_due()->set_nanos(5'000'000);
  EXPECT_EQ(
      text_of(firing),
      R"({"id":"x@0","state":"DUE","due":"2027-01-15T08:00:00.005Z","attempt":0,"failures":0,"crashes":0,"suspect":false,"started":false})");
}

TEST(JsonWrite, PayloadsAreTheirJsonOrSayWhatTheyAre) {
  v1::Firing firing;
  firing.mutable_params()->set_json("[9007199254740993, 0.10]");
  firing.mutable_result()->set_json("[1, bro\"ken");
  auto text = text_of(firing);
  EXPECT_NE(text.find(R"("params":[9007199254740993, 0.10])"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("result":{"text":"[1, bro\"ken"})"), std::string::npos) << text;
  firing.mutable_params()->set_hessian2(std::string("\x00\xff\x10", 3));
  firing.mutable_result()->set_bytes("M");
  text = text_of(firing);
  EXPECT_NE(text.find(R"("params":{"hessian2":"AP8Q"})"), std::string::npos) << text;
  firing.mutable_params()->set_hessian2("\x7a\x91\x01x");  // a list of 1 and "x"
  EXPECT_NE(text_of(firing).find(R"("params":{"hessian2":"epEBeA==","json":[1,"x"]})"), std::string::npos) << text_of(firing);
  EXPECT_NE(text.find(R"("result":{"bytes":"TQ=="})"), std::string::npos) << text;
}

TEST(JsonWrite, MapsAreInOrderAndTextsEscaped) {
  v1::CountsResponse counts;
  (*counts.mutable_tasks_by_status())["b\"\n"] = 2;
  (*counts.mutable_tasks_by_status())["a"] = 1;
  EXPECT_EQ(text_of(counts), R"({"tasks":0,"tasksByStatus":{"a":1,"b\"\n":2},"staleEnds":0})");
}

TEST(JsonWrite, LargeNumbersAreTextAsTheMappingSays) {
  v1::CreateStreamRequest stream;
  stream.add_items()->set_tag(18446744073709551615U);
  EXPECT_EQ(text_of(stream), R"({"items":[{"tag":"18446744073709551615"}]})");
}

RC_GTEST_PROP(JsonWrite, WhatIsWrittenReadsBackAsTheSameSpec, ()) {
  const auto text = [] { return *rc::gen::container<std::string>(rc::gen::inRange<char>('\x01', '\x7f')); };
  v1::TaskSpec spec;
  spec.set_app_id(text());
  spec.set_kind(*rc::gen::element(v1::Kind::KIND_UNSPECIFIED, v1::Kind::REAL, v1::Kind::PLAN));
  auto& service = *spec.mutable_target()->mutable_service();
  service.set_interface(text());
  service.add_param_types(text());
  service.mutable_params()->set_json(*rc::gen::element<std::string>("[1.0, 2]", "[]", "[\"\\u0000\"]", "{\"a\" : null}"));
  auto& http = *spec.add_next()->mutable_http();
  (*http.mutable_headers())[text()] = text();
  auto& exponential = *spec.mutable_retry()->mutable_exponential();
  exponential.set_max_retries(*rc::gen::arbitrary<std::uint32_t>());
  exponential.set_factor(*rc::gen::element(0.1, 1.0, 1e300, 5e-324, 1.0 / 3));
  if (*rc::gen::arbitrary<bool>()) spec.set_priority(*rc::gen::arbitrary<std::uint32_t>());
  spec.set_run_once(*rc::gen::arbitrary<bool>());

  std::string json;
  write_json(spec, json);
  v1::TaskSpec read;
  const auto result = read_json(json, read);
  if (!result) RC_FAIL(result.error().message + "\n" + json);
  RC_ASSERT(read.SerializeAsString() == spec.SerializeAsString());
}

}  // namespace
}  // namespace meepo::api
