#include "api/http/routes.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <array>
#include <set>
#include <utility>

#include "api/calls/calls.h"
#include "api/http/json_read.h"
#include "api/http/json_text.h"
#include "api/http/json_write.h"
#include "base/text.h"

namespace meepo::api {
namespace {

/// A change over HTTP names its fields by having them. The body has been read: it is a JSON object.
void name_fields(std::string_view body, v1::UpdateTaskRequest& message) {
  const auto each_key = [](JsonText text, auto visit) {
    if (!text.take('{') || text.take('}')) return;
    do {
      const auto key = text.take_string();
      text.take(':');
      visit(key, text.take_value());
    } while (text.take_comma_or('}'));
  };
  each_key(JsonText(body), [&](const std::string& key, std::string_view value) {
    if (key != "spec" || !value.starts_with('{')) return;
    each_key(JsonText(value), [&](const std::string& name, std::string_view) {
      const auto* field = v1::TaskSpec::descriptor()->FindFieldByCamelcaseName(name);
      if (field == nullptr) field = v1::TaskSpec::descriptor()->FindFieldByName(name);
      message.add_fields(field == nullptr ? name : field->json_name());
    });
  });
}

/// Fills the request message from path, query and body.
template <class Request>
Result<Request> read_request(const Route& route, const Exchange& exchange) {
  Request message;
  const auto& http = exchange.request;
  if (route.body == Body::None) {
    std::set<std::string_view> seen;
    for (const auto& [name, value] : http.query) {
      const auto* field = Request::descriptor()->FindFieldByCamelcaseName(std::string(name));
      if (!seen.insert(name).second && (field == nullptr || !field->is_repeated()))
        return fail(Code::InvalidArgument, fmt::format("{} is given twice: expected once", quoted(name)), name);
      if (name == "id") return fail(Code::InvalidArgument, "id stands in the path: expected no id in the query", "id");
      if (auto read = read_parameter(name, value, message); !read) return fail(std::move(read.error()));
    }
  } else if (!http.query.empty()) {
    const auto& name = http.query.front().first;
    return fail(Code::InvalidArgument, fmt::format("{} is no query parameter: expected none", quoted(name)), name);
  }
  Result<void> read;
  if constexpr (std::is_same_v<Request, v1::CreateTaskRequest>) {
    read = read_json(http.body, *message.mutable_spec());
  } else if (route.body == Body::Whole && !http.body.empty()) {
    read = read_json(http.body, message);
  } else if (route.body == Body::Whole && exchange.id.empty()) {
    return fail(Code::InvalidArgument, "the body is empty: expected a JSON object");
  }
  if (!read) return fail(std::move(read.error()));
  if constexpr (std::is_same_v<Request, v1::UpdateTaskRequest>) name_fields(http.body, message);
  if constexpr (requires { message.set_id(exchange.id); }) {
    if (!message.id().empty()) return fail(Code::InvalidArgument, "id stands in the path: expected no id in the body", "id");
    message.set_id(exchange.id);
  }
  return message;
}

template <class Response>
int success_status(const Response& response) {
  if constexpr (std::is_same_v<Response, v1::CreateTaskResponse>) return response.existed() ? 200 : 201;
  return 200;
}

template <auto call>
struct Call;

template <class Request, class Response, void (Calls::*call)(const Request&, Done<Response>)>
struct Call<call> {
  static void run(const Route& route, Exchange exchange) {
    auto request = read_request<Request>(route, exchange);
    if (!request) return exchange.respond(error_response(request.error()));
    (exchange.calls.*call)(*request, [respond = std::move(exchange.respond)](Result<Response> result) mutable {
      if (!result) return respond(error_response(result.error()));
      net::HttpResponse response{.status = success_status(*result), .body = {}, .headers = {}};
      write_json(*result, response.body);
      response.body += '\n';
      respond(std::move(response));
    });
  }

