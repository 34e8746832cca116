#include "api/http/openapi.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace meepo::api {
namespace {

namespace json = boost::json;

json::value description() { return json::parse(openapi(call_routes(), "1.2.3")); }

/// Every "$ref" below `value`.
void collect(const json::value& value, std::vector<std::string>& references) {
  if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object) {
      if (key == "$ref") references.emplace_back(inner.as_string());
      collect(inner, references);
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& inner : *array) collect(inner, references);
  }
}

TEST(Openapi, HasEveryRoute) {
  const auto whole = description();
  EXPECT_EQ(whole.at("openapi").as_string(), "3.0.3");
  EXPECT_EQ(whole.at("info").at("version").as_string(), "1.2.3");
  for (const auto& route : call_routes()) {
    const auto& path = whole.at("paths").at(route.pattern);
    EXPECT_TRUE(path.as_object().contains(route.method == "POST" ? "post" : "get")) << route.pattern;
  }
  EXPECT_TRUE(whole.at("paths").at("/v1/tasks").as_object().contains("get"));
  EXPECT_TRUE(whole.at("paths").at("/v1/tasks").as_object().contains("post"));
}

TEST(Openapi, EveryReferenceLeadsToASchema) {
  const auto whole = description();
  std::vector<std::string> references;
  collect(whole, references);
  EXPECT_GT(references.size(), 20U);
  for (const auto& reference : references) {
    constexpr std::string_view kPrefix = "#/components/schemas/";
    ASSERT_TRUE(reference.starts_with(kPrefix));
    EXPECT_TRUE(whole.at("components").at("schemas").as_object().contains(reference.substr(kPrefix.size()))) << reference;
  }
}

TEST(Openapi, APayloadIsAnyJson) {
  const auto whole = description();
  const auto& params = whole.at("components").at("schemas").at("ServiceTarget").at("properties").at("params").as_object();
  EXPECT_FALSE(params.contains("type"));
  EXPECT_FALSE(params.contains("$ref"));
}

TEST(Openapi, QueriesAndPathsAreParameters) {
  const auto whole = description();
  const auto& list = whole.at("paths").at("/v1/tasks").at("get").at("parameters").as_array();
  std::vector<std::string> names;
  for (const auto& parameter : list) names.emplace_back(parameter.at("name").as_string());
  EXPECT_EQ(names, (std::vector<std::string>{"appId", "interface", "method", "kind", "status", "createdFrom", "createdTo", "pageSize",
                                             "pageToken", "name", "label"}));
  EXPECT_EQ(list.back().at("schema").at("type").as_string(), "array");
  EXPECT_EQ(list.back().at("schema").at("items").at("type").as_string(), "string");
  const auto& id = whole.at("paths").at("/v1/tasks/{id}:cancel").at("post").at("parameters").at(0);
  EXPECT_EQ(id.at("in").as_string(), "path");
  EXPECT_TRUE(id.at("required").as_bool());
}

}  // namespace
}  // namespace meepo::api
