#include "api/http/json_read.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/calls/json_syntax.h"
#include "api/http/json_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"
#include "meepo/v1/types.pb.h"
#include "protocol/hessian2/base64.h"

namespace meepo::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::unexpected<Error> refuse(std::string path, std::string_view value, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {}", path.empty() ? "the body" : path, value, expected),
              std::move(path));
}

/// A value for a message: strings quoted anew, objects and arrays by their beginning.
std::string shown(std::string_view raw) {
  constexpr std::size_t kShownBytesMax = 64;
  if (raw.starts_with('"')) return quoted(JsonText(raw).take_string());
  if (raw.starts_with('{')) return "an object";
  if (raw.starts_with('[')) return "an array";
  return std::string(raw.substr(0, kShownBytesMax));
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string field_names(const Descriptor& type) {
  std::vector<std::string_view> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->json_name());
  return names.empty() ? "no fields" : joined(names);
}

std::string value_names(const EnumDescriptor& type) {
  std::vector<std::string_view> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (!type.value(i)->name().ends_with("_UNSPECIFIED")) names.push_back(type.value(i)->name());
  }
  return joined(names);
}

const FieldDescriptor* find_field(const Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name || type.field(i)->name() == name) return type.field(i);
  }
  return nullptr;
}

std::string child(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

/// A whole number; "5.0" and "5e2" are, too.
template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto* const end = text.data() + text.size();
  if (const auto [rest, error] = std::from_chars(text.data(), end, value); error == std::errc() && rest == end) return value;
  double number = 0;
  if (const auto [rest, error] = std::from_chars(text.data(), end, number); error != std::errc() || rest != end) return std::nullopt;
  constexpr double kExactMax = 9007199254740992.0;  // 2^53: above it a double is not the number that was written
  if (number != std::floor(number) || std::abs(number) > kExactMax) return std::nullopt;
  if (number < static_cast<double>(std::numeric_limits<T>::min()) || number > static_cast<double>(std::numeric_limits<T>::max()))
    return std::nullopt;
  return static_cast<T>(number);
}

template <class T>
std::string whole_number_range() {
  return fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

/// Where a scalar goes: the field itself, or one more element of a repeated one.
struct Place {
  Message& message;
  const FieldDescriptor& field;

#define MEEPO_PUT(Name, Type)                                                                                              \
  void put_##Name(Type value) const {                                                                                      \
    const auto* reflection = message.GetReflection();                                                                      \
    field.is_repeated() ? reflection->Add##Name(&message, &field, value) : reflection->Set##Name(&message, &field, value); \
  }
  MEEPO_PUT(Int32, std::int32_t)
  MEEPO_PUT(UInt32, std::uint32_t)
  MEEPO_PUT(Int64, std::int64_t)
  MEEPO_PUT(UInt64, std::uint64_t)
  MEEPO_PUT(Float, float)
  MEEPO_PUT(Double, double)
  MEEPO_PUT(Bool, bool)
  MEEPO_PUT(EnumValue, int)
  MEEPO_PUT(String, const std::string&)
#undef MEEPO_PUT
};

/// A scalar as text without quotes, and whether it had them (or came from a query, where all has).
struct Scalar {
  std::string_view text;
  bool is_string;
  bool is_query;
  std::string shown_text;
};

template <class T>
Result<T> number_from(const Scalar& scalar, const std::string& path) {
  if (const auto value = whole_number<T>(scalar.text)) return *value;
  return refuse(path, scalar.shown_text, whole_number_range<T>());
}

Result<double> real_from(const Scalar& scalar, const std::string& path) {
  double value = 0;
  const auto* const end = scalar.text.data() + scalar.text.size();
  const auto [rest, error] = std::from_chars(scalar.text.data(), end, value);
  if (error != std::errc() || rest != end || !std::isfinite(value)) return refuse(path, scalar.shown_text, "a number");
  return value;
}

Result<int> enum_from(const Scalar& scalar, const EnumDescriptor& type, const std::string& path) {
  const auto* value = scalar.is_string ? type.FindValueByName(std::string(scalar.text)) : nullptr;
  if (value == nullptr && (!scalar.is_string || scalar.is_query)) {
    const auto number = whole_number<std::int32_t>(scalar.text);
    if (number) value = type.FindValueByNumber(*number);
  }
  if (value == nullptr) return refuse(path, scalar.shown_text, value_names(type));
  return value->number();
}

template <class T, class Put>
Result<void> put(Result<T> value, Put put_value) {
  if (!value) return fail(std::move(value.error()));
  put_value(*value);
  return {};
}

