#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "task/check.h"

namespace meepo::check {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// ---- service ------------------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 3> kGenericMethods = {"$invoke", "$invokeAsync", "$echo"};

Checked interface_name(std::string_view field, std::string_view value) {
  if (auto checked = name(field, value, "_.$", {.bytes_min = 1}); !checked) return checked;
  if (value.front() == '.' || value.back() == '.' || value.find("..") != std::string_view::npos) {
    return refuse(field, value, "no empty part between dots");
  }
  return {};
}

Checked method_name(std::string_view field, std::string_view value) {
  if (auto checked = name(field, value, "_$", {.bytes_min = 1}); !checked) return checked;
  if (std::ranges::find(kGenericMethods, value) != kGenericMethods.end()) {
    return refuse(field, value, "a method of the service; generic calls are not run");
  }
  return {};
}

Checked param_types(const std::string& path, const std::vector<std::string>& types) {
  const std::string field = path + ".paramTypes";
  if (types.size() > limits::kParamTypesMax) {
    return refuse_number(field, fmt::format("{} long", types.size()), fmt::format("at most {} types", limits::kParamTypesMax));
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    // Class names, "int", "long[]", and the JVM's "[Ljava.lang.String;".
    if (auto checked = name(fmt::format("{}[{}]", field, i), types[i], "_.$[];", {.bytes_min = 1}); !checked) return checked;
  }
  return {};
}

Checked json_params(const std::string& field, const ServiceTarget& service) {
  std::size_t count = 0;
  if (!service.params.empty()) {
    auto facts = json(field, service.params.data);
    if (!facts) return fail(std::move(facts.error()));
    if (!facts->is_array) return refuse(field, service.params.data, "a JSON array with an element for each parameter");
    count = facts->elements;
  }
  if (count > limits::kParamTypesMax) {
    return refuse_number(field, fmt::format("{} elements long", count), fmt::format("at most {} parameters", limits::kParamTypesMax));
  }
  if (!service.param_types.empty() && count != service.param_types.size()) {
    return refuse_number(field, fmt::format("{} elements long", count),
                         fmt::format("{}, as many as paramTypes", service.param_types.size()));
  }
  return {};
}

Checked service_params(const std::string& path, const ServiceTarget& service) {
  const std::string field = path + ".params";
  if (auto checked = payload_size(field, service.params); !checked) return checked;
  switch (service.params.encoding) {
    case Encoding::Json: return json_params(field, service);
    case Encoding::Hessian2:
    case Encoding::Bytes: return {};
  }
  return refuse_number(field, fmt::format("encoded as {}", static_cast<int>(service.params.encoding)), "json, hessian2 or bytes");
}

Checked check_kind(const std::string& path, ServiceTarget& service) {
  if (auto checked = interface_name(path + ".interface", service.interface); !checked) return checked;
  if (auto checked = method_name(path + ".method", service.method); !checked) return checked;
  if (auto checked = name(path + ".version", service.version, "_.-", {}); !checked) return checked;
  if (auto checked = name(path + ".group", service.group, "_.-", {}); !checked) return checked;
  if (auto checked = param_types(path, service.param_types); !checked) return checked;
  return service_params(path, service);
}

// ---- http ---------------------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 6> kHttpMethods = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};
/// Set by whoever sends the request; a second one would say something else about where it ends.
constexpr std::array<std::string_view, 3> kFramingHeaders = {"content-length", "transfer-encoding", "connection"};

Checked http_method(const std::string& field, std::string_view value) {
  if (std::ranges::find(kHttpMethods, value) != kHttpMethods.end()) return {};
  return refuse(field, value, "GET, POST, PUT, PATCH, DELETE or HEAD");
}

Checked http_url(const std::string& field, std::string_view value) {
  if (auto checked = text(field, value, {.bytes_min = 1, .bytes_max = limits::kUrlBytesMax}); !checked) return checked;
  const auto url = boost::urls::parse_uri(value);
  const bool http = url && (url->scheme_id() == boost::urls::scheme::http || url->scheme_id() == boost::urls::scheme::https);
  if (!http || url->encoded_host().empty()) return refuse(field, value, "an absolute URL: http://host/path or https://host/path");
  if (url->has_port() && !url->port().empty() && url->port_number() == 0) return refuse(field, value, "a port of 1 to 65535");
  if (url->has_userinfo()) return refuse(field, value, "no user or password in the URL; use a header");
  return {};
}

bool is_token(std::string_view value) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return std::ranges::all_of(value, [kMarks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view value) {
  std::string out(value);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Checked http_header(const std::string& field, std::string_view header, std::string_view value) {
  if (header.empty() || !is_token(header)) return refuse(field, header, "a header name of letters, digits and -");
  if (std::ranges::find(kFramingHeaders, lower(header)) != kFramingHeaders.end()) {
    return refuse(field, header, "a header that the sender does not set itself");
  }
  const auto bad = std::ranges::find_if(value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
  if (bad != value.end()) return refuse(fmt::format("{}.{}", field, header), value, "a header value without line ends or NUL");
  if (!is_utf8(value)) return refuse(fmt::format("{}.{}", field, header), value, "valid UTF-8");
  return {};
}

Checked http_headers(const std::string& field, Pairs& headers) {
  if (headers.size() > limits::kTargetHeadersMax) {
    return refuse_number(field, fmt::format("{} long", headers.size()), fmt::format("at most {} headers", limits::kTargetHeadersMax));
  }
  std::size_t bytes = 0;
  for (const auto& [header, value] : headers) {
    if (auto checked = http_header(field, header, value); !checked) return checked;
    bytes += header.size() + value.size();
  }
  if (bytes > limits::kTargetHeaderBytesMax) {
    return refuse_number(field, fmt::format("{} bytes in all", bytes), fmt::format("at most {}", limits::kTargetHeaderBytesMax));
  }
  const auto by_name = [](const auto& header) { return lower(header.first); };
  std::ranges::sort(headers, {}, by_name);
  const auto twice = std::ranges::adjacent_find(headers, {}, by_name);
  if (twice != headers.end()) return refuse(field, twice->first, "each header once");
  return {};
}

Checked http_body(const std::string& field, const Payload& body) {
  if (auto checked = payload_size(field, body); !checked) return checked;
  if (body.encoding == Encoding::Bytes || (body.encoding == Encoding::Json && body.empty())) return {};
  if (body.encoding != Encoding::Json) {
    return refuse_number(field, fmt::format("encoded as {}", static_cast<int>(body.encoding)), "json or bytes");
  }
  if (auto facts = json(field, body.data); !facts) return fail(std::move(facts.error()));
  return {};
}

Checked check_kind(const std::string& path, HttpTarget& http) {
  if (auto checked = http_method(path + ".method", http.method); !checked) return checked;
  if (auto checked = http_url(path + ".url", http.url); !checked) return checked;
  if (auto checked = http_headers(path + ".headers", http.headers); !checked) return checked;
  if (auto checked = http_body(path + ".body", http.body); !checked) return checked;
  return {};
}

// ---- command ------------------------------------------------------------------------------------------------------------------

Checked command_text(const std::string& field, std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return refuse(field, value, "no NUL character");
  if (!is_utf8(value)) return refuse(field, value, "valid UTF-8");
  return {};
}

Checked command_arguments(const std::string& field, const std::vector<std::string>& argv) {
  if (argv.empty() || argv.front().empty()) return refuse_number(field, "empty", "the command and its arguments");
  if (argv.size() > limits::kCommandArgumentsMax) {
    return refuse_number(field, fmt::format("{} long", argv.size()), fmt::format("at most {} arguments", limits::kCommandArgumentsMax));
  }
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (auto checked = command_text(fmt::format("{}[{}]", field, i), argv[i]); !checked) return checked;
  }
  return {};
}

/// `env` is sorted by name.
Checked command_variables(const std::string& field, const Pairs& env) {
  if (env.size() > limits::kCommandVariablesMax) {
    return refuse_number(field, fmt::format("{} long", env.size()), fmt::format("at most {} variables", limits::kCommandVariablesMax));
  }
  for (std::size_t i = 0; i < env.size(); ++i) {
    const auto& [variable, value] = env[i];
    if (variable.empty() || variable.find('=') != std::string::npos) return refuse(field, variable, "a variable's name without =");
    if (i > 0 && env[i - 1].first == variable) return refuse(field, variable, "each variable once");
    if (auto checked = command_text(field, variable); !checked) return checked;
    if (auto checked = command_text(fmt::format("{}.{}", field, variable), value); !checked) return checked;
  }
  return {};
}

std::size_t command_bytes(const CommandTarget& command) {
  std::size_t bytes = 0;
  for (const std::string& argument : command.argv) bytes += argument.size() + 1;
  for (const auto& [variable, value] : command.env) bytes += variable.size() + value.size() + 2;
  return bytes;
}

Checked check_kind(const std::string& path, CommandTarget& command) {
  std::ranges::sort(command.env);
  if (const std::size_t bytes = command_bytes(command); bytes > limits::kCommandBytesMax) {
    return refuse_number(path, fmt::format("{} bytes in all", bytes), fmt::format("at most {}", limits::kCommandBytesMax));
  }
  if (auto checked = command_arguments(path + ".argv", command.argv); !checked) return checked;
  return command_variables(path + ".env", command.env);
}

std::string_view kind_name(const Target& target) {
  if (std::holds_alternative<ServiceTarget>(target)) return ".service";
  return std::holds_alternative<HttpTarget>(target) ? ".http" : ".command";
}

}  // namespace

Checked target(const std::string& path, Target& target) {
  const std::string kind_path = path + std::string(kind_name(target));
  return std::visit([&kind_path](auto& kind) { return check_kind(kind_path, kind); }, target);
}

}  // namespace meepo::check
