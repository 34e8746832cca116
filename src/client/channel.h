#pragma once
// How a client reaches a scheduler: one gRPC channel, and the credential that goes with every call. Any thread.

#include <memory>
#include <string>

#include "base/result.h"

namespace grpc {
class ChannelInterface;
class ClientContext;
}  // namespace grpc

namespace meepo::client {

/// InvalidArgument (field "server") unless `address` is HOST:PORT with a port of 1 to 65,535; an IPv6 host stands in brackets.
Result<void> check_address(const std::string& address);

/// A channel that connects at its first call and again, with a back-off of 0.1 to 2 s, whenever it broke.
std::shared_ptr<grpc::ChannelInterface> make_channel(const std::string& address);

/// Adds "authorization: Bearer <token>"; an empty token adds nothing.
void add_token(grpc::ClientContext& context, const std::string& token);

}  // namespace meepo::client
