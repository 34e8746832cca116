#pragma once
// Who may call the Dubbo port without a token: old consumers cannot send one. A rule is "app=role@cidr": calls that name this app ("*": any)
// and come from an address in this range have this role. The app is what the caller says of itself; the range is what protects.
// Made at start-up, then only read: any thread.

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access/access.h"
#include "base/result.h"

namespace meepo::api {

inline constexpr std::size_t kAnonymousRulesMax = 1'000;

class AnonymousRules {
 public:
  /// InvalidArgument quotes the rule: no app, a role that callers cannot have (executor), an address range that is none. Exhausted: more
  /// than kAnonymousRulesMax.
  static Result<AnonymousRules> parse(const std::vector<std::string>& texts);

  bool empty() const { return rules_.empty(); }
  /// Of the first rule that fits; nothing: none does.
  std::optional<Role> role_of(std::string_view app, const boost::asio::ip::address& from) const;

 private:
  struct Rule {
    std::string app;  ///< "*": any
    Role role = Role::Reader;
    boost::asio::ip::address network;
    unsigned bits = 0;  ///< how many of its first bits count
  };
  static Result<Rule> parse_one(std::string_view text);

  std::vector<Rule> rules_;
};

}  // namespace meepo::api
