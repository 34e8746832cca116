#pragma once
// Which permission each gRPC method needs: one table, complete or the server does not start. Any thread.

#include <span>
#include <string_view>

#include "api/access/access.h"
#include "base/result.h"

namespace grpc {
class ServerContextBase;
}

namespace meepo::api {

struct MethodRule {
  std::string_view method;  ///< "meepo.v1.TaskService.Create"
  Permission permission;
};

std::span<const MethodRule> method_rules();

/// Internal unless `rules` has exactly the methods of every service in package meepo.v1 that this program knows; the message names one
/// that is missing, or that no service has. Called by GrpcServer::start.
Result<void> check_method_rules(std::span<const MethodRule> rules);

/// May the caller of `method` call it? Takes the token from the call's metadata. Internal: the method is in no rule.
Result<Caller> admit(const Access& access, std::string_view method, const grpc::ServerContextBase& context);

inline constexpr std::string_view kExecutorConnect = "meepo.v1.ExecutorService.Connect";

}  // namespace meepo::api
