#include "adapters/zookeeper/dubbo_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <ranges>
#include <utility>

#include "base/text.h"
#include "net/address.h"

namespace meepo::adapters::zookeeper {
namespace {

std::unexpected<Error> wrong(std::string_view text, const std::string& what) {
  return fail(Code::InvalidArgument, "Dubbo URL " + quoted(text, 128) + ": " + what, "url");
}

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '*' || c == '_';
}

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

/// HOST, HOST:PORT or [IPV6]:PORT.
bool read_address(DubboUrl& url, std::string_view text) {
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.ends_with(']');
  if (has_port) {
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (error != std::errc() || end != digits.data() + digits.size()) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
  } else if (text.find(':') != std::string_view::npos) {
    return false;
  }
  url.host = text;
  return !text.empty();
}

/// False if there are too many.
bool read_parameters(DubboUrl& url, std::string_view query) {
  for (const auto part : std::views::split(query, '&')) {
    const std::string_view parameter(part);
    if (parameter.empty()) continue;
    const auto equals = parameter.find('=');
    const auto name = parameter.substr(0, equals);
    if (name.empty()) continue;
    url.parameters.insert_or_assign(std::string(name), std::string(equals == std::string_view::npos ? name : parameter.substr(equals + 1)));
    if (url.parameters.size() > kUrlParametersMax) return false;
  }
  return true;
}

}  // namespace

std::string_view DubboUrl::get(std::string_view name, std::string_view otherwise) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? otherwise : std::string_view(found->second);
}

std::string_view DubboUrl::interface() const { return get("interface", path); }

std::string DubboUrl::text() const {
  std::string out = protocol + "://";
  if (!user.empty()) out += user + (password.empty() ? "" : ":" + password) + "@";
  out += host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (port != 0) out += ":" + std::to_string(port);
  if (!path.empty()) out += "/" + path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    out += separator;
    out += name;
    out += '=';
    out += value;
    separator = '&';
  }
  return out;
}

Result<DubboUrl> parse_dubbo_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return wrong(text, "it has more than " + std::to_string(kUrlBytesMax) + " bytes");
  if (!is_utf8(text) || has_control_character(text)) return wrong(text, "it holds control characters or bytes that are not UTF-8");
  DubboUrl url;
  auto rest = text;
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    if (!read_parameters(url, rest.substr(question + 1))) {
      return wrong(text, "it has more than " + std::to_string(kUrlParametersMax) + " parameters");
    }
    rest = rest.substr(0, question);
  }
  const auto colon = rest.find("://");
  if (colon == std::string_view::npos || colon == 0) return wrong(text, "it does not begin with PROTOCOL://");
  url.protocol = rest.substr(0, colon);
  rest.remove_prefix(colon + 3);
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    url.path = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const auto user_info = rest.substr(0, at);
    const auto end = std::min(user_info.find(':'), user_info.size());
    url.user = user_info.substr(0, end);
    if (!url.user.empty()) url.password = user_info.substr(std::min(end + 1, user_info.size()));
    rest.remove_prefix(at + 1);
  }
  if (!read_address(url, rest)) return wrong(text, quoted(rest) + " is not HOST or HOST:PORT");
  return url;
}

std::string java_url_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() * 2);
  for (const char c : text) {
    if (stays(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return out;
}

Result<std::string> java_url_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_value(text[i + 2]) : std::nullopt;
      if (!low)
        return fail(Code::InvalidArgument,
                    "decode " + quoted(text, 128) + ": a % at byte " + std::to_string(i) + " without two hexadecimal digits");
      out += static_cast<char>(*high * 16U + *low);
      i += 2;
    }
  }
  return out;
}

std::string node_name(const DubboUrl& url) { return java_url_encode(url.text()); }

Result<DubboUrl> parse_node_name(std::string_view name) {
  if (name.size() > kUrlBytesMax * 3) return wrong(name, "it has more than " + std::to_string(kUrlBytesMax * 3) + " bytes");
  auto text = java_url_decode(name);
  if (!text) return fail(std::move(text.error()));
  return parse_dubbo_url(*text);
}

DubboUrl provider_url(const ProviderInfo& info) {
  std::string methods;
  for (const auto& method : info.methods) methods += (methods.empty() ? "" : ",") + method;
  DubboUrl url{
      .protocol = "dubbo", .user = {}, .password = {}, .host = info.host, .port = info.port, .path = info.interface, .parameters = {}};
  url.parameters = {
      {"anyhost", "true"},
      {"application", "meepo"},
      {"deprecated", "false"},
      {"dubbo", "2.0.2"},  // the version of the wire protocol
      {"dynamic", "true"},
      {"generic", "false"},
      {"interface", info.interface},
      {"methods", std::move(methods)},
      {"pid", std::to_string(info.pid)},
      {"prefer.serialization", "hessian2"},  // without it a Dubbo 3 consumer sends what only Java reads
      {"release", "2.7.23"},
      {"serialization", "hessian2"},
      {"side", "provider"},
      {"timestamp", std::to_string(to_unix_ms(info.started))},
  };
  if (!info.version.empty()) url.parameters.emplace("version", info.version);
  if (!info.group.empty()) url.parameters.emplace("group", info.group);
  return url;
}

std::string advertise_problem(std::string_view host) {
  if (host == "0.0.0.0" || host == "::") return "it stands for every address of this machine and is none that can be called";
  if (!net::is_loopback(host)) return {};
  return "a Java consumer replaces " + std::string(host) +
         " by an address of its own machine, so it does not find a provider that registers it: advertise an address that consumers can "
         "reach";
}

}  // namespace meepo::adapters::zookeeper
