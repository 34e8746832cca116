#pragma once
// The gRPC listener: one grpc::Server with the services it is given. start() refuses to serve unless every method has its permission.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/acceptor.h"

namespace grpc {
class Server;
class ServerBuilder;
class Service;
}  // namespace grpc

namespace meepo::api {

class GrpcServer {
 public:
  struct Options {
    net::Address address;
    std::string flag = "--grpc";                            ///< named in a bind error
    std::function<void(grpc::ServerBuilder&)> tune;         ///< further settings (a dispatcher's keep-alive); may be empty
  };

  /// Serves from now on. The services outlive the server. Unavailable: nothing could listen at the address; the message names it, the
  /// reason and the flag. Internal: a method without a permission.
  static Result<std::unique_ptr<GrpcServer>> start(Options options, const std::vector<grpc::Service*>& services);

  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer();  ///< stop(0)

  const net::Address& bound() const { return listener_->bound(); }

  /// Takes no more calls, waits up to `grace` for those under way, cancels the rest and waits until their handlers have finished. Blocks;
  /// the scheduler's loop must still run. Twice is fine.
  void stop(milliseconds grace);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::unique_ptr<net::Acceptor> listener);
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<net::Acceptor> listener_;
};

}  // namespace meepo::api
