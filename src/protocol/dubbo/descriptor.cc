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

bool is_primitive(std::string_view name) { return std::ranges::find(kPrimitives, name, &Primitive::first) != kPrimitives.end(); }

/// Takes the descriptor of one type off the front; empty if there is none. No class has the name of a primitive type: as names the two
/// could not be told apart.
std::string_view take_type(std::string_view& in) {
  const std::size_t dimensions = std::min(in.find_first_not_of('['), in.size());
  if (dimensions > kArrayDimensionsMax || dimensions == in.size()) return {};
  std::size_t size = dimensions + 1;
  if (in[dimensions] == 'L') {
    const std::size_t end = in.find(';', dimensions);
    const auto name = in.substr(size, end - size);
    if (end == std::string_view::npos || !is_class_name(name, '/') || is_primitive(name)) return {};
    size = end + 1;
  } else if (std::ranges::find(kPrimitives, in[dimensions], &Primitive::second) == kPrimitives.end()) {
    return {};
  }
  const auto type = in.substr(0, size);
  in.remove_prefix(size);
  return type;
}

/// As Class.getName() writes it.
std::string name_of(std::string_view type) {
  if (type.front() == '[') return replaced(type, '/', '.');
  if (type.front() == 'L') return replaced(type.substr(1, type.size() - 2), '/', '.');
  return std::string(std::ranges::find(kPrimitives, type.front(), &Primitive::second)->first);
}

/// Passes the descriptor of each type to `each`.
template <class Each>
Result<void> split(std::string_view descriptor, const Each& each) {
  if (descriptor.size() > kDescriptorBytesMax) {
    return fail(refused(descriptor, fmt::format("{} octets; at most {}", descriptor.size(), kDescriptorBytesMax)));
  }
  std::size_t count = 0;
  for (std::string_view rest = descriptor; !rest.empty(); ++count) {
    if (count == kParametersMax) return fail(refused(descriptor, fmt::format("more than {} parameters", kParametersMax)));
    const std::size_t at = descriptor.size() - rest.size();
    const auto type = take_type(rest);
    if (type.empty()) return fail(refused(descriptor, fmt::format("no type at octet {}; expected such as I or [Ljava/lang/String;", at)));
    each(type);
  }
  return {};
}

/// Appends the descriptor of one type; false if the name is none.
bool append_type(std::string& out, std::string_view name) {
  std::size_t dimensions = 0;
  for (; name.ends_with("[]"); ++dimensions) name.remove_suffix(2);
  if (name.starts_with('[')) {
    if (dimensions > 0) return false;
    const auto descriptor = replaced(name, '.', '/');
    std::string_view rest = descriptor;
    if (name.find('/') != std::string_view::npos || take_type(rest).empty() || !rest.empty()) return false;
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
  std::vector<std::string> names;
  if (const auto read = split(descriptor, [&](std::string_view type) { names.push_back(name_of(type)); }); !read) return fail(read.error());
  return names;
}

Result<std::size_t> parameters_of(std::string_view descriptor) {
  std::size_t count = 0;
  if (const auto read = split(descriptor, [&](std::string_view) { ++count; }); !read) return fail(read.error());
  return count;
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
