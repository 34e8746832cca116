#pragma once
// The scheduler's end of direct dispatch: the gRPC service ExecutorService, one session a stream. Messages are read and written on
// gRPC's threads, one batch a message; a batch crosses to the scheduler's loop as one post, and back as one flush a loop turn.

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "adapters/direct/outgoing.h"
#include "ports/clock.h"
#include "ports/dispatch.h"

namespace grpc {
class ServerContextBase;
}

namespace meepo::adapters::direct {

/// Asked once a stream, on a gRPC thread; the error becomes the stream's status.
using Authorize = std::function<Result<void>(const grpc::ServerContextBase&)>;

/// Order of life: the loop and the dispatcher outlive the gRPC server; stop() comes before the server is shut down. It is destroyed on
/// the loop, or once the loop has stopped.
class DirectDispatcher final : public ports::Dispatcher {
 public:
  struct Options {
    std::size_t outgoing_bytes_max = kOutgoingBytesMax;  ///< one session's; more closes it: the executor does not read
    std::size_t sessions_max = 10'000;                   ///< streams at once; one more is refused
    milliseconds hello_wait{10'000};                     ///< a stream that says nothing so long is ended
    milliseconds close_wait{1'000};                      ///< a closed session that does not take its status is cut off
  };

  DirectDispatcher(ports::Loop& loop, Authorize authorize, Options options);
  DirectDispatcher(ports::Loop& loop, Authorize authorize);
  ~DirectDispatcher() override;

  /// To be registered with a server built with set_stream_options(). Streams are refused before start() and after stop().
  grpc::Service& service();

  void start(Handlers handlers) override;
  void stop() override;
  void send(ports::SessionId session, std::vector<ports::Run> runs) override;
  void ask_cancel(ports::SessionId session, std::vector<ports::RunRef> runs) override;
  void answer_ends(ports::SessionId session, std::vector<ports::EndVerdict> verdicts) override;
  void answer_renewals(ports::SessionId session, std::vector<ports::RenewVerdict> verdicts) override;
  void close(ports::SessionId session, Error reason) override;

 private:
  class Core;
  class Service;
  std::shared_ptr<Core> core_;
  std::unique_ptr<Service> service_;
};

}  // namespace meepo::adapters::direct
