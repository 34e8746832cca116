#include "api/http/openapi.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/text.h"
#include "meepo/v1/task_service.pb.h"
#include "meepo/v1/types.pb.h"

namespace meepo::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// A JSON object being written: values are JSON text already.
class Object {
 public:
  Object& put(std::string_view key, std::string_view json) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, key);
    text_ += ':';
    text_ += json;
    return *this;
  }
  Object& put_text(std::string_view key, std::string_view value) {
    std::string json;
    append_json_string(json, value);
    return put(key, json);
  }
  std::string text() const { return text_ + '}'; }

 private:
  std::string text_ = "{";
};

std::string array(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += item;
  }
  return text + ']';
}

/// "Firing", "RetryPolicy.Ladder": the full name without the package.
std::string schema_name(const Descriptor& type) { return type.full_name().substr(type.file()->package().size() + 1); }

/// The schemas of messages, each written once, with those that it refers to.
class Schemas {
 public:
  std::string reference(const Descriptor& type) {
    if (&type == google::protobuf::Timestamp::descriptor()) return R"({"type":"string","format":"date-time"})";
    if (&type == v1::Payload::descriptor()) {
      return R"({"description":"Any JSON value; its digits are kept. Other encodings are answered as {\"hessian2\", \"json\"} or {\"bytes\"}, in base 64 and as JSON for people."})";
    }
    add(type);
    return Object().put_text("$ref", "#/components/schemas/" + schema_name(type)).text();
  }

  std::string value(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return field.type() == FieldDescriptor::TYPE_BYTES ? R"({"type":"string","format":"byte"})" : R"({"type":"string"})";
      case FieldDescriptor::CPPTYPE_BOOL: return R"({"type":"boolean"})";
      case FieldDescriptor::CPPTYPE_ENUM: return enumeration(field);
      case FieldDescriptor::CPPTYPE_INT32: return R"({"type":"integer","format":"int32"})";
      case FieldDescriptor::CPPTYPE_UINT32: return R"({"type":"integer","format":"int64","minimum":0,"maximum":4294967295})";
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64: return R"({"type":"string","format":"int64"})";
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE: return R"({"type":"number"})";
      case FieldDescriptor::CPPTYPE_MESSAGE: return reference(*field.message_type());
    }
    return "{}";
  }

  std::string text() const {
    Object all;
    for (const auto& [name, schema] : schemas_) all.put(name, schema);
    return all.text();
  }

  std::string property(const FieldDescriptor& field) {
    if (field.is_map())
      return Object().put_text("type", "object").put("additionalProperties", value(*field.message_type()->map_value())).text();
    if (field.is_repeated()) return Object().put_text("type", "array").put("items", value(field)).text();
    return value(field);
  }

 private:
  static std::string enumeration(const FieldDescriptor& field) {
    std::vector<std::string> names;
    for (int i = 0; i < field.enum_type()->value_count(); ++i) {
      const auto& name = field.enum_type()->value(i)->name();
      if (name.ends_with("_UNSPECIFIED")) continue;
      append_json_string(names.emplace_back(), name);
    }
    return Object().put_text("type", "string").put("enum", array(names)).text();
  }

  void add(const Descriptor& type) {
    if (!known_.insert(&type).second) return;  // a message may refer to itself
    Object properties;
    for (int i = 0; i < type.field_count(); ++i) properties.put(type.field(i)->json_name(), property(*type.field(i)));
    schemas_[schema_name(type)] =
        Object().put_text("type", "object").put("properties", properties.text()).put("additionalProperties", "false").text();
  }

  std::set<const Descriptor*> known_;
  std::map<std::string, std::string> schemas_;
};

std::string json_content(const std::string& schema) {
  return Object().put("application/json", Object().put("schema", schema).text()).text();
}

std::string parameter(std::string_view name, std::string_view place, const std::string& schema) {
  return Object()
      .put_text("name", name)
      .put_text("in", place)
      .put("required", place == "path" ? "true" : "false")
      .put("schema", schema)
      .text();
}

std::string operation(const Route& route, Schemas& schemas) {
  std::vector<std::string> parameters;
  if (route.pattern.find("{id}") != std::string_view::npos) parameters.push_back(parameter("id", "path", R"({"type":"string"})"));
  for (int i = 0; route.body == Body::None && i < route.request->field_count(); ++i) {
    const auto& field = *route.request->field(i);
    if (field.name() != "id") parameters.push_back(parameter(field.json_name(), "query", schemas.property(field)));
  }
  Object operation;
  operation.put_text("summary", route.summary);
  if (!parameters.empty()) operation.put("parameters", array(parameters));
  if (route.body != Body::None) {
    const auto& type = route.body == Body::Spec ? *v1::TaskSpec::descriptor() : *route.request;
    operation.put(
        "requestBody",
        Object().put("required", parameters.empty() ? "true" : "false").put("content", json_content(schemas.reference(type))).text());
  }
  const auto good = Object().put_text("description", "Done").put("content", json_content(schemas.reference(*route.response))).text();
  const auto bad = Object()
                       .put_text("description", "Not done, or not known to be: code, message and the field to blame")
                       .put("content", json_content(schemas.reference(*v1::ErrorDetail::descriptor())))
                       .text();
  Object responses;
  if (route.body == Body::Spec) responses.put("201", good);
  return operation.put("responses", responses.put("200", good).put("default", bad).text()).text();
}

}  // namespace

std::string openapi(std::span<const Route> routes, std::string_view version) {
  Schemas schemas;
  std::map<std::string_view, Object> paths;
  for (const auto& route : routes) {
    if (route.request == nullptr) continue;
    paths[route.pattern].put(route.method == "POST" ? "post" : "get", operation(route, schemas));
  }
  Object path_objects;
  for (const auto& [pattern, object] : paths) path_objects.put(pattern, object.text());
  const auto scheme = Object().put("token", R"({"type":"http","scheme":"bearer"})").text();
  return Object()
      .put_text("openapi", "3.0.3")
      .put("info", Object().put_text("title", "Meepo").put_text("version", version).text())
      .put("security", R"([{},{"token":[]}])")
      .put("paths", path_objects.text())
      .put("components", Object().put("schemas", schemas.text()).put("securitySchemes", scheme).text())
      .text();
}

}  // namespace meepo::api
