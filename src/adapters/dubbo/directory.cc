#include "adapters/dubbo/directory.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "adapters/zookeeper/session_log.h"
#include "base/log.h"

namespace meepo::adapters::dubbo {
namespace {

/// The consumer that rules for one application would name.
constexpr std::string_view kApplication = "meepo";

}  // namespace

Directory::Directory(const zookeeper::RegistryUrl& url, std::set<std::string> interfaces, Changed changed)
    : wanted_(std::move(interfaces)),
      changed_(std::move(changed)),
      servers_(url.client_options().servers),
      client_(loop_, url.client_options()),
      registry_(loop_, client_, url.root) {
  for (const auto& name : url.ignored) log::warn("registry_parameter_ignored", {{"parameter", name}});
  loop_.post([this] { start(); });
  loop_.start();
}

Directory::~Directory() { loop_.stop(); }

void Directory::start() {
  zookeeper::log_session(loop_, client_, servers_);
  client_.start();
  for (const auto& interface : wanted_) watch(interface);
  if (!wanted_.empty()) return;
  registry_.watch_interfaces([this](const Result<std::vector<std::string>>& interfaces) {
    if (interfaces) return follow(*interfaces);
    log::warn("registry_not_read", {{"error", interfaces.error().message}});
  });
}

void Directory::follow(const std::vector<std::string>& interfaces) {
  std::vector<std::string> gone;
  for (const auto& [interface, id] : watched_) {
    if (!std::ranges::binary_search(interfaces, interface)) gone.push_back(interface);
  }
  for (const auto& interface : gone) {
    registry_.unsubscribe(watched_.at(interface));
    watched_.erase(interface);
    changed_(interface, {});
  }
  for (const auto& interface : interfaces) {
    if (!watched_.contains(interface)) watch(interface);
  }
}

void Directory::watch(const std::string& interface) {
  const auto id =
      registry_.subscribe(interface, [this, interface](const Result<zookeeper::Listing>& listing) { listed(interface, listing); });
  if (id) {
    watched_[interface] = *id;
  } else {
    log::warn("registry_not_read", {{"interface", interface}, {"error", id.error().message}});
  }
}

void Directory::listed(const std::string& interface, const Result<zookeeper::Listing>& listing) {
  if (!listing) return log::warn("registry_not_read", {{"interface", interface}, {"error", listing.error().message}});
  const auto providers = zookeeper::apply_rules(listing->providers, listing->rules, kApplication);
  changed_(interface, providers_of(providers));
}

}  // namespace meepo::adapters::dubbo
