#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>

#include "base/text.h"

namespace meepo::net {
namespace {

constexpr std::size_t kHostCharsMax = 253;  // of a DNS name

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= kHostCharsMax && std::ranges::all_of(host, is_host_character);
}

bool is_ipv6(std::string_view host) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1;
}

struct Parts {
  std::string_view host;
  std::optional<std::string_view> port;
};

/// Splits at the last ':' outside brackets. Nothing if the host is no host.
std::optional<Parts> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1))) return std::nullopt;
    const auto host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return Parts{.host = host, .port = std::nullopt};
    return rest.starts_with(':') ? std::optional(Parts{.host = host, .port = rest.substr(1)}) : std::nullopt;
  }
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (!is_host(host)) return std::nullopt;
  if (colon == std::string_view::npos) return Parts{.host = host, .port = std::nullopt};
  return Parts{.host = host, .port = text.substr(colon + 1)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_loopback_ipv4(std::string_view host) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
}

std::string problem_text(int error) {
  if (error == EADDRINUSE) return "the port is taken by another process";
  if (error == EADDRNOTAVAIL) return "the address is not one of this machine's";
  if (error == EACCES) return "permission denied (ports below 1024 need a privilege)";
  return std::generic_category().message(error);
}

}  // namespace

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  const auto parts = split(text);
  const auto port = parts && parts->port ? parse_port(*parts->port) : std::nullopt;
  if (!port) {
    return fail(Code::InvalidArgument,
                fmt::format("{} is no address: expected HOST:PORT such as 127.0.0.1:7788, localhost:0 (0: any free port) or [::1]:7788",
                            quoted(text)));
  }
  return Address{.host = std::string(parts->host), .port = *port};
}

std::string_view host_of(std::string_view text) {
  const auto parts = split(text);
  if (!parts || (parts->port && !parse_port(*parts->port))) return {};
  return parts->host;
}

bool is_loopback(std::string_view host) {
  constexpr std::string_view kLocalhost = "localhost";
  const auto same = [](char left, char right) { return (left | 0x20) == right; };
  return std::ranges::equal(host, kLocalhost, same) || is_loopback_ipv4(host) || host == "::1";
}

std::string bind_problem(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found); error != 0) {
    return fmt::format("the host is not known ({})", gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    const int fd = socket(entry->ai_family, entry->ai_socktype | SOCK_CLOEXEC, entry->ai_protocol);
    if (fd < 0) return problem_text(errno);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool bound = bind(fd, entry->ai_addr, entry->ai_addrlen) == 0 && listen(fd, 1) == 0;
    const int error = bound ? 0 : errno;
    close(fd);
    if (!bound) return problem_text(error);
  }
  return "the reason is not known; it can be listened on now";
}

}  // namespace meepo::net
