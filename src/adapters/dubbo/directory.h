#pragma once
// Who provides what: the services of one registry, kept current on a loop of its own, because ZooKeeper's client wants one and its end
// may block. Told to a handler as a list of providers for an interface.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "adapters/dubbo/provider.h"
#include "adapters/local/asio_loop.h"
#include "adapters/zookeeper/client.h"
#include "adapters/zookeeper/registry.h"
#include "adapters/zookeeper/registry_url.h"

namespace meepo::adapters::dubbo {

class Directory {
 public:
  /// All providers of an interface as of now, on the directory's thread.
  using Changed = std::function<void(const std::string& interface, std::vector<Provider> providers)>;

  /// @param interfaces  to watch; empty: all that have providers
  Directory(const zookeeper::RegistryUrl& url, std::set<std::string> interfaces, Changed changed);
  /// `changed` does not run any more. Blocks while the session closes.
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

 private:
  void start();
  void watch(const std::string& interface);
  void follow(const std::vector<std::string>& interfaces);
  void listed(const std::string& interface, const Result<zookeeper::Listing>& listing);

  const std::set<std::string> wanted_;
  const Changed changed_;
  const std::string servers_;
  local::AsioLoop loop_{"meepo-registry"};
  zookeeper::Client client_;
  zookeeper::Registry registry_;
  std::map<std::string, zookeeper::Registry::SubscriptionId> watched_;
};

}  // namespace meepo::adapters::dubbo
