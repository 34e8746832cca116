#pragma once
// JSON text → message, by protobuf's JSON mapping, with one exception: a field of type Payload takes any JSON value, and keeps its text
// byte by byte. Stricter than protobuf's own reader: unknown and repeated keys are refused. Pure.

#include <string_view>

#include "base/result.h"

namespace google::protobuf {
class Message;
}

namespace meepo::api {

/// Fills `message`, empty before. InvalidArgument: `field` is the path to the value to blame ("target.service.method"), the message names
/// it, its value and what was expected. On an error the message is half filled.
Result<void> read_json(std::string_view json, google::protobuf::Message& message);

/// Sets the field `name` (as in JSON) of `message` from text outside JSON: a query parameter. Only fields of one number, text, truth or
/// enum value, and lists of texts, to which it adds one. InvalidArgument as above; a name that is no such field, too.
Result<void> read_parameter(std::string_view name, std::string_view value, google::protobuf::Message& message);

}  // namespace meepo::api
