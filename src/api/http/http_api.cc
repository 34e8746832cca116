#include "api/http/http_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/http/openapi.h"
#include "api/http/page.h"
#include "base/text.h"
#include "monitor/metrics.h"
#include "net/address.h"

namespace meepo::api {
namespace {

// Probes and pages: carried out by HttpApi itself.
constexpr std::string_view kHealth = "/healthz";
constexpr std::string_view kReady = "/readyz";
constexpr std::string_view kDescription = "/openapi.json";
constexpr std::string_view kMetrics = "/metrics";
constexpr std::string_view kFront = "/";

void not_a_call(const Route& /*route*/, Exchange /*exchange*/) {}

constexpr std::array kPages = {
    Route{.method = "GET", .pattern = kHealth, .permission = Permission::Public, .run = &not_a_call, .summary = "The process is up"},
    Route{.method = "GET", .pattern = kReady, .permission = Permission::Public, .run = &not_a_call, .summary = "It takes work"},
    Route{.method = "GET", .pattern = kDescription, .permission = Permission::Public, .run = &not_a_call, .summary = "This description"},
    Route{.method = "GET", .pattern = kMetrics, .permission = Permission::AdminRead, .run = &not_a_call, .summary = "For Prometheus"},
    Route{.method = "GET", .pattern = kFront, .permission = Permission::Public, .run = &not_a_call, .summary = "For people"},
};

/// HEAD is GET whose body is not sent.
std::string_view route_method(const net::HttpRequest& request) {
  return request.method == "HEAD" ? "GET" : std::string_view(request.method);
}

bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  for (auto& c : type) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return type == "application/json";
}

net::HttpResponse wrong_host(std::string_view host) {
  return net::http_error(
      403, to_string(Code::Forbidden),
      fmt::format("the Host header is {}: expected localhost, 127.0.0.0/8 or [::1], because no tokens are set (--token-file)",
                  quoted(host)));
}

net::HttpResponse wrong_content_type(std::string_view type) {
  return net::http_error(415, to_string(Code::InvalidArgument),
                         fmt::format("the Content-Type header is {}: expected application/json (curl: -H 'Content-Type: application/json')",
                                     type.empty() ? "not given" : quoted(type)));
}

/// On every answer: nothing is guessed from its bytes, nothing is kept.
net::HttpResponse guarded(net::HttpResponse response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

HttpApi::HttpApi(Calls& calls, const Access& access, Metrics metrics, std::string version, std::vector<Route> routes)
    : calls_(calls),
      access_(access),
      metrics_(std::move(metrics)),
      version_(std::move(version)),
      routes_(std::move(routes)),
      description_(openapi(routes_, version_)) {}

Result<std::unique_ptr<HttpApi>> HttpApi::make(Calls& calls, const Access& access, Metrics metrics, std::string version) {
  std::vector<Route> routes(kPages.begin(), kPages.end());
  routes.insert(routes.end(), call_routes().begin(), call_routes().end());
  if (auto checked = check_routes(routes); !checked) return fail(std::move(checked.error()));
  return std::unique_ptr<HttpApi>(new HttpApi(calls, access, std::move(metrics), std::move(version), std::move(routes)));
}

net::HttpHandlers HttpApi::handlers() {
  return {.head = [this](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
            auto refused = check_head(request);
            return refused ? std::optional(guarded(*std::move(refused))) : std::nullopt;
          },
          .request =
              [this](net::HttpRequest request, net::Respond respond) {
                handle(std::move(request),
                       [respond = std::move(respond)](net::HttpResponse response) mutable { respond(guarded(std::move(response))); });
              }};
}

std::optional<net::HttpResponse> HttpApi::check_head(const net::HttpRequest& request) const {
  const auto host = request.header("host");
  if (!access_.required() && !net::is_loopback(net::host_of(host))) return wrong_host(host);
  const auto* route = find(request);
  if (route == nullptr) return no_route(request);
  if (const auto caller = access_.check(request.header("authorization"), *route->permission); !caller)
    return error_response(caller.error());
  const bool has_body = request.method == "POST" || request.method == "PATCH";
  if (has_body && !is_json(request.header("content-type"))) return wrong_content_type(request.header("content-type"));
  return std::nullopt;
}

const Route* HttpApi::find(const net::HttpRequest& request) const {
  const auto route = std::ranges::find_if(
      routes_, [&](const Route& known) { return known.method == route_method(request) && match(known.pattern, request.path).has_value(); });
  return route == routes_.end() ? nullptr : &*route;
}

net::HttpResponse HttpApi::no_route(const net::HttpRequest& request) const {
  std::string allowed;
  for (const auto& route : routes_) {
    if (!match(route.pattern, request.path)) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method == "GET" ? "GET, HEAD" : route.method;
  }
  if (allowed.empty()) {
    return net::http_error(404, to_string(Code::NotFound),
                           fmt::format("there is no path {}: expected one of /openapi.json", quoted(request.path)));
  }
  auto response =
      net::http_error(405, to_string(Code::InvalidArgument),
                      fmt::format("the method of {} is {}: expected {}", quoted(request.path), quoted(request.method), allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void HttpApi::handle(net::HttpRequest request, net::Respond respond) {
  const auto* route = find(request);
  if (route == nullptr) return respond(no_route(request));
  if (route->request != nullptr) {
    auto id = *match(route->pattern, request.path);
    return route->run(*route, {.calls = calls_, .request = std::move(request), .id = std::move(id), .respond = std::move(respond)});
  }
  if (route->pattern == kHealth) return respond({.body = "{\"status\":\"ok\"}\n"});
  if (route->pattern == kReady) return ready(std::move(respond));
  if (route->pattern == kMetrics) {
    return metrics_([respond = std::move(respond)](std::string text) mutable {
      respond({.content_type = monitor::kMetricsType, .body = std::move(text)});
    });
  }
  if (route->pattern == kDescription) return respond({.body = description_});
  front_page(std::move(request), std::move(respond));
}

void HttpApi::ready(net::Respond respond) {
  calls_.ready([respond = std::move(respond)](bool is_ready) mutable {
    respond(is_ready ? net::HttpResponse{.body = "{\"ready\":true}\n"}
                     : error_response({.code = Code::Unavailable, .message = "the scheduler does not own its shards yet: repeat later"}));
  });
}

/// Counts are for those who may read them; whom, nobody can tell on a page without a token.
void HttpApi::front_page(net::HttpRequest request, net::Respond respond) {
  if (access_.required()) return respond(api::front_page(request.header("host"), version_, nullptr));
  calls_.counts({}, [this, request = std::move(request), respond = std::move(respond)](Result<v1::CountsResponse> counts) mutable {
    respond(api::front_page(request.header("host"), version_, counts ? &*counts : nullptr));
  });
}

}  // namespace meepo::api
