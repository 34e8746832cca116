#include "api/grpc/grpc_server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "api/grpc/methods.h"
#include "base/limits.h"
#include "base/log.h"

namespace meepo::api {
namespace {

constexpr int kStreamsMax = 1'000;             // calls at once on one connection
constexpr int kPingLeastMs = 1'000;            // clients may ping this often
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kMessageBytesMax = static_cast<int>(limits::kGrpcMessageBytesMax);

/// gRPC writes its own lines to standard error; what matters of them comes as an Error.
void quiet_log(gpr_log_func_args* args) {
  if (log::enabled(log::Level::Debug)) log::debug("grpc", {{"text", args->message}});
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<grpc::Server> server, std::unique_ptr<net::Acceptor> listener)
    : server_(std::move(server)), listener_(std::move(listener)) {}

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(Options options, const std::vector<grpc::Service*>& services) {
  if (auto complete = check_method_rules(method_rules()); !complete) return fail(std::move(complete.error()));
  gpr_set_log_function(quiet_log);
  auto listener = net::Acceptor::bind({.address = options.address, .protocol = "gRPC", .flag = options.flag});
  if (!listener) return fail(std::move(listener.error()));
  grpc::ServerBuilder builder;
  auto connections = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  if (options.tune) {
    options.tune(builder);
  } else {
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingLeastMs);
  }
  for (auto* service : services) builder.RegisterService(service);
  auto server = builder.BuildAndStart();
  if (!server) return fail(Code::Unavailable, fmt::format("start gRPC on {}: the library refuses", options.address.text()));
  (*listener)->start([connections = std::shared_ptr(std::move(connections))](int descriptor) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = descriptor;
    connections->HandleNewConnection(&connection);
  });
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), *std::move(listener)));
}

GrpcServer::~GrpcServer() { stop(milliseconds(0)); }

void GrpcServer::stop(milliseconds grace) {
  if (!server_) return;
  listener_->stop();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
  server_.reset();
}

}  // namespace meepo::api
