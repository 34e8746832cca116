#include "api/access/anonymous_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace meepo::api {

namespace asio = boost::asio;

namespace {

/// The first `bits` bits of both are alike.
template <class Bytes>
bool same_prefix(const Bytes& left, const Bytes& right, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((left[whole] ^ right[whole]) >> (8 - rest)) == 0;
}

/// An IPv4 address that came through an IPv6 socket is that IPv4 address.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

Result<AnonymousRules::Rule> AnonymousRules::parse_one(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return fail(
        Code::InvalidArgument,
        fmt::format("--dubbo-anonymous is {}: {}; expected APP=ROLE@ADDRESS/BITS, for example shop=client@10.0.0.0/8", quoted(text), why),
        "--dubbo-anonymous");
  };
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return refuse("it has no @");
  const auto equals = text.substr(0, at).rfind('=');
  if (equals == std::string_view::npos || equals == 0) return refuse("it names no app");
  const auto role_name = text.substr(equals + 1, at - equals - 1);
  const auto role = std::ranges::find(kRoles, role_name, [](Role each) { return to_string(each); });
  if (role == kRoles.end() || *role == Role::Executor) return refuse("its role is none of reader, client and admin");
  auto range = text.substr(at + 1);
  std::optional<std::string_view> bits_text;
  if (const auto slash = range.find('/'); slash != std::string_view::npos) {
    bits_text = range.substr(slash + 1);
    range = range.substr(0, slash);
  }
  boost::system::error_code error;
  const auto network = asio::ip::make_address(std::string(range), error);
  if (error) return refuse("what follows the @ is no IP address");
  const unsigned most = network.is_v4() ? 32 : 128;
  unsigned bits = most;
  if (bits_text) {
    const auto [end, failed] = std::from_chars(bits_text->data(), bits_text->data() + bits_text->size(), bits);
    if (failed != std::errc() || end != bits_text->data() + bits_text->size() || bits > most) {
      return refuse(fmt::format("what follows the / is not 0 to {}", most));
    }
  }
  return Rule{.app = std::string(text.substr(0, equals)), .role = *role, .network = network, .bits = bits};
}

Result<AnonymousRules> AnonymousRules::parse(const std::vector<std::string>& texts) {
  AnonymousRules rules;
  if (texts.size() > kAnonymousRulesMax) {
    return fail(Code::Exhausted, fmt::format("--dubbo-anonymous is there {} times: expected at most {}", texts.size(), kAnonymousRulesMax),
                "--dubbo-anonymous");
  }
  for (const auto& text : texts) {
    auto rule = parse_one(text);
    if (!rule) return fail(std::move(rule.error()));
    rules.rules_.push_back(*std::move(rule));
  }
  return rules;
}

std::optional<Role> AnonymousRules::role_of(std::string_view app, const asio::ip::address& from) const {
  const auto address = plain(from);
  for (const Rule& rule : rules_) {
    if (rule.app != "*" && rule.app != app) continue;
    if (rule.network.is_v4() != address.is_v4()) continue;
    const bool inside = address.is_v4() ? same_prefix(rule.network.to_v4().to_bytes(), address.to_v4().to_bytes(), rule.bits)
                                        : same_prefix(rule.network.to_v6().to_bytes(), address.to_v6().to_bytes(), rule.bits);
    if (inside) return rule.role;
  }
  return std::nullopt;
}

}  // namespace meepo::api