  static Route route(std::string_view method, std::string_view pattern, Permission permission, Body body, std::string_view summary) {
    return {.method = method,
            .pattern = pattern,
            .permission = permission,
            .body = body,
            .request = Request::descriptor(),
            .response = Response::descriptor(),
            .run = &Call::run,
            .summary = summary};
  }
};

constexpr std::string_view kId = "{id}";

}  // namespace

std::span<const Route> call_routes() {
  using enum Permission;
  static const std::array kRoutes = {
      Call<&Calls::create>::route("POST", "/v1/tasks", TasksWrite, Body::Spec, "Create a task"),
      Call<&Calls::create_batch>::route("POST", "/v1/tasks:batchCreate", TasksWrite, Body::Whole,
                                        "Create many tasks; each has its own answer"),
      Call<&Calls::list>::route("GET", "/v1/tasks", TasksRead, Body::None, "Find tasks, newest first"),
      Call<&Calls::count>::route("GET", "/v1/tasks:count", TasksRead, Body::None, "How many tasks pass a filter"),
      Call<&Calls::get>::route("GET", "/v1/tasks/{id}", TasksRead, Body::None, "One task"),
      Call<&Calls::update>::route("PATCH", "/v1/tasks/{id}", TasksWrite, Body::Whole, "Change fields of a task; its next tick follows"),
      Call<&Calls::rerun>::route("POST", "/v1/tasks/{id}:rerun", TasksWrite, Body::Whole, "Run an old tick again"),
      Call<&Calls::backfill>::route("POST", "/v1/tasks/{id}:backfill", TasksWrite, Body::Whole, "Run the ticks of a past range"),
      Call<&Calls::why>::route("GET", "/v1/tasks/{id}/why", TasksRead, Body::None, "Why a tick did or did not run"),
      Call<&Calls::cancel>::route("POST", "/v1/tasks/{id}:cancel", TasksWrite, Body::Whole, "End a task; what runs is asked to stop"),
      Call<&Calls::pause>::route("POST", "/v1/tasks/{id}:pause", TasksWrite, Body::Whole, "Let no tick of a task begin"),
      Call<&Calls::resume>::route("POST", "/v1/tasks/{id}:resume", TasksWrite, Body::Whole, "End a pause"),
      Call<&Calls::trigger>::route("POST", "/v1/tasks/{id}:trigger", TasksWrite, Body::Whole, "Run a task by hand, beside its plan"),
      Call<&Calls::ledger>::route("GET", "/v1/tasks/{id}/ledger", TasksRead, Body::None, "What became of a task's ticks, newest first"),
      Call<&Calls::info>::route("GET", "/v1/info", AdminRead, Body::None, "Version, zone, store"),
      Call<&Calls::counts>::route("GET", "/v1/counts", AdminRead, Body::None, "How many tasks and firings there are"),
      Call<&Calls::list_executors>::route("GET", "/v1/executors", AdminRead, Body::None, "The executors that are connected"),
  };
  return kRoutes;
}

Result<void> check_routes(std::span<const Route> routes) {
  for (const auto& route : routes) {
    if (!route.permission) {
      return fail(Code::Internal, fmt::format("the route {} {} has no permission: expected one in its table", route.method, route.pattern));
    }
    if (route.run == nullptr) return fail(Code::Internal, fmt::format("the route {} {} has no handler", route.method, route.pattern));
    for (const auto& other : routes) {
      if (&other != &route && other.method == route.method && other.pattern == route.pattern) {
        return fail(Code::Internal, fmt::format("the route {} {} stands twice in its table", route.method, route.pattern));
      }
    }
  }
  return {};
}

std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const auto at = pattern.find(kId);
  if (at == std::string_view::npos) return path == pattern ? std::optional<std::string>("") : std::nullopt;
  const auto before = pattern.substr(0, at);
  const auto after = pattern.substr(at + kId.size());
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) return std::nullopt;
  const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find_first_of("/:") != std::string_view::npos) return std::nullopt;
  return std::string(id);
}

int http_status(Code code) {
  switch (code) {
    case Code::InvalidArgument: return 400;
    case Code::NotFound: return 404;
    case Code::Conflict: return 409;
    case Code::Unauthenticated: return 401;
    case Code::Forbidden: return 403;
    case Code::Fenced: return 503;
    case Code::Unavailable: return 503;
    case Code::Timeout: return 504;
    case Code::Unknown: return 504;
    case Code::Corruption: return 500;
    case Code::Exhausted: return 429;
    case Code::Internal: return 500;
  }
  return 500;
}

net::HttpResponse error_response(const Error& error) {
  auto response = net::http_error(http_status(error.code), to_string(error.code), error.message, error.field);
  if (error.code == Code::Unauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace meepo::api
