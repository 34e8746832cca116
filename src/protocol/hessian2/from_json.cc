// JSON to Hessian, by the declared Java types.

#include <fmt/format.h>

#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "base/time.h"
#include "protocol/hessian2/base64.h"
#include "protocol/hessian2/big_integer.h"
#include "protocol/hessian2/decimal.h"
#include "protocol/hessian2/java_type.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/json_tree.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

using JsonKind = Json::Kind;

constexpr std::string_view kClass = "$class";  // of to_json; an object of just this class
constexpr std::string_view kMapClass = "class";  // of Java's generic calls; a map that becomes a bean

/// A JSON value for an error message.
std::string shown(const Json& json) {
  switch (json.kind) {
    case JsonKind::Null: return "null";
    case JsonKind::Bool: return json.truth ? "true" : "false";
    case JsonKind::Number: return json.text.size() > 40 ? json.text.substr(0, 40) + "…" : json.text;
    case JsonKind::String: return quoted(json.text);
    case JsonKind::Array: return "an array";
    default: return "an object";
  }
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

/// Whether a number or the text of one, as to_json writes numbers that JavaScript would round.
bool is_number_like(const Json& json) { return json.kind == JsonKind::Number || json.kind == JsonKind::String; }

class Converter {
 public:
  explicit Converter(Document& document) : document_(&document) {}

  Result<Value> convert(const Json& json, const JavaType& type, const std::string& path);

 private:
  Result<Value> convert_shape(const Json& json, const JavaType& type, const TypeShape& shape, const std::string& path);
  Result<Value> number(const Json& json, const JavaType& type, const TypeShape& shape, const std::string& path);
  Result<Value> real(const Json& json, const JavaType& type, const std::string& path);
  Result<Value> date(const Json& json, const JavaType& type, const std::string& path);
  Result<Value> array(const Json& json, const JavaType& type, const std::string& path);
  Result<Value> bytes(const Json& json, const JavaType& type, const std::string& path);
  Result<Value> list(const Json& json, const JavaType& element, std::string_view list_type, const std::string& path);
  Result<Value> map(const Json& json, std::string_view map_type, std::string_view class_name, const std::string& path);
  Result<Value> object(const Json& json, const std::string& class_name, const std::string& path);
  Result<Value> bean(const Json& json, const JavaType& type, const std::string& path);
  Result<Value> any(const Json& json, const std::string& path);
  Result<Value> any_number(const Json& json, const std::string& path);
  Value text(std::string_view utf8) { return document_->string_of_utf8(utf8); }

  static std::unexpected<Error> unfit(const Json& json, const JavaType& type, std::string_view expected, const std::string& path) {
    return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {} for {}", path, shown(json), expected, type.written()), path);
  }

  Document* document_;
};

Result<Value> Converter::convert(const Json& json, const JavaType& type, const std::string& path) {
  const auto shape = type.array_dimensions > 0 ? TypeShape() : shape_of(type.name);
  if (json.kind == JsonKind::Null) {
    if (!shape.takes_null) return unfit(json, type, "a value", path);
    return Value();
  }
  if (type.array_dimensions > 0) return array(json, type, path);
  return convert_shape(json, type, shape, path);
}

Result<Value> Converter::convert_shape(const Json& json, const JavaType& type, const TypeShape& shape, const std::string& path) {
  switch (shape.shape) {
    case Shape::Boolean:
      if (json.kind != JsonKind::Bool) return unfit(json, type, "true or false", path);
      return Document::boolean(json.truth);
    case Shape::Int:
    case Shape::Long:
    case Shape::BigInteger: return number(json, type, shape, path);
    case Shape::Double: return real(json, type, path);
    case Shape::Character:
      if (json.kind != JsonKind::String || utf16_units(from_utf8(json.text)) != 1)
        return unfit(json, type, "a string of one UTF-16 unit", path);
      return text(json.text);
    case Shape::String:
      if (json.kind != JsonKind::String) return unfit(json, type, "a string", path);
      return text(json.text);
    case Shape::BigDecimal:
      if (!is_number_like(json) || !is_decimal(json.text)) return unfit(json, type, "a number or its text", path);
      return document_->object("java.math.BigDecimal", {{"value", document_->string(json.text)}});
    case Shape::Date: return date(json, type, path);
    case Shape::SqlDate: {
      const auto value = date(json, type, path);
      if (!value) return value;
      return document_->object(type.name, {{"value", *value}});
    }
    case Shape::List:
      if (json.kind != JsonKind::Array) return unfit(json, type, "an array", path);
      return list(json, {.name = "java.lang.Object"}, shape.sent_as, path);
    case Shape::Map:
      if (json.kind != JsonKind::Object) return unfit(json, type, "an object", path);
      return map(json, shape.sent_as, "", path);
    case Shape::Any: return any(json, path);
    case Shape::Bean: return bean(json, type, path);
  }
  return unfit(json, type, "another value", path);
}

Result<Value> Converter::number(const Json& json, const JavaType& type, const TypeShape& shape, const std::string& path) {
  if (shape.shape == Shape::BigInteger) {
    const auto big = is_number_like(json) ? big_integer_of(json.text, *document_) : std::nullopt;
    if (!big) return unfit(json, type, fmt::format("a whole number or its text, at most {} digits", kBigDigitsMax), path);
    return *big;
  }
  const auto whole = is_number_like(json) ? whole_number(json.text) : std::nullopt;
  if (shape.shape == Shape::Long) {
    if (!whole) return unfit(json, type, "a whole number of 64 bits or its text", path);
    return Document::long_integer(*whole);
  }
  if (json.kind != JsonKind::Number || !whole || *whole < shape.first || *whole > shape.last) {
    return unfit(json, type, fmt::format("a whole number from {} to {}", shape.first, shape.last), path);
  }
  return Document::integer(static_cast<std::int32_t>(*whole));
}

Result<Value> Converter::real(const Json& json, const JavaType& type, const std::string& path) {
  // JSON has no numbers for these.
  if (json.kind == JsonKind::String && json.text == "NaN") return Document::real(std::nan(""));
  if (json.kind == JsonKind::String && json.text == "Infinity") return Document::real(HUGE_VAL);
  if (json.kind == JsonKind::String && json.text == "-Infinity") return Document::real(-HUGE_VAL);
  const double most = type.name == "float" || type.name == "java.lang.Float" ? FLT_MAX : DBL_MAX;
  const auto number = json.kind == JsonKind::Number ? to_double(json.text) : std::nullopt;
  if (!number || std::abs(*number) > most) return unfit(json, type, fmt::format("a number within {:.4g}", most), path);
  return Document::real(*number);
}

Result<Value> Converter::date(const Json& json, const JavaType& type, const std::string& path) {
  if (json.kind == JsonKind::Number) {
    if (const auto ms = whole_number(json.text)) return Document::date(*ms);
  } else if (json.kind == JsonKind::String) {
    if (const auto time = parse_iso(json.text)) return Document::date(to_unix_ms(*time));
  }
  return unfit(json, type, "milliseconds since 1970 or a time with its offset like \"2026-01-31T08:00:00+08:00\"", path);
}

Result<Value> Converter::array(const Json& json, const JavaType& type, const std::string& path) {
  if (type.array_dimensions == 1 && type.name == "byte") return bytes(json, type, path);
  if (type.array_dimensions == 1 && type.name == "char") {
    if (json.kind != JsonKind::String) return unfit(json, type, "a string", path);
    return text(json.text);
  }
  if (json.kind != JsonKind::Array) return unfit(json, type, "an array", path);
  return list(json, type.element(), from_utf8(type.list_type()), path);
}

Result<Value> Converter::bytes(const Json& json, const JavaType& type, const std::string& path) {
  if (json.kind == JsonKind::String) {
    if (const auto octets = from_base64(json.text)) return document_->bytes(*octets);
  } else if (json.kind == JsonKind::Array) {
    std::string octets;
    for (const auto& item : json.items) {
      const auto octet = item.kind == JsonKind::Number ? whole_number(item.text) : std::nullopt;
      if (!octet || *octet < -128 || *octet > 255)
        return unfit(item, type, "bytes from -128 to 255", fmt::format("{}[{}]", path, octets.size()));
      octets += static_cast<char>(*octet);
    }
    return document_->bytes(octets);
  }
  return unfit(json, type, "base 64 or an array of bytes", path);
}

Result<Value> Converter::list(const Json& json, const JavaType& element, std::string_view list_type, const std::string& path) {
  std::vector<Value> items;
  items.reserve(json.items.size());
  for (const auto& item : json.items) {
    const auto value = convert(item, element, fmt::format("{}[{}]", path, items.size()));
    if (!value) return value;
    items.push_back(*value);
  }
  return document_->list(list_type, items);
}

/// With the name of a class unless that is "" or the object has one itself.
Result<Value> Converter::map(const Json& json, std::string_view map_type, std::string_view class_name, const std::string& path) {
  std::vector<Entry> entries;
  if (!class_name.empty() && json.find(kMapClass) == nullptr) entries.emplace_back(document_->string(kMapClass), text(class_name));
  for (const auto& [name, member] : json.members) {
    if (name == kClass) continue;
    const auto value = any(member, fmt::format("{}.{}", path, name));
    if (!value) return value;
    entries.emplace_back(text(name), *value);
  }
  return document_->map(map_type, entries);
}

/// The inverse of what to_json makes of an object or a map with a type.
Result<Value> Converter::object(const Json& json, const std::string& class_name, const std::string& path) {
  const auto shape = shape_of(class_name);
  const auto* const value = json.find("value");
  if (shape.shape == Shape::Map) return map(json, shape.sent_as, "", path);
  if (value != nullptr && (shape.shape == Shape::BigInteger || shape.shape == Shape::BigDecimal || shape.shape == Shape::SqlDate)) {
    return convert(*value, {.name = class_name}, fmt::format("{}.value", path));
  }
  std::vector<std::string> names;  // that fields point into
  names.reserve(json.members.size());
  std::vector<Field> fields;
  for (const auto& [name, member] : json.members) {
    if (name == kClass) continue;
    const auto field = any(member, fmt::format("{}.{}", path, name));
    if (!field) return field;
    names.push_back(from_utf8(name));
    fields.emplace_back(names.back(), *field);
  }
  return document_->object(from_utf8(class_name), fields);
}

Result<Value> Converter::bean(const Json& json, const JavaType& type, const std::string& path) {
  // Java makes enums, times and the like of their texts.
  if (json.kind == JsonKind::String) return text(json.text);
  if (json.kind != JsonKind::Object) return unfit(json, type, "an object or a string", path);
  if (json.find(kClass) != nullptr) return any(json, path);
  return map(json, "", type.name, path);
}

Result<Value> Converter::any(const Json& json, const std::string& path) {
  switch (json.kind) {
    case JsonKind::Null: return Value();
    case JsonKind::Bool: return Document::boolean(json.truth);
    case JsonKind::Number: return any_number(json, path);
    case JsonKind::String: return text(json.text);
    case JsonKind::Array: return list(json, {.name = "java.lang.Object"}, "", path);
    case JsonKind::Object: break;
  }
  const auto* const class_name = json.find(kClass);
  if (class_name == nullptr) return map(json, "", "", path);
  if (class_name->kind != JsonKind::String || class_name->text.empty()) {
    return unfit(*class_name, {.name = "java.lang.Class"}, "the name of a class", fmt::format("{}.{}", path, kClass));
  }
  return object(json, class_name->text, path);
}

/// The narrowest of Integer, Long, BigInteger, Double, BigDecimal that keeps every digit.
Result<Value> Converter::any_number(const Json& json, const std::string& path) {
  if (const auto whole = whole_number(json.text)) {
    const auto narrow = static_cast<std::int32_t>(*whole);
    return narrow == *whole ? Document::integer(narrow) : Document::long_integer(*whole);
  }
  if (const auto big = big_integer_of(json.text, *document_)) return *big;
  if (const auto exact = to_exact_double(json.text)) return Document::real(*exact);
  return convert(json, {.name = "java.math.BigDecimal"}, path);
}

}  // namespace

