#include "api/http/json_write.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <string_view>

#include "api/calls/json_syntax.h"
#include "base/text.h"
#include "base/time.h"
#include "meepo/v1/types.pb.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/json.h"

namespace meepo::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + k])) : 0U;
    };
    const std::uint32_t three = (at(0) << 16U) | (at(1) << 8U) | at(2);
    out += kDigits[three >> 18U];
    out += kDigits[(three >> 12U) & 63U];
    out += i + 1 < bytes.size() ? kDigits[(three >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[three & 63U] : '=';
  }
  out += '"';
}

void append_payload(std::string& out, const v1::Payload& payload) {
  switch (payload.data_case()) {
    case v1::Payload::DATA_NOT_SET: out += "null"; return;
    case v1::Payload::kJson:
      if (check_json(payload.json(), "", "")) {
        out += payload.json();
      } else {
        out += "{\"text\":";
        append_json_string(out, payload.json());
        out += '}';
      }
      return;
    case v1::Payload::kHessian2:
      out += "{\"hessian2\":";
      append_base64(out, payload.hessian2());
      if (hessian2::Document document; const auto value = hessian2::decode(payload.hessian2(), document)) {
        out += ",\"json\":" + hessian2::to_json(*value);
      }
      out += '}';
      return;
    case v1::Payload::kBytes:
      out += "{\"bytes\":";
      append_base64(out, payload.bytes());
      out += '}';
      return;
  }
}

void append_number(std::string& out, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    append_json_string(out, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
}

void append_message(std::string& out, const Message& message) {
  if (const auto* payload = google::protobuf::DynamicCastToGenerated<v1::Payload>(&message)) return append_payload(out, *payload);
  if (const auto* stamp = google::protobuf::DynamicCastToGenerated<google::protobuf::Timestamp>(&message)) {
    return append_json_string(out, to_iso_utc(from_unix_ms(stamp->seconds() * 1'000 + stamp->nanos() / 1'000'000)));
  }
  write_json(message, out);
}

/// The field's value, or its element `index`.
class Value {
 public:
  Value(const Message& message, const FieldDescriptor& field, int index)
      : message_(message), field_(field), reflection_(*message.GetReflection()), index_(index) {}

  void append(std::string& out) const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const auto text =
            field_.is_repeated() ? reflection_.GetRepeatedString(message_, &field_, index_) : reflection_.GetString(message_, &field_);
        return field_.type() == FieldDescriptor::TYPE_BYTES ? append_base64(out, text) : append_json_string(out, text);
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        out += (field_.is_repeated() ? reflection_.GetRepeatedBool(message_, &field_, index_) : reflection_.GetBool(message_, &field_))
                   ? "true"
                   : "false";
        return;
      case FieldDescriptor::CPPTYPE_ENUM: return append_enum(out);
      case FieldDescriptor::CPPTYPE_INT32:
        return append(
            out, field_.is_repeated() ? reflection_.GetRepeatedInt32(message_, &field_, index_) : reflection_.GetInt32(message_, &field_),
            "{}");
      case FieldDescriptor::CPPTYPE_UINT32:
        return append(
            out, field_.is_repeated() ? reflection_.GetRepeatedUInt32(message_, &field_, index_) : reflection_.GetUInt32(message_, &field_),
            "{}");
      case FieldDescriptor::CPPTYPE_INT64:
        return append(
            out, field_.is_repeated() ? reflection_.GetRepeatedInt64(message_, &field_, index_) : reflection_.GetInt64(message_, &field_),
            "\"{}\"");
      case FieldDescriptor::CPPTYPE_UINT64:
        return append(
            out, field_.is_repeated() ? reflection_.GetRepeatedUInt64(message_, &field_, index_) : reflection_.GetUInt64(message_, &field_),
            "\"{}\"");
      case FieldDescriptor::CPPTYPE_FLOAT:
        return append_number(out, static_cast<double>(field_.is_repeated() ? reflection_.GetRepeatedFloat(message_, &field_, index_)
                                                                           : reflection_.GetFloat(message_, &field_)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return append_number(out, field_.is_repeated() ? reflection_.GetRepeatedDouble(message_, &field_, index_)
                                                       : reflection_.GetDouble(message_, &field_));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return append_message(out, field_.is_repeated() ? reflection_.GetRepeatedMessage(message_, &field_, index_)
                                                        : reflection_.GetMessage(message_, &field_));
    }
  }

 private:
  template <class T>
  static void append(std::string& out, T value, fmt::format_string<T&> format) {
    fmt::format_to(std::back_inserter(out), format, value);
  }

  void append_enum(std::string& out) const {
    const int number =
        field_.is_repeated() ? reflection_.GetRepeatedEnumValue(message_, &field_, index_) : reflection_.GetEnumValue(message_, &field_);
    const auto* value = field_.enum_type()->FindValueByNumber(number);
    value == nullptr ? append(out, number, "{}") : append_json_string(out, value->name());
  }

  const Message& message_;
  const FieldDescriptor& field_;
  const google::protobuf::Reflection& reflection_;
  int index_;
};

bool is_left_out(const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  if (field.is_map()) return reflection->FieldSize(message, &field) == 0;
  if (field.is_repeated()) return false;
  if (field.has_presence()) return !reflection->HasField(message, &field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return !reflection->HasField(message, &field);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return false;
  const auto* value = field.enum_type()->FindValueByNumber(reflection->GetEnumValue(message, &field));
  return value != nullptr && value->name().ends_with("_UNSPECIFIED");
}

/// By key: a protobuf map has no order of its own, and the same answer should read the same twice.
void append_map(std::string& out, const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  const auto* key_field = field.message_type()->map_key();
  std::map<std::string, const Message*> entries;
  for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
    const auto& entry = reflection->GetRepeatedMessage(message, &field, i);
    entries[entry.GetReflection()->GetString(entry, key_field)] = &entry;
  }
  out += '{';
  for (const auto& [key, entry] : entries) {
    if (out.back() != '{') out += ',';
    append_json_string(out, key);
    out += ':';
    Value(*entry, *field.message_type()->map_value(), 0).append(out);
  }
  out += '}';
}

void append_list(std::string& out, const Message& message, const FieldDescriptor& field) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  out += '[';
  for (int i = 0; i < size; ++i) {
    if (i > 0) out += ',';
    Value(message, field, i).append(out);
  }
  out += ']';
}

}  // namespace

void write_json(const Message& message, std::string& out) {
  const auto* descriptor = message.GetDescriptor();
  bool first = true;
  out += '{';
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto& field = *descriptor->field(i);
    if (is_left_out(message, field)) continue;
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, field.json_name());
    out += ':';
    if (field.is_map()) {
      append_map(out, message, field);
    } else if (field.is_repeated()) {
      append_list(out, message, field);
    } else {
      Value(message, field, 0).append(out);
    }
  }
  out += '}';
}

}  // namespace meepo::api
