#include "adapters/direct/stream_options.h"

#include <grpcpp/create_channel.h>

#include "base/limits.h"

namespace meepo::adapters::direct {
namespace {

// A ping after 5 s without a byte, answered within 4 s: a dead peer is found before its runs' leases (15 s) end.
constexpr int kPingAfterMs = 5'000;
constexpr int kPingAnswerMs = 4'000;
// The peer may ping that often; gRPC's default of 5 minutes would end the connection with "too many pings".
constexpr int kPingLeastMs = 2'000;
constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectMostMs = 2'000;
constexpr int kMessageBytesMax = static_cast<int>(limits::kGrpcMessageBytesMax);

}  // namespace

void set_stream_options(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingAfterMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingAnswerMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingLeastMs);
}

grpc::ChannelArguments stream_channel_arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingAfterMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingAnswerMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kReconnectMostMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMostMs);
  // A connection of its own: the stream's flow control and pings are not shared with other uses of the address in this process.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

std::shared_ptr<grpc::Channel> make_stream_channel(const std::string& address) {
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), stream_channel_arguments());
}

}  // namespace meepo::adapters::direct
