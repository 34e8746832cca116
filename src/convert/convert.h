#pragma once
// The one mapper between the API's protobuf messages and Meepo's own types, both ways. Used by api/grpc, api/http, adapters/direct
// and client. It checks shapes (an enum value, an id's text); what a task may carry is checked by task/check_spec alone.
// Every error is InvalidArgument with the JSON path of the field ("target.service.params", camelCase).

#include <google/protobuf/timestamp.pb.h>

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "meepo/v1/task_service.pb.h"
#include "meepo/v1/types.pb.h"
#include "ports/store_requests.h"
#include "task/task.h"

namespace meepo::convert {

google::protobuf::Timestamp to_proto(SysTime time);

Payload payload_from(const v1::Payload& payload);              ///< no data: an empty payload
v1::Payload to_proto(const Payload& payload);

Result<Target> target_from(const v1::Target& target, std::string_view field);
void to_proto(const Target& target, v1::Target& out);

Result<TaskSpec> spec_from(const v1::TaskSpec& spec);
void to_proto(const TaskSpec& spec, v1::TaskSpec& out);

v1::Firing::Outcome to_proto(Outcome outcome);
Result<Outcome> outcome_from(v1::Firing::Outcome outcome);
Result<std::optional<Kind>> kind_from(v1::Kind::Value kind);    ///< unspecified: nothing
Result<std::optional<Status>> status_from(v1::Status::Value status);
v1::Status::Value to_proto(Status status);

void to_proto(const Firing& firing, v1::Firing& out);
void to_proto(const ports::TaskView& view, v1::Task& out);
void to_proto(const ports::LedgerRow& row, v1::LedgerRow& out);

}  // namespace meepo::convert