Result<void> set_scalar(const Scalar& scalar, const Place& place, const std::string& path) {
  switch (place.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (!scalar.is_string) return refuse(path, scalar.shown_text, "a string");
      place.put_String(std::string(scalar.text));
      return {};
    case FieldDescriptor::CPPTYPE_BOOL:
      if ((scalar.is_string && !scalar.is_query) || (scalar.text != "true" && scalar.text != "false")) {
        return refuse(path, scalar.shown_text, "true or false");
      }
      place.put_Bool(scalar.text == "true");
      return {};
    case FieldDescriptor::CPPTYPE_ENUM:
      return put(enum_from(scalar, *place.field.enum_type(), path), [&](int value) { place.put_EnumValue(value); });
    case FieldDescriptor::CPPTYPE_INT32: return put(number_from<std::int32_t>(scalar, path), [&](auto value) { place.put_Int32(value); });
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(number_from<std::uint32_t>(scalar, path), [&](auto value) { place.put_UInt32(value); });
    case FieldDescriptor::CPPTYPE_INT64: return put(number_from<std::int64_t>(scalar, path), [&](auto value) { place.put_Int64(value); });
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(number_from<std::uint64_t>(scalar, path), [&](auto value) { place.put_UInt64(value); });
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(real_from(scalar, path), [&](double value) { place.put_Float(static_cast<float>(value)); });
    case FieldDescriptor::CPPTYPE_DOUBLE: return put(real_from(scalar, path), [&](double value) { place.put_Double(value); });
    case FieldDescriptor::CPPTYPE_MESSAGE: break;
  }
  return refuse(path, scalar.shown_text, "an object");
}

/// Walks over text that check_json() has accepted: here only the meaning can be wrong.
class Reader {
 public:
  explicit Reader(std::string_view json) : json_(json) {}

  Result<void> read_message(Message& message, const std::string& path) {
    if (!json_.take('{'))
      return refuse(path, shown(json_.take_value()), fmt::format("an object with {}", field_names(*message.GetDescriptor())));
    std::set<const FieldDescriptor*> seen;
    for (bool more = !json_.take('}'); more; more = json_.take_comma_or('}')) {
      const auto key = json_.take_string();
      json_.take(':');
      const auto* field = find_field(*message.GetDescriptor(), key);
      const auto field_path = child(path, field != nullptr ? field->json_name() : is_plain(key) ? key : quoted(key));
      if (field == nullptr) {
        return fail(Code::InvalidArgument, fmt::format("{} is no field: expected {}", field_path, field_names(*message.GetDescriptor())),
                    field_path);
      }
      if (!seen.insert(field).second) {
        return fail(Code::InvalidArgument, fmt::format("{} is given twice: expected once", field_path), field_path);
      }
      if (auto read = read_field(message, *field, field_path); !read) return read;
    }
    return {};
  }

