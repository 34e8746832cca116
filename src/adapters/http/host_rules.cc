#include "adapters/http/host_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace meepo::adapters::http {

namespace ip = boost::asio::ip;

namespace {

struct Network {
  const char* first;
  unsigned prefix;
};
constexpr std::array kNotPublic4 = {
    Network{"0.0.0.0", 8},      Network{"10.0.0.0", 8},    Network{"100.64.0.0", 10},   Network{"127.0.0.0", 8},
    Network{"169.254.0.0", 16}, Network{"172.16.0.0", 12}, Network{"192.0.0.0", 24},    Network{"192.0.2.0", 24},
    Network{"192.168.0.0", 16}, Network{"198.18.0.0", 15}, Network{"198.51.100.0", 24}, Network{"203.0.113.0", 24},
    Network{"224.0.0.0", 4},    Network{"240.0.0.0", 4},
};
constexpr std::array kNotPublic6 = {
    Network{"::", 127}, Network{"100::", 64}, Network{"2001:db8::", 32}, Network{"fc00::", 7}, Network{"fe80::", 10}, Network{"ff00::", 8},
};

template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned of_byte = std::min(bits, 8U);
    const auto mask = static_cast<unsigned char>(0xFFU << (8U - of_byte));
    if ((a[i] & mask) != (b[i] & mask)) return false;
    bits -= of_byte;
  }
  return true;
}

bool within(const ip::address& address, const ip::address& network, unsigned prefix) {
  if (address.is_v4() != network.is_v4()) return false;
  return address.is_v4() ? same_prefix(address.to_v4().to_bytes(), network.to_v4().to_bytes(), prefix)
                         : same_prefix(address.to_v6().to_bytes(), network.to_v6().to_bytes(), prefix);
}

template <class Networks>
bool in_any(const ip::address& address, const Networks& networks) {
  return std::ranges::any_of(networks, [&](const Network& each) { return within(address, ip::make_address(each.first), each.prefix); });
}

/// The IPv4 address that an IPv6 one stands for: mapped, translated (64:ff9b::/96) or 6to4 (2002::/16).
std::optional<ip::address_v4> embedded(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const auto from = [&](std::size_t at) { return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]}); };
  if (address.is_v4_mapped() || within(address, ip::make_address("64:ff9b::"), 96)) return from(12);
  if (within(address, ip::make_address("2002::"), 16)) return from(2);
  return std::nullopt;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

template <class Number>
std::optional<Number> number(std::string_view text, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

bool is_name(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

std::unexpected<Error> bad_rule(std::string_view rule) {
  return fail(
      Code::InvalidArgument,
      "the rule is \"" + std::string(rule) + "\": expected HOST, HOST:PORT, *.DOMAIN, an IP address or a network such as 10.1.0.0/16",
      "http-allow");
}

}  // namespace

bool is_public(const ip::address& address) {
  if (address.is_v4()) return !in_any(address, kNotPublic4);
  if (const auto inside = embedded(address.to_v6())) return is_public(*inside);
  return !in_any(address, kNotPublic6);
}

Result<void> HostRules::allow(std::string_view text) {
  Rule rule;
  std::string_view host = text;
  const bool bracketed = host.starts_with('[');
  const auto colon = host.rfind(':');
  const bool has_port = colon != std::string_view::npos && (bracketed ? host.find(']') < colon : host.find(':') == colon);
  if (has_port) {
    rule.port = number<std::uint16_t>(host.substr(colon + 1), 65'535);
    if (!rule.port || *rule.port == 0) return bad_rule(text);
    host = host.substr(0, colon);
  }
  if (bracketed) {
    if (!host.ends_with(']')) return bad_rule(text);
    host = host.substr(1, host.size() - 2);
  }
  const auto slash = host.find('/');
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host.substr(0, slash)), error);
  if (!error) {
    const unsigned bits = address.is_v4() ? 32 : 128;
    const auto prefix = slash == std::string_view::npos ? std::optional(bits) : number<unsigned>(host.substr(slash + 1), bits);
    if (!prefix) return bad_rule(text);
    rule.network = address;
    rule.prefix = *prefix;
  } else {
    rule.name = lower(host);
    if (!is_name(rule.name)) return bad_rule(text);
  }
  rules_.push_back(std::move(rule));
  return {};
}

bool HostRules::matches(const Rule& rule, std::string_view host, std::uint16_t port, const ip::address& address) {
  if (rule.port && *rule.port != port) return false;
  if (rule.name.empty()) return within(address, rule.network, rule.prefix);
  if (rule.name.starts_with("*.")) return host.size() > rule.name.size() - 1 && host.ends_with(std::string_view(rule.name).substr(1));
  return host == rule.name;
}

Result<void> HostRules::check(std::string_view host, std::uint16_t port, const ip::address& address) const {
  if (is_public(address)) return {};
  const std::string name = lower(host);
  if (std::ranges::any_of(rules_, [&](const Rule& rule) { return matches(rule, name, port, address); })) return {};
  return fail(Code::Forbidden, name + " is " + address.to_string() + ", which is not a public address: allow it with --http-allow " + name +
                                   ":" + std::to_string(port));
}

}  // namespace meepo::adapters::http
