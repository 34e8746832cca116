#include "protocol/hessian2/java_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <utility>

#include "base/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::size_t kDimensionsMax = 255;  // of a JVM array

using Named = std::pair<std::string_view, TypeShape>;

template <class Number>
constexpr TypeShape whole(bool takes_null) {
  return {.shape = Shape::Int,
          .takes_null = takes_null,
          .first = std::numeric_limits<Number>::min(),
          .last = std::numeric_limits<Number>::max()};
}

constexpr TypeShape primitive(Shape shape) { return {.shape = shape, .takes_null = false}; }

constexpr TypeShape as(Shape shape, std::string_view sent_as = {}) { return {.shape = shape, .sent_as = sent_as}; }

// Interfaces travel as the class that Java would take for them; classes under their own names, except ArrayList and HashMap, which are what
// lists and maps without a type are.
constexpr auto kShapes = std::to_array<Named>({
    {"boolean", primitive(Shape::Boolean)},
    {"byte", whole<std::int8_t>(false)},
    {"short", whole<std::int16_t>(false)},
    {"int", whole<std::int32_t>(false)},
    {"long", primitive(Shape::Long)},
    {"float", primitive(Shape::Double)},
    {"double", primitive(Shape::Double)},
    {"char", primitive(Shape::Character)},
    {"java.lang.Boolean", as(Shape::Boolean)},
    {"java.lang.Byte", whole<std::int8_t>(true)},
    {"java.lang.Short", whole<std::int16_t>(true)},
    {"java.lang.Integer", whole<std::int32_t>(true)},
    {"java.lang.Long", as(Shape::Long)},
    {"java.lang.Float", as(Shape::Double)},
    {"java.lang.Double", as(Shape::Double)},
    {"java.lang.Character", as(Shape::Character)},
    {"java.lang.String", as(Shape::String)},
    {"java.lang.CharSequence", as(Shape::String)},
    {"java.math.BigDecimal", as(Shape::BigDecimal)},
    {"java.math.BigInteger", as(Shape::BigInteger)},
    {"java.util.Date", as(Shape::Date)},
    {"java.sql.Date", as(Shape::SqlDate)},
    {"java.sql.Time", as(Shape::SqlDate)},
    {"java.sql.Timestamp", as(Shape::SqlDate)},
    {"java.lang.Iterable", as(Shape::List)},
    {"java.util.Collection", as(Shape::List)},
    {"java.util.List", as(Shape::List)},
    {"java.util.ArrayList", as(Shape::List)},
    {"java.util.LinkedList", as(Shape::List, "java.util.LinkedList")},
    {"java.util.Queue", as(Shape::List, "java.util.LinkedList")},
    {"java.util.Deque", as(Shape::List, "java.util.LinkedList")},
    {"java.util.ArrayDeque", as(Shape::List, "java.util.ArrayDeque")},
    {"java.util.Vector", as(Shape::List, "java.util.Vector")},
    {"java.util.concurrent.CopyOnWriteArrayList", as(Shape::List, "java.util.concurrent.CopyOnWriteArrayList")},
    {"java.util.Set", as(Shape::List, "java.util.HashSet")},
    {"java.util.HashSet", as(Shape::List, "java.util.HashSet")},
    {"java.util.LinkedHashSet", as(Shape::List, "java.util.LinkedHashSet")},
    {"java.util.SortedSet", as(Shape::List, "java.util.TreeSet")},
    {"java.util.NavigableSet", as(Shape::List, "java.util.TreeSet")},
    {"java.util.TreeSet", as(Shape::List, "java.util.TreeSet")},
    {"java.util.Map", as(Shape::Map)},
    {"java.util.HashMap", as(Shape::Map)},
    {"java.util.LinkedHashMap", as(Shape::Map, "java.util.LinkedHashMap")},
    {"java.util.SortedMap", as(Shape::Map, "java.util.TreeMap")},
    {"java.util.NavigableMap", as(Shape::Map, "java.util.TreeMap")},
    {"java.util.TreeMap", as(Shape::Map, "java.util.TreeMap")},
    {"java.util.Hashtable", as(Shape::Map, "java.util.Hashtable")},
    {"java.util.Properties", as(Shape::Map, "java.util.Properties")},
    {"java.util.concurrent.ConcurrentMap", as(Shape::Map, "java.util.concurrent.ConcurrentHashMap")},
    {"java.util.concurrent.ConcurrentHashMap", as(Shape::Map, "java.util.concurrent.ConcurrentHashMap")},
    {"java.lang.Object", as(Shape::Any)},
    {"java.lang.Number", as(Shape::Any)},
    {"java.lang.Comparable", as(Shape::Any)},
    {"java.io.Serializable", as(Shape::Any)},
});

constexpr auto kPrimitives = std::to_array<std::pair<char, std::string_view>>(
    {{'Z', "boolean"}, {'B', "byte"}, {'C', "char"}, {'S', "short"}, {'I', "int"}, {'J', "long"}, {'F', "float"}, {'D', "double"}});

/// Names and dots, with what the JVM allows in names and other scripts' letters.
bool is_class_name(std::string_view name) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  return !name.empty() && name.front() != '.' && name.back() != '.' && std::ranges::all_of(name, is_part) && is_utf8(name);
}

/// The name behind the array marks of a descriptor; "" if it is none.
std::string element_of_descriptor(std::string_view text) {
  if (text.starts_with('L') && text.ends_with(';')) {
    std::string name(text.substr(1, text.size() - 2));
    std::ranges::replace(name, '/', '.');
    return name;
  }
  const auto* const primitive =
      std::ranges::find_if(kPrimitives, [&](const auto& entry) { return text.size() == 1 && entry.first == text.front(); });
  return primitive == kPrimitives.end() ? std::string() : std::string(primitive->second);
}

}  // namespace

std::string JavaType::written() const {
  auto text = name;
  for (std::size_t i = 0; i < array_dimensions; ++i) text += "[]";
  return text;
}

std::string JavaType::list_type() const {
  std::string_view sent = name;
  if (name == "java.lang.String") sent = "string";
  if (name == "java.lang.Object") sent = "object";
  if (name == "java.util.Date") sent = "date";
  return std::string(array_dimensions, '[') + std::string(sent);
}

Result<JavaType> parse_java_type(std::string_view text, std::string_view field) {
  JavaType type;
  auto rest = text;
  if (rest.starts_with('[') || rest.ends_with(';')) {
    type.array_dimensions = std::min(rest.find_first_not_of('['), rest.size());
    type.name = element_of_descriptor(rest.substr(type.array_dimensions));
  } else {
    for (; rest.ends_with("[]"); rest.remove_suffix(2)) ++type.array_dimensions;
    type.name = rest;
  }
  if (is_class_name(type.name) && type.array_dimensions <= kDimensionsMax) return type;
  return fail(
      Code::InvalidArgument,
      fmt::format("{} has the type {}: expected a Java type like int, java.lang.String, java.util.List or int[]", field, quoted(text)),
      std::string(field));
}

TypeShape shape_of(std::string_view name) {
  const auto* const found = std::ranges::find(kShapes, name, &Named::first);
  return found == kShapes.end() ? TypeShape() : found->second;
}

}  // namespace meepo::hessian2
