#include "convert/status.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <array>
#include <optional>

namespace meepo::convert {
namespace {

/// A status travels in HTTP/2 trailers, of which a client takes 8 KiB by default: the message is in them three times, once percent-encoded
/// (3 bytes a byte), twice in base 64.
constexpr std::size_t kMessageBytesKept = 1'000;

/// The message, cut between two UTF-8 characters.
std::string cut(const std::string& message) {
  if (message.size() <= kMessageBytesKept) return message;
  std::size_t end = kMessageBytesKept;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) --end;
  return message.substr(0, end) + "…";
}

grpc::StatusCode to_grpc(Code code) {
  switch (code) {
    case Code::InvalidArgument: return grpc::StatusCode::INVALID_ARGUMENT;
    case Code::NotFound: return grpc::StatusCode::NOT_FOUND;
    case Code::Conflict: return grpc::StatusCode::FAILED_PRECONDITION;
    case Code::Unauthenticated: return grpc::StatusCode::UNAUTHENTICATED;
    case Code::Forbidden: return grpc::StatusCode::PERMISSION_DENIED;
    case Code::Fenced: return grpc::StatusCode::ABORTED;
    case Code::Unavailable: return grpc::StatusCode::UNAVAILABLE;
    case Code::Timeout: return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Code::Unknown: return grpc::StatusCode::UNKNOWN;
    case Code::Corruption: return grpc::StatusCode::DATA_LOSS;
    case Code::Exhausted: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Code::Internal: return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

/// The nearest code for a status that gRPC made itself. UNAVAILABLE means "nothing was changed" only if no connection came about: one that
/// broke may have carried the request.
Code from_grpc(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return Code::InvalidArgument;
    case grpc::StatusCode::NOT_FOUND: return Code::NotFound;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED: return Code::Conflict;
    case grpc::StatusCode::UNAUTHENTICATED: return Code::Unauthenticated;
    case grpc::StatusCode::PERMISSION_DENIED: return Code::Forbidden;
    case grpc::StatusCode::UNAVAILABLE:
      return status.error_message().starts_with("failed to connect") || status.error_message().starts_with("DNS resolution failed")
                 ? Code::Unavailable
                 : Code::Unknown;
    case grpc::StatusCode::DEADLINE_EXCEEDED: return Code::Timeout;
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN: return Code::Unknown;
    case grpc::StatusCode::DATA_LOSS: return Code::Corruption;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return Code::Exhausted;
    case grpc::StatusCode::OK:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::DO_NOT_USE: break;
  }
  return Code::Internal;
}

Code code_from(std::string_view name) {
  static constexpr std::array kCodes = {Code::InvalidArgument, Code::NotFound,   Code::Conflict,    Code::Unauthenticated,
                                        Code::Forbidden,       Code::Fenced,     Code::Unavailable, Code::Timeout,
                                        Code::Unknown,         Code::Corruption, Code::Exhausted,   Code::Internal};
  for (const auto code : kCodes) {
    if (to_string(code) == name) return code;
  }
  return Code::Unknown;  // a code that a newer server knows
}

// grpc-status-details-bin is a google.rpc.Status in every language's gRPC: int32 code = 1; string message = 2;
// repeated google.protobuf.Any details = 3. Its generated class is in no Debian package; a set of unknown fields has the same bytes.
constexpr int kDetailsField = 3;

std::string encode_details(const grpc::Status& status, const v1::ErrorDetail& detail) {
  google::protobuf::Any any;
  any.PackFrom(detail);
  google::protobuf::UnknownFieldSet fields;
  fields.AddVarint(1, static_cast<std::uint64_t>(status.error_code()));
  fields.AddLengthDelimited(2, status.error_message());
  fields.AddLengthDelimited(kDetailsField, any.SerializeAsString());
  std::string bytes;
  fields.SerializeToString(&bytes);
  return bytes;
}

std::optional<v1::ErrorDetail> decode_details(const std::string& details) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(details)) return std::nullopt;
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() != kDetailsField || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    google::protobuf::Any any;
    v1::ErrorDetail detail;
    if (any.ParseFromString(field.length_delimited()) && any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

}  // namespace

grpc::Status to_status(const Error& error) {
  auto detail = to_proto(error);
  detail.set_message(cut(detail.message()));
  const grpc::Status status(to_grpc(error.code), detail.message());
  return {status.error_code(), status.error_message(), encode_details(status, detail)};
}

Error error_from(const grpc::Status& status) {
  if (const auto detail = decode_details(status.error_details())) return error_from(*detail);
  return {.code = from_grpc(status), .message = status.error_message(), .field = {}, .cause = {}};
}

v1::ErrorDetail to_proto(const Error& error) {
  v1::ErrorDetail detail;
  detail.set_code(std::string(to_string(error.code)));
  detail.set_message(error.message);
  detail.set_field(error.field);
  return detail;
}

Error error_from(const v1::ErrorDetail& detail) {
  return {.code = code_from(detail.code()), .message = detail.message(), .field = detail.field(), .cause = {}};
}

}  // namespace meepo::convert
