#include "client/channel.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/limits.h"

namespace meepo::client {

Result<void> check_address(const std::string& address) {
  const auto refuse = [&] {
    return fail(Code::InvalidArgument, "the server's address is \"" + address + "\"; expected HOST:PORT, for example 127.0.0.1:7789",
                "server");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return refuse();
  const std::string_view host = std::string_view(address).substr(0, colon);
  if (host.find(':') != std::string_view::npos && (host.front() != '[' || host.back() != ']')) return refuse();
  const std::string_view digits = std::string_view(address).substr(colon + 1);
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65'535) return refuse();
  return {};
}

std::shared_ptr<grpc::ChannelInterface> make_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kGrpcMessageBytesMax));
  arguments.SetMaxSendMessageSize(static_cast<int>(limits::kGrpcMessageBytesMax));
  // A connection of its own: gRPC otherwise shares one between all channels of a process that look alike.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Repeats are decided here, by request id; gRPC's own would buffer every message.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Proxies of the environment are for the web, not for a scheduler's port.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void add_token(grpc::ClientContext& context, const std::string& token) {
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
}

}  // namespace meepo::client
