#pragma once
// The API's messages as JSON: protobuf's mapping, with payloads that hold JSON written as that JSON itself, digit by digit. Pure.

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "meepo/v1/types.pb.h"

namespace meepo::cli {

/// One line.
std::string to_json(const google::protobuf::Message& message);

/// A spec as POST /v1/tasks takes it. InvalidArgument names the field.
Result<v1::TaskSpec> spec_from_json(std::string_view text);

}  // namespace meepo::cli
