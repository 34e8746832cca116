#pragma once
// Which hosts HTTP targets may reach: every public address, and of the others (loopback, private, link-local, multicast, reserved)
// only what a rule names. Decided on the address that is about to be connected to, so that no name can stand for another one. Pure.

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meepo::adapters::http {

class HostRules {
 public:
  /// "billing.internal", "localhost:8080", "10.1.0.0/16", "[::1]:8080", "*.corp.example". InvalidArgument quotes the rule.
  Result<void> allow(std::string_view rule);

  /// @param host  as the URL names it     @param address  that it was resolved to
  /// Forbidden: the address is not public and no rule names it; the message says which rule would.
  Result<void> check(std::string_view host, std::uint16_t port, const boost::asio::ip::address& address) const;

 private:
  struct Rule {
    std::string name;                                    ///< lower case; "*.x": any name below x; empty: a network
    boost::asio::ip::address network;
    unsigned prefix = 0;
    std::optional<std::uint16_t> port;
  };
  static bool matches(const Rule& rule, std::string_view host, std::uint16_t port, const boost::asio::ip::address& address);

  std::vector<Rule> rules_;
};

/// True for addresses that anybody on the Internet could own (IANA special-purpose registries, RFC 6890; embedded IPv4 is looked at).
bool is_public(const boost::asio::ip::address& address);

}  // namespace meepo::adapters::http
