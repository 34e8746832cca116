#pragma once
// One HTTP/1.1 request and its reply over a connection of its own. Lives on its io_context's one thread; all calls there.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <functional>
#include <memory>

#include "adapters/http/call.h"
#include "adapters/http/host_rules.h"
#include "base/limits.h"
#include "base/time.h"

namespace meepo::adapters::http {

struct ExchangeLimits {
  milliseconds connect{10'000};                         ///< resolving, connecting and the TLS handshake together
  std::size_t head_bytes = 64 * 1024;
  std::size_t body_bytes = limits::kPayloadBytesMax;    ///< a longer reply ends the attempt FAIL
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Closes the connection; `done` runs with Unavailable unless it has run.
  virtual void cancel() = 0;
  /// `done` will not run. Also after the io_context has stopped.
  virtual void abandon() = 0;
};

/// Resolves, checks each address against `rules` (the first that passes is connected to), sends, reads. `done` runs once, later.
/// Forbidden: no address may be reached · Unavailable: it could not be resolved, connected to, or it broke off · Exhausted: the reply
/// is longer than its limits.
std::shared_ptr<Exchange> start_exchange(boost::asio::io_context& io, boost::asio::ssl::context& tls, const HostRules& rules, Call call,
                                         const ExchangeLimits& limits, std::move_only_function<void(Result<Reply>)> done);

}  // namespace meepo::adapters::http
