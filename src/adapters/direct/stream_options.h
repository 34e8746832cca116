#pragma once
// gRPC settings that both ends of a stream need: message sizes, and pings by which a dead peer is found within about 10 s.

#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace meepo::adapters::direct {

/// For the server that DirectDispatcher's service is registered with.
void set_stream_options(grpc::ServerBuilder& builder);

/// For the channels that DirectSource is given.
grpc::ChannelArguments stream_channel_arguments();

/// A plain-text channel to HOST:PORT with those settings.
std::shared_ptr<grpc::Channel> make_stream_channel(const std::string& address);

}  // namespace meepo::adapters::direct
