#pragma once
// The Dubbo registry on ZooKeeper: providers and consumers as ephemeral nodes, lists of providers and rules that are kept current.
// The tree is Dubbo's own: <root>/<interface>/{providers,consumers,configurators}/<encoded URL>. Lives on the client's loop.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/zookeeper/children_watch.h"
#include "adapters/zookeeper/client.h"
#include "adapters/zookeeper/dubbo_url.h"
#include "adapters/zookeeper/ephemeral_node.h"
#include "adapters/zookeeper/override_rule.h"
#include "base/result.h"
#include "ports/clock.h"

namespace meepo::adapters::zookeeper {

inline constexpr std::size_t kRegistrationsMax = 10'000;  ///< as many as an executor may name services; more: Exhausted
inline constexpr std::size_t kSubscriptionsMax = 10'000;  ///< more: Exhausted
inline constexpr std::size_t kInterfacesMax = 10'000;     ///< that watch_interfaces looks into, the first by name; each costs a watch

/// What the registry says of one interface.
struct Listing {
  std::vector<DubboUrl> providers;  ///< protocol dubbo, with a port, not enabled=false; apply_rules() says which to call
  std::vector<OverrideRule> rules;
};

class Registry {
 public:
  using SubscriptionId = std::uint64_t;
  using ListingHandler = std::move_only_function<void(const Result<Listing>& listing)>;
  using InterfacesHandler = std::move_only_function<void(const Result<std::vector<std::string>>& interfaces)>;

  /// `root`: as RegistryUrl::root, "" for the chroot itself. The client must outlive the registry.
  Registry(ports::Loop& loop, Client& client, std::string root);
  /// What is registered stays until the session ends: call unregister_all() first.
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Keeps an ephemeral node for `url` (its parameter `category`, else consumers for protocol consumer, else providers) over expired
  /// sessions until it is unregistered. `handler`: see EphemeralNode. InvalidArgument: no interface, or a URL that is too long;
  /// Conflict: registered already, or still being unregistered; Exhausted: kRegistrationsMax.
  Result<void> register_url(const DubboUrl& url, EphemeralNode::Handler handler);
  /// `done` as EphemeralNode::release; NotFound at once, unregistered or never registered.
  void unregister_url(const DubboUrl& url, Client::Done<void> done);
  /// All of them at a time; the first error, if there was one, when the last is gone.
  void unregister_all(Client::Done<void> done);

  /// The handler runs with the first list and with each change; children that are no URLs are passed over. While there is no session the
  /// last list holds. An error: the lists could not be read though there is a connection; the last one holds. Nothing is written: an
  /// interface that nobody has registered yet is watched until somebody does. InvalidArgument: no interface name, or one with a
  /// wildcard; Exhausted: kSubscriptionsMax.
  Result<SubscriptionId> subscribe(const std::string& interface, ListingHandler handler);
  /// Its handler runs no more. Allowed inside a handler; an unknown id is fine.
  void unsubscribe(SubscriptionId id);

  /// The names of all interfaces that have a provider (as Listing counts them), sorted, at each change; at the start it may grow in
  /// several steps. Once; there is no end to it but the registry's.
  void watch_interfaces(InterfacesHandler handler);

 private:
  struct Registration {
    std::unique_ptr<EphemeralNode> node;
    bool leaving = false;  // being unregistered
  };
  struct Subscription;
  struct Interfaces;

  std::string category_path(std::string_view interface, std::string_view category) const;
  std::string path_of(const DubboUrl& url) const;
  void leave(const std::string& path, Client::Done<void> done);

  ports::Loop& loop_;
  Client& client_;
  const std::string root_;
  std::map<std::string, Registration> registered_;  // by path
  std::map<SubscriptionId, std::shared_ptr<Subscription>> subscriptions_;
  SubscriptionId last_subscription_ = 0;
  std::shared_ptr<Interfaces> interfaces_;
};

}  // namespace meepo::adapters::zookeeper
