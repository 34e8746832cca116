#pragma once
// Dubbo's URL, by which providers, consumers and rules stand in the registry:
//   dubbo://10.0.0.7:20881/org.cheng.meepo.task.service.TaskService?application=meepo&side=provider
// and the names of nodes, which are whole URLs written with the rules of Java's URLEncoder. Pure.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace meepo::adapters::zookeeper {

inline constexpr std::size_t kUrlBytesMax = 32UL << 10U;  ///< before encoding; an interface with a thousand methods fits
inline constexpr std::size_t kUrlParametersMax = 256;     ///< Java writes about 20

struct DubboUrl {
  std::string protocol;  ///< "dubbo", "consumer", "override", …
  std::string user;      ///< seldom there; a password only with a user
  std::string password;
  std::string host;      ///< IPv6 without brackets
  std::uint16_t port = 0;  ///< 0: none written
  std::string path;        ///< without the slash before it: the interface
  /// In the order in which Java writes them. Values stand as they are: Dubbo does not encode them one by one, so a value with an
  /// ampersand cannot be written.
  std::map<std::string, std::string, std::less<>> parameters;

  /// The value of a parameter, `otherwise` if it is not there. The view lives as long as both.
  std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
  /// Parameter `interface`, else the path.
  std::string_view interface() const;
  /// Written out; parsing it gives the same URL if no part holds a separator.
  std::string text() const;

  friend bool operator==(const DubboUrl&, const DubboUrl&) = default;
};

/// InvalidArgument: no protocol or host, a bad port, too long, too many parameters, control characters, bytes that are not UTF-8.
/// A parameter without "=" has its own name as value, as in Java.
Result<DubboUrl> parse_dubbo_url(std::string_view text);

/// java.net.URLEncoder with UTF-8: letters, digits and .-*_ stay, a blank becomes +, every other byte %XX with capitals.
std::string java_url_encode(std::string_view text);
/// java.net.URLDecoder. InvalidArgument: a % without two hexadecimal digits.
Result<std::string> java_url_decode(std::string_view text);

/// The name of a URL's node below providers, consumers or configurators.
std::string node_name(const DubboUrl& url);
/// InvalidArgument: a name that is no encoded URL.
Result<DubboUrl> parse_node_name(std::string_view name);

/// What a provider says of itself.
struct ProviderInfo {
  std::string host;  ///< that consumers can reach: a Java consumer replaces 127.* by an address of its own machine
  std::uint16_t port = 0;
  std::string interface;
  std::vector<std::string> methods;
  std::string version;  ///< empty: none
  std::string group;    ///< empty: none
  int pid = 0;
  SysTime started;  ///< Java consumers give a new provider less work for its first ten minutes
};

/// The URL under which Java consumers of Dubbo 2.6, 2.7 and 3 find and call a provider. Other parameters (retries) may be added.
DubboUrl provider_url(const ProviderInfo& info);

/// Why Java consumers on other machines cannot reach a provider that registers `host`; empty if nothing is known against it.
std::string advertise_problem(std::string_view host);

}  // namespace meepo::adapters::zookeeper
