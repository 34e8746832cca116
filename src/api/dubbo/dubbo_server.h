#pragma once
// The Dubbo port: accepts connections on one thread of its own, gives their octets to protocol/dubbo's sessions and the calls to the
// TaskService, and writes the answers. Whatever a peer sends is answered with a Dubbo error or its connection is closed.

#include <cstddef>
#include <memory>
#include <string>

#include "api/dubbo/task_service.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "protocol/dubbo/server_session.h"

namespace meepo::api {

struct DubboLimits {
  std::size_t connections = 15'000;  ///< more are closed at once; Java consumers keep one each
  std::size_t held_bytes = std::size_t{256} << 20U;  ///< of unfinished frames over all connections; the one that holds most is closed
  /// Of calls without an answer, with what their answers may hold, over all connections: then reading pauses.
  std::size_t served_bytes = std::size_t{256} << 20U;
  dubbo::ServerOptions session;  ///< of each connection
};

class DubboServer {
 public:
  struct Options {
    net::Address address;
    DubboLimits limits;
  };

  /// Binds. Unavailable: nothing can listen at the address; the message names it, the reason and --dubbo.
  static Result<std::unique_ptr<DubboServer>> bind(Options options);
  ~DubboServer();  ///< stop(0)
  DubboServer(const DubboServer&) = delete;
  DubboServer& operator=(const DubboServer&) = delete;

  const net::Address& bound() const;  ///< with the port really bound
  /// Accepts and serves from now on. Once. `service` must live until stop() has returned, and until what it was asked is answered or dropped.
  void start(DubboTaskService& service);
  /// Tells the consumers that it stops, answers what they have asked and still ask for kReadOnlyWait, waits up to `grace` for the answers
  /// under way, then closes all connections. Unregister before, so that consumers look elsewhere. Blocks. Twice is fine.
  void stop(milliseconds grace);
  static constexpr milliseconds kReadOnlyWait{300};  ///< after the notice: calls that were on their way

  class Core;  ///< dubbo_core.h

 private:
  explicit DubboServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace meepo::api
