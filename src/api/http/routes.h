#pragma once
// The HTTP API's routes: one table says method, pattern, permission, messages and what carries a request out. A route without a
// permission does not start. Pure but for the calls that a route makes.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/access/access.h"
#include "base/result.h"
#include "net/http_message.h"
#include "net/http_server.h"

namespace google::protobuf {
class Descriptor;
}

namespace meepo::api {

class Calls;

/// What a request's body fills.
enum class Body : std::uint8_t {
  None,   ///< there is none: the query fills the request message
  Whole,  ///< the request message; an empty body leaves it empty
  Spec,   ///< its field `spec`
};

/// One request on its way.
struct Exchange {
  Calls& calls;
  net::HttpRequest request;
  std::string id;  ///< the pattern's {id}
  net::Respond respond;
};

struct Route {
  std::string_view method;   ///< "GET" (HEAD too), "POST" or "PATCH"
  std::string_view pattern;  ///< "/v1/tasks/{id}:cancel": {id} is one or more characters but '/' and ':'
  std::optional<Permission> permission;
  Body body = Body::None;
  const google::protobuf::Descriptor* request = nullptr;   ///< nullptr: not an API call but a page or a probe
  const google::protobuf::Descriptor* response = nullptr;
  void (*run)(const Route& route, Exchange exchange) = nullptr;
  std::string_view summary;  ///< for the API's description
};

/// The API's calls: /v1/….
std::span<const Route> call_routes();

/// Internal unless each route has a permission and a handler, and no two have one method and pattern.
Result<void> check_routes(std::span<const Route> routes);

/// The pattern's {id} in `path` ("" for patterns without one), or nothing if the path is not of this pattern.
std::optional<std::string> match(std::string_view pattern, std::string_view path);

/// 400 InvalidArgument · 401 · 403 · 404 · 409 Conflict · 429 Exhausted · 500 Corruption, Internal · 503 Unavailable, Fenced (nothing was
/// changed: repeat) · 504 Timeout, Unknown (perhaps done: repeat with the same request id).
int http_status(Code code);
net::HttpResponse error_response(const Error& error);

}  // namespace meepo::api