 private:
  static bool is_plain(const std::string& key) {
    return key.size() <= 64 && std::ranges::all_of(key, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  }

  Result<void> read_field(Message& message, const FieldDescriptor& field, const std::string& path) {
    if (json_.peek() == 'n') {  // null: as if it were not there
      json_.take_value();
      return {};
    }
    if (const auto* oneof = field.real_containing_oneof(); oneof != nullptr && message.GetReflection()->HasOneof(message, oneof)) {
      const auto* other = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
      return fail(Code::InvalidArgument, fmt::format("{} stands beside {}: expected only one of them", path, other->json_name()), path);
    }
    if (field.is_map()) return read_map(message, field, path);
    if (field.is_repeated()) return read_list(message, field, path);
    return read_value(message, field, path);
  }

  Result<void> read_value(Message& message, const FieldDescriptor& field, const std::string& path) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const auto* reflection = message.GetReflection();
      auto& inner = field.is_repeated() ? *reflection->AddMessage(&message, &field) : *reflection->MutableMessage(&message, &field);
      if (auto* payload = google::protobuf::DynamicCastToGenerated<v1::Payload>(&inner)) {
        return read_payload(*payload, field, path);
      }
      if (auto* time = google::protobuf::DynamicCastToGenerated<google::protobuf::Timestamp>(&inner)) return read_time(*time, path);
      return read_message(inner, path);
    }
    const auto raw = json_.take_value();
    if (raw.starts_with('{') || raw.starts_with('[') || raw == "null") return refuse(path, shown(raw), expected_scalar(field));
    const bool is_string = raw.starts_with('"');
    const auto text = is_string ? JsonText(raw).take_string() : std::string(raw);
    return set_scalar({.text = text, .is_string = is_string, .is_query = false, .shown_text = shown(raw)}, {message, field}, path);
  }

  /// Any JSON value. Arguments may also be {"hessian2": "<base 64>"}, as they are written (json_write.h).
  Result<void> read_payload(v1::Payload& out, const FieldDescriptor& field, const std::string& path) {
    const auto raw = json_.take_value();
    if (field.name() == "params" && raw.starts_with('{')) {
      boost::system::error_code error;
      const auto value = boost::json::parse(raw, error);
      const auto* const member = error ? nullptr : value.as_object().if_contains("hessian2");
      if (member != nullptr) {
        auto octets = member->is_string() ? hessian2::from_base64(member->as_string()) : std::nullopt;
        if (!octets) return refuse(path + ".hessian2", shown(raw), "a Hessian 2 stream in base 64");
        out.set_hessian2(*std::move(octets));
        return {};
      }
    }
    out.set_json(std::string(raw));
    return {};
  }

  Result<void> read_time(google::protobuf::Timestamp& out, const std::string& path) {
    const auto raw = json_.take_value();
    const auto time = raw.starts_with('"') ? parse_iso(JsonText(raw).take_string()) : fail(Code::InvalidArgument, "");
    if (!time) return refuse(path, shown(raw), "ISO 8601 such as 2026-11-26T09:30:00+08:00");
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
    out.set_seconds(seconds.time_since_epoch().count());
    out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(*time - seconds).count()));
    return {};
  }

  static std::string expected_scalar(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: return "a string";
      case FieldDescriptor::CPPTYPE_BOOL: return "true or false";
      case FieldDescriptor::CPPTYPE_ENUM: return value_names(*field.enum_type());
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64:
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE: return "a number";
      case FieldDescriptor::CPPTYPE_MESSAGE: break;
    }
    return "an object";
  }

  Result<void> read_list(Message& message, const FieldDescriptor& field, const std::string& path) {
    if (!json_.take('[')) return refuse(path, shown(json_.take_value()), "an array");
    std::size_t count = 0;
    for (bool more = !json_.take(']'); more; more = json_.take_comma_or(']')) {
      if (++count > limits::kBatchItemsMax) return refuse(path, "longer", fmt::format("at most {} elements", limits::kBatchItemsMax));
      if (auto read = read_value(message, field, fmt::format("{}[{}]", path, count - 1)); !read) return read;
    }
    return {};
  }

  Result<void> read_map(Message& message, const FieldDescriptor& field, const std::string& path) {
    if (!json_.take('{')) return refuse(path, shown(json_.take_value()), "an object");
    std::set<std::string> seen;
    for (bool more = !json_.take('}'); more; more = json_.take_comma_or('}')) {
      const auto key = json_.take_string();
      json_.take(':');
      const auto entry_path = fmt::format("{}[{}]", path, quoted(key));
      if (!seen.insert(key).second) return fail(Code::InvalidArgument, fmt::format("{} is given twice: expected once", entry_path), path);
      if (seen.size() > limits::kBatchItemsMax) return refuse(path, "longer", fmt::format("at most {} entries", limits::kBatchItemsMax));
      auto& entry = *message.GetReflection()->AddMessage(&message, &field);
      entry.GetReflection()->SetString(&entry, field.message_type()->map_key(), key);
      if (auto read = read_value(entry, *field.message_type()->map_value(), entry_path); !read) {
        read.error().field = path;
        return read;
      }
    }
    return {};
  }

  JsonText json_;
};

}  // namespace

Result<void> read_json(std::string_view json, Message& message) {
  if (auto checked = check_json(json, "the body", ""); !checked) return checked;
  return Reader(json).read_message(message, "");
}

Result<void> read_parameter(std::string_view name, std::string_view value, Message& message) {
  const auto* field = find_field(*message.GetDescriptor(), name);
  if (field != nullptr && field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    message.GetReflection()->AddString(&message, field, std::string(value));
    return {};
  }
  if (field == nullptr || field->is_repeated() || field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return fail(Code::InvalidArgument,
                fmt::format("{} is no query parameter: expected {}", quoted(name), field_names(*message.GetDescriptor())),
                std::string(name));
  }
  return set_scalar({.text = value, .is_string = true, .is_query = true, .shown_text = quoted(value)}, {message, *field},
                    field->json_name());
}

}  // namespace meepo::api
