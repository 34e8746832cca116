#pragma once
// The HTTP API on an HTTP server: finds the route, checks who asks and how, and carries it out. Runs on the server's io thread; answers
// come from the scheduler's loop.
//
// No web page can create tasks through a browser: without tokens the Host header must name loopback (a page of another name that
// resolves to this machine does not), and a POST must say Content-Type: application/json (which a page cannot send to another origin
// without asking first, and nothing here answers such questions).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/access/access.h"
#include "api/calls/calls.h"
#include "api/http/routes.h"
#include "base/result.h"
#include "net/http_server.h"

namespace meepo::api {

/// Gathers the text of /metrics; calls back once, on any thread.
using Metrics = std::move_only_function<void(std::move_only_function<void(std::string)>)>;

class HttpApi {
 public:
  /// Internal: a route without a permission. `calls` and `access` outlive the object.
  static Result<std::unique_ptr<HttpApi>> make(Calls& calls, const Access& access, Metrics metrics, std::string version);

  /// For net::HttpServer::start. The object outlives the server.
  net::HttpHandlers handlers();

 private:
  HttpApi(Calls& calls, const Access& access, Metrics metrics, std::string version, std::vector<Route> routes);

  std::optional<net::HttpResponse> check_head(const net::HttpRequest& request) const;
  void handle(net::HttpRequest request, net::Respond respond);
  const Route* find(const net::HttpRequest& request) const;
  net::HttpResponse no_route(const net::HttpRequest& request) const;
  void ready(net::Respond respond);
  void front_page(net::HttpRequest request, net::Respond respond);

  Calls& calls_;
  const Access& access_;
  Metrics metrics_;
  std::string version_;
  std::vector<Route> routes_;
  std::string description_;  // /openapi.json
};

}  // namespace meepo::api
