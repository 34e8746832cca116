#pragma once
// The address of a ZooKeeper registry as Java shops write it for Dubbo:
//   zookeeper://user:password@h1:2181/chroot?backup=h2:2181,h3:2181&group=dubbo
// Taken as written, without percent-decoding, as Dubbo's own URL class does. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/zookeeper/client.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address.h"

namespace meepo::adapters::zookeeper {

inline constexpr std::size_t kRegistryUrlBytesMax = 4UL << 10U;  ///< an ensemble has seldom more than seven servers
inline constexpr std::size_t kServersMax = 32;
inline constexpr milliseconds kSessionTimeoutMin{1'000};          ///< below two ticks of a server it is raised by the server anyway
inline constexpr milliseconds kSessionTimeoutMax{3'600'000};

struct RegistryUrl {
  std::vector<net::Address> servers;  ///< at least one; the port is 2181 where none is written
  std::string user;                   ///< empty: no authentication
  std::string password;
  std::string chroot;                 ///< "" or "/a/b"
  std::string root = "/dubbo";        ///< of the Dubbo nodes, below the chroot: parameter `group`
  std::optional<milliseconds> session_timeout;  ///< parameter `session`
  std::vector<std::string> ignored;   ///< names of parameters that mean nothing here, for one line in the log

  ClientOptions client_options() const;
};

/// Also understood: several servers before the path ("h1:2181,h2:2181"), `username` and `password` as parameters, and the path
/// "…RegistryService" that Dubbo itself puts there, which is no chroot.
/// InvalidArgument: anything else; the message names the part and quotes it, but never a password.
Result<RegistryUrl> parse_registry_url(std::string_view text);

}  // namespace meepo::adapters::zookeeper
