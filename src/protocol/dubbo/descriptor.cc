#include "protocol/dubbo/descriptor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace meepo::dubbo {
namespace {

using Primitive = std::pair<std::string_view, char>;
constexpr std::array<Primitive, 8> kPrimitives = {
    Primitive{"boolean", 'Z'}, {"byte", 'B'}, {"char", 'C'}, {"short", 'S'}, {"int", 'I'}, {"long", 'J'}, {"float", 'F'}, {"double", 'D'}};

/// Whether it can stand between L and ;: parts with a separator between two, none empty, none with a letter that Java gives a meaning.
bool is_class_name(std::string_view name, char separator) {
  if (name.empty() || name.front() == separator || name.back() == separator) return false;
  char before = 0;
  for (const char c : name) {
    if (c == separator && before == separator) return false;
    const bool is_reserved = c == '.' || c == '/' || c == ';' || c == '[' || c == ']';
    if (c != separator && (is_reserved || static_cast<unsigned char>(c) <= ' ')) return false;
    before = c;
  }
  return true;
}

std::string replaced(std::string_view text, char from, char to) {
  std::string out(text);
  std::ranges::replace(out, from, to);
  return out;
}

Error refused(std::string_view descriptor, std::string_view why) {
  return Error{.code = Code::InvalidArgument, .message = fmt::format("read the parameter types {}: {}", quoted(descriptor, 256), why)};
}

/// Takes one type off the front; nothing if there is none.
std::optional<std::string> take_type(std::string_view& in) {
  const std::size_t dimensions = std::min(in.find_first_not_of('['), in.size());
  if (dimensions > kArrayDimensionsMax || dimensions == in.size()) return std::nullopt;
  const char kind = in[dimensions];
  std::string name(in.substr(0, dimensions));
  if (kind == 'L') {
    const std::size_t end = in.find(';', dimensions);
    if (end == std::string_view::npos) return std::nullopt;
    const auto class_name = in.substr(dimensions + 1, end - dimensions - 1);
    if (!is_class_name(class_name, '/')) return std::nullopt;
    const auto dotted = replaced(class_name, '/', '.');
    name += dimensions == 0 ? dotted : "L" + dotted + ";";
    in.remove_prefix(end + 1);
    return name;
  }
  const auto* const primitive = std::ranges::find(kPrimitives, kind, &Primitive::second);
  if (primitive == kPrimitives.end()) return std::nullopt;
  name += dimensions == 0 ? primitive->first : std::string_view(&primitive->second, 1);
  in.remove_prefix(dimensions + 1);
  return name;
}

/// Appends the descriptor of one type; false if the name is none.
bool append_type(std::string& out, std::string_view name) {
  std::size_t dimensions = 0;
  for (; name.ends_with("[]"); ++dimensions) name.remove_suffix(2);
  if (name.starts_with('[')) {
    if (dimensions > 0) return false;
    const auto descriptor = replaced(name, '.', '/');
    std::string_view rest = descriptor;
    if (name.find('/') != std::string_view::npos || !take_type(rest) || !rest.empty()) return false;
    out += descriptor;
    return true;
  }
  if (dimensions > kArrayDimensionsMax) return false;
  out.append(dimensions, '[');
  const auto* const primitive = std::ranges::find(kPrimitives, name, &Primitive::first);
  if (primitive != kPrimitives.end()) {
    out += primitive->second;
    return true;
  }
  if (!is_class_name(name, '.')) return false;
  out += 'L' + replaced(name, '.', '/') + ';';
  return true;
}

}  // namespace

Result<std::vector<std::string>> type_names_of(std::string_view descriptor) {
  if (descriptor.size() > kDescriptorBytesMax) {
    return fail(refused(descriptor, fmt::format("{} octets; at most {}", descriptor.size(), kDescriptorBytesMax)));
  }
  std::vector<std::string> names;
  for (std::string_view rest = descriptor; !rest.empty();) {
    if (names.size() == kParametersMax) return fail(refused(descriptor, fmt::format("more than {} parameters", kParametersMax)));
    const std::size_t at = descriptor.size() - rest.size();
    auto name = take_type(rest);
    if (!name) return fail(refused(descriptor, fmt::format("no type at octet {}; expected such as I or [Ljava/lang/String;", at)));
    names.push_back(*std::move(name));
  }
  return names;
}

Result<std::string> descriptor_of(const std::vector<std::string>& type_names) {
  if (type_names.size() > kParametersMax) {
    return fail(Code::InvalidArgument, fmt::format("write {} parameter types; at most {}", type_names.size(), kParametersMax));
  }
  std::string descriptor;
  for (const auto& name : type_names) {
    if (!append_type(descriptor, name)) {
      return fail(Code::InvalidArgument,
                  fmt::format("write the parameter type {}: expected such as int, java.lang.String, [I or int[]", quoted(name, 256)));
    }
    if (descriptor.size() > kDescriptorBytesMax) {
      return fail(Code::InvalidArgument, fmt::format("write the parameter types: more than {} octets", kDescriptorBytesMax));
    }
  }
  return descriptor;
}

}  // namespace meepo::dubbo
