#pragma once
// An HTTP/1.1 server on one thread of its own. It reads requests within limits, calls a handler on that thread and writes what the
// handler answers, whenever and from wherever the answer comes. Requests of one connection are handled one after another (pipelining).
// What cannot be read is answered 400, 408 by closing, 413, 417, 431 or 503 in the form of http_error(), and the connection closed.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/http_message.h"

namespace meepo::net {

struct HttpLimits {
  std::size_t header_bytes = limits::kHttpHeaderBytesMax;
  std::size_t body_bytes = limits::kHttpBodyBytesMax;
  std::size_t bodies_bytes = 8 * limits::kHttpBodyBytesMax;  ///< over all connections; a body of unknown length counts as the largest
  std::size_t connections = 1'024;
  milliseconds idle{75'000};                                 ///< between two requests
  milliseconds head{10'000};                                 ///< from a request's first byte to the end of its head
  milliseconds body{120'000};
  milliseconds answer{60'000};                               ///< then 504, whatever the handler says later
  milliseconds write{60'000};
};

struct HttpOptions {
  Address address;
  std::string flag = "--http";  ///< named in a bind error
  HttpLimits limits;
};

/// May be called once, from any thread, also after the server has stopped; dropped without a call it answers 504.
using Respond = std::move_only_function<void(HttpResponse)>;

struct HttpHandlers {
  /// Sees each request when its head is read and its body is not: a response refuses it, and its body is never read. May be empty.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> head;
  std::function<void(HttpRequest, Respond)> request;
};

class HttpServer {
 public:
  /// Listens and serves from now on. InvalidArgument or Unavailable: nothing could listen at the address; the message names it, the
  /// reason and the flag.
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, HttpHandlers handlers);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  ///< stop(0)

  const Address& bound() const;  ///< with the port really bound

  /// Takes no more requests, closes idle connections, waits up to `grace` for the answers under way, then closes the rest. Handlers do not
  /// run after it returns. Blocks; not from a handler. Twice is fine.
  void stop(milliseconds grace);

  class Core;  ///< http_server.cc

 private:
  explicit HttpServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace meepo::net
