#pragma once
// Message → JSON text, by protobuf's JSON mapping, with one exception: a Payload that holds JSON is written as that JSON itself, byte by
// byte; other payloads as {"hessian2": "<base 64>", "json": <what it says, for people>} or {"bytes": "<base 64>"}, and JSON that is none (an
// executor's) as {"text": "…"}.
// Left out: what is not set, empty texts and maps, enum values that say "unspecified". Numbers, truths and arrays are always there. Pure.

#include <string>

namespace google::protobuf {
class Message;
}

namespace meepo::api {

/// Appends `message` as one JSON object.
void write_json(const google::protobuf::Message& message, std::string& out);

}  // namespace meepo::api
