#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "base/text.h"
#include "protocol/hessian2/base64.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/test_support.h"

namespace meepo::hessian2 {
namespace {

std::string json_of_hex(std::string_view hex) {
  Document document;
  return to_json(decode(expand_hex(hex), document).value());
}

bool is_json(const std::string& text) {
  boost::json::parse_options options;
  options.max_depth = 1'000;
  boost::system::error_code error;
  boost::json::parse(text, error, {}, options);
  return !error;
}

TEST(Hessian2ToJson, Scalars_ReadBackAsTheyWere) {
  Document document;
  const std::pair<Value, std::string_view> cases[] = {
      {Value(), "null"},
      {Document::boolean(true), "true"},
      {Document::integer(-5), "-5"},
      {Document::long_integer(9'007'199'254'740'992), "9007199254740992"},
      {Document::long_integer(9'007'199'254'740'993), "\"9007199254740993\""},
      {Document::long_integer(-9'007'199'254'740'993), "\"-9007199254740993\""},
      {Document::real(1), "1.0"},
      {Document::real(-0.0), "-0.0"},
      {Document::real(0.1), "0.1"},
      {Document::real(1e300), "1e+300"},
      {Document::real(std::nan("")), "\"NaN\""},
      {Document::real(-HUGE_VAL), "\"-Infinity\""},
      {Document::date(1'700'000'000'123), "\"2023-11-14T22:13:20.123Z\""},
      {Document::date(std::numeric_limits<std::int64_t>::max()), "\"9223372036854775807\""},
      {document.string("a\"\xED\xA0\xBD\xED\xB8\x80"), "\"a\\\"\xF0\x9F\x98\x80\""},
      {document.string("\xED\xA0\xBD"), "\"\xEF\xBF\xBD\""},  // half a pair
      {document.bytes(std::string_view("\x00\xFF\x10", 3)), "\"AP8Q\""},
  };
  for (const auto& [value, json] : cases) EXPECT_EQ(to_json(value), json);
}

TEST(Hessian2ToJson, Containers_NameTheirClasses) {
  Document document;
  EXPECT_EQ(to_json(document.list("[int", {Document::integer(1), Value()})), "[1,null]");
  EXPECT_EQ(to_json(document.map("", {{document.string("a"), Document::integer(1)}})), R"({"a":1})");
  EXPECT_EQ(to_json(document.map("java.util.TreeMap", {})), "{}");
  // A map of another type is how some write a bean.
  EXPECT_EQ(to_json(document.map("demo.Person", {{document.string("a"), Value()}})), R"({"$class":"demo.Person","a":null})");
  EXPECT_EQ(to_json(document.object("demo.Person", {{"a", Document::integer(1)}})), R"({"$class":"demo.Person","a":1})");
  EXPECT_EQ(json_of_hex("43146a6176612e6d6174682e426967446563696d616c910576616c7565600531322e3330"),
            R"({"$class":"java.math.BigDecimal","value":"12.30"})");
}

TEST(Hessian2ToJson, BigIntegers_AreDigits) {
  for (const auto& line : load_vectors("encoded.jsonl")) {
    const auto java = text_of(line, "java");
    const auto begin = std::string_view("new BigInteger(\"");
    if (!java.starts_with(begin)) continue;
    const auto digits = java.substr(begin.size(), java.size() - begin.size() - 2);
    EXPECT_EQ(json_of_hex(text_of(line, "hex")), R"({"$class":"java.math.BigInteger","value":")" + digits + "\"}");
  }
}

TEST(Hessian2ToJson, KeysThatAreNoStrings_AreTheirTexts) {
  Document document;
  const auto map = document.map("", {{Document::integer(1), Value()},
                                     {Document::long_integer(9'007'199'254'740'993), Value()},
                                     {Value(), Value()},
                                     {Document::boolean(true), Value()},
                                     {Document::date(0), Value()},
                                     {document.bytes("a"), Value()}});
  EXPECT_EQ(to_json(map), R"({"1":null,"9007199254740993":null,"null":null,"true":null,"1970-01-01T00:00:00.000Z":null,"YQ==":null})");
}

TEST(Hessian2ToJson, KeysThatHoldOthers_ArePairs) {
  Document document;
  EXPECT_EQ(to_json(document.map("", {{document.list("", {Document::integer(1)}), Document::integer(2)}, {document.string("a"), Value()}})),
            R"({"$entries":[[[1],2],["a",null]]})");
  EXPECT_EQ(json_of_hex("485190915a"), R"({"$entries":[[{"$ref":0},1]]})");  // a map under itself
}

TEST(Hessian2ToJson, CyclesAndSecondOccurrences_AreReferences) {
  Document document;
  const auto list = document.list("", {Value()});
  Document::replace(list, 0, list);
  EXPECT_EQ(to_json(list), R"([{"$ref":0}])");
  const auto shared = document.list("", {Document::integer(1)});
  EXPECT_EQ(to_json(document.list("", {document.map("", {}), shared, shared})), R"([{},[1],{"$ref":2}])");
}

TEST(Hessian2ToJson, PlainObjects_AreWrittenAgain) {
  Document document;
  const auto red = document.object("demo.Color", {{"name", document.string("RED")}});
  EXPECT_EQ(to_json(document.list("", {red, red})), R"([{"$class":"demo.Color","name":"RED"},{"$class":"demo.Color","name":"RED"}])");
}

TEST(Hessian2ToJson, WhatHasNoRoom_IsCutWithAMark) {
  Document document;
  constexpr std::size_t kMost = 512;
  const std::vector<Value> numbers(1'000, Document::integer(7));
  const std::vector<Entry> entries(1'000, {document.string("k"), Document::integer(7)});
  const std::vector<Entry> pairs(1'000, {document.list("", {}), Document::integer(7)});
  const std::pair<Value, std::string_view> cases[] = {
      {document.list("", numbers), ",7,\"$cut\"]"},
      {document.map("", entries), ",\"k\":7,\"$cut\":true}"},
      {document.map("", pairs), ",\"$cut\"]}"},
      {document.list("", {document.list("", numbers), Value()}), ",7,\"$cut\"],null]"},
      {document.string(std::string(1'000, 'x')), "x…\""},
      {document.string(std::string(1'000, '\n')), "\\n…\""},
      {document.bytes(std::string(1'000, 'x')), "…\""},
      {document.object(std::string(2'000, 'c'), {{"x", Value()}}), "{\"$cut\":true}"},
      {document.object("a.B", {{std::string(2'000, 'f'), Value()}}), "{\"$class\":\"a.B\",\"$cut\":true}"},
  };
  for (const auto& [value, end] : cases) {
    const auto json = to_json(value, kMost);
    EXPECT_TRUE(json.ends_with(end)) << json;
    EXPECT_LE(json.size(), kMost);
    EXPECT_TRUE(is_json(json)) << json;
  }
}

TEST(Hessian2ToJson, CutText_EndsWithAWholeCharacter) {
  Document document;
  for (const std::string text : {"é", "中", "\xED\xA0\xBD\xED\xB8\x80"}) {
    std::string repeated;
    for (int i = 0; i < 1'000; ++i) repeated += text;
    const auto json = to_json(document.string(repeated), 512);
    EXPECT_TRUE(is_utf8(json));
    EXPECT_EQ(json.find("\xEF\xBF\xBD"), std::string::npos) << json;
  }
}

TEST(Hessian2ToJson, LongNames_AreCut) {
  Document document;
  const auto json = to_json(document.object(std::string(2'000, 'c'), {{std::string(2'000, 'f'), Document::integer(1)}}));
  EXPECT_EQ(json, "{\"$class\":\"" + std::string(1'024, 'c') + "…\",\"" + std::string(1'024, 'f') + "…\":1}");
  EXPECT_EQ(to_json(document.map("", {{document.string("中" + std::string(1'020, 'c') + "中"), Value()}})),
            "{\"中" + std::string(1'020, 'c') + "…\":null}");
}

TEST(Hessian2ToJson, OneOctetBeyondTheLimit_IsCut) {
  Document document;
  const std::string text(kJsonBytesMax - 2, 'x');
  EXPECT_EQ(to_json(document.string(text)).size(), kJsonBytesMax);
  EXPECT_TRUE(to_json(document.string(text + "x")).ends_with("…\""));
}

TEST(Hessian2ToJson, ReferenceBomb_IsWrittenOnce) {
  Document document;
  Value value = document.list("", {});
  for (int i = 0; i < 50; ++i) value = document.list("", std::vector<Value>(10, value));
  EXPECT_LT(to_json(value).size(), 10'000U);
}

TEST(Hessian2ToJson, DeepestValue_IsWritten) {
  Document document;
  Value value;
  for (std::size_t i = 0; i < kDepthMax; ++i) value = document.list("", {value});
  EXPECT_EQ(to_json(value), std::string(kDepthMax, '[') + "null" + std::string(kDepthMax, ']'));
}

TEST(Hessian2ToJson, EveryVector_IsValidJson) {
  for (const auto& line : load_vectors("encoded.jsonl")) {
    if (!line.contains("hex")) continue;
    Document document;
    const auto octets = expand_hex(text_of(line, "hex"));
    Decoder decoder(octets, document);
    while (!decoder.at_end()) {
      const auto json = to_json(decoder.read().value());
      EXPECT_TRUE(is_json(json)) << text_of(line, "java") << ": " << json;
      EXPECT_LE(json.size(), kJsonBytesMax);
    }
  }
}

TEST(Hessian2Base64, Octets_SurviveTheWayThereAndBack) {
  for (std::size_t size = 0; size < 20; ++size) {
    const std::string octets(size, '\xF7');
    EXPECT_EQ(from_base64(to_base64(octets)), octets);
  }
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  for (const std::string_view wrong : {"Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v=", "Zm 9v", "Zm9vZg", "Zg==Zg==", "-_-_"}) {
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace meepo::hessian2