Result<Value> value_from_json(std::string_view json, std::string_view type, std::string_view field, Document& document) {
  const auto java_type = parse_java_type(type, field);
  if (!java_type) return fail(java_type.error());
  const auto tree = parse_json(json, field);
  if (!tree) return fail(tree.error());
  return Converter(document).convert(*tree, *java_type, std::string(field));
}

Result<std::vector<Value>> arguments_from_json(std::string_view params, std::span<const std::string> types, Document& document) {
  const auto tree = parse_json(params, "params");
  if (!tree) return fail(tree.error());
  if (tree->kind != JsonKind::Array || tree->items.size() != types.size()) {
    const auto found = tree->kind == JsonKind::Array ? fmt::format("{} elements", tree->items.size()) : shown(*tree);
    return fail(Code::InvalidArgument,
                fmt::format("params is {}: expected an array of {}, one for each parameter type", found, types.size()), "params");
  }
  std::vector<Value> arguments;
  arguments.reserve(types.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto path = fmt::format("params[{}]", i);
    const auto type = parse_java_type(types[i], path);
    if (!type) return fail(type.error());
    const auto value = Converter(document).convert(tree->items[i], *type, path);
    if (!value) return fail(value.error());
    arguments.push_back(*value);
  }
  return arguments;
}

}  // namespace meepo::hessian2
