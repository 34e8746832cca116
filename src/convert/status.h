#pragma once
// Error ↔ grpc::Status, in one exhaustive switch. The ErrorDetail travels in the status's details, so that code and field survive.

#include <grpcpp/support/status.h>

#include "base/result.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::convert {

grpc::Status to_status(const Error& error);
/// The Error that to_status wrote; for a status made by gRPC itself, the nearest code. Never call it with OK.
Error error_from(const grpc::Status& status);

v1::ErrorDetail to_proto(const Error& error);
Error error_from(const v1::ErrorDetail& detail);

}  // namespace meepo::convert
