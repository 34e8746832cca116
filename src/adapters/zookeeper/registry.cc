#include "adapters/zookeeper/registry.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "base/text.h"

namespace meepo::adapters::zookeeper {
namespace {

using Names = ChildrenWatch::Names;

constexpr std::string_view kProviders = "providers";
constexpr std::string_view kConsumers = "consumers";
constexpr std::string_view kConfigurators = "configurators";

/// What stands beside the interfaces below the root of Dubbo 2.7 and 3.
bool is_interface_node(std::string_view name) { return name != "metadata" && name != "config" && name != "mapping"; }

Result<void> check_interface(std::string_view interface) {
  if (!interface.empty() && interface.find_first_of("*,") == std::string_view::npos) return {};
  return fail(Code::InvalidArgument, "registry: " + quoted(interface) + " is not the name of one interface", "interface");
}

std::optional<DubboUrl> to_provider(const std::string& name) {
  auto url = parse_node_name(name);
  if (!url || url->protocol != "dubbo" || url->port == 0 || url->get("enabled") == "false") return std::nullopt;
  return std::move(*url);
}

std::vector<DubboUrl> to_providers(const Names& names) {
  std::vector<DubboUrl> out;
  for (const auto& name : names) {
    if (auto url = to_provider(name)) out.push_back(std::move(*url));
  }
  return out;
}

std::vector<OverrideRule> to_rules(const Names& names) {
  std::vector<OverrideRule> out;
  for (const auto& name : names) {
    const auto url = parse_node_name(name);
    if (!url) continue;
    if (auto rule = to_override_rule(*url)) out.push_back(std::move(*rule));
  }
  return out;
}

}  // namespace

struct Registry::Subscription : std::enable_shared_from_this<Subscription> {
  ListingHandler handler;
  std::optional<std::vector<DubboUrl>> providers;
  std::optional<std::vector<OverrideRule>> rules;
  std::optional<ChildrenWatch> provider_watch;
  std::optional<ChildrenWatch> rule_watch;

  void failed(const Error& error) {
    const auto self = shared_from_this();  // the handler may unsubscribe
    handler(fail(error));
  }
  void changed() {
    if (!providers || !rules) return;
    const auto self = shared_from_this();
    handler(Listing{.providers = *providers, .rules = *rules});
  }
};

/// The watches behind watch_interfaces().
struct Registry::Interfaces {
  InterfacesHandler handler;
  std::optional<ChildrenWatch> root_watch;
  std::map<std::string, std::optional<ChildrenWatch>> watches;  // by node name
  std::map<std::string, bool> has_provider;                     // by node name
  std::optional<Names> reported;
  bool root_known = false;
  bool report_posted = false;

  void report() {
    report_posted = false;
    Names names;
    for (const auto& [name, has] : has_provider) {
      if (!has) continue;
      if (auto decoded = java_url_decode(name)) names.push_back(std::move(*decoded));
    }
    std::ranges::sort(names);
    if (!root_known || reported == names) return;
    reported = std::move(names);
    handler(*reported);
  }
};

Registry::Registry(ports::Loop& loop, Client& client, std::string root) : loop_(loop), client_(client), root_(std::move(root)) {}
Registry::~Registry() = default;

std::string Registry::category_path(std::string_view interface, std::string_view category) const {
  return root_ + "/" + java_url_encode(interface) + "/" + std::string(category);
}

std::string Registry::path_of(const DubboUrl& url) const {
  const auto category = url.get("category", url.protocol == "consumer" ? kConsumers : kProviders);
  return category_path(url.interface(), category) + "/" + node_name(url);
}

// ---- registering --------------------------------------------------------------------------------------------------------------

Result<void> Registry::register_url(const DubboUrl& url, EphemeralNode::Handler handler) {
  if (auto checked = check_interface(url.interface()); !checked) return checked;
  const auto name = node_name(url);
  if (auto parsed = parse_node_name(name); !parsed || *parsed != url) {
    return fail(Code::InvalidArgument,
                "registry: " + quoted(url.text(), 256) + " cannot be read back: a part of it holds a separator, or it is too long", "url");
  }
  auto path = path_of(url);
  if (registered_.contains(path))
    return fail(Code::Conflict, "registry: " + quoted(url.text(), 256) + " is registered already, or not yet gone");
  if (registered_.size() >= kRegistrationsMax) {
    return fail(Code::Exhausted, "registry: " + std::to_string(kRegistrationsMax) + " URLs are registered already");
  }
  auto node = std::make_unique<EphemeralNode>(loop_, client_, path, std::string(), std::move(handler));
  registered_.emplace(std::move(path), Registration{.node = std::move(node)});
  return {};
}

void Registry::leave(const std::string& path, Client::Done<void> done) {
  auto& registration = registered_.at(path);
  registration.leaving = true;
  registration.node->release([this, path, done = std::move(done)](Result<void> gone) mutable {
    registered_.erase(path);
    done(std::move(gone));
  });
}

void Registry::unregister_url(const DubboUrl& url, Client::Done<void> done) {
  const auto path = path_of(url);
  const auto found = registered_.find(path);
  if (found == registered_.end() || found->second.leaving) {
    return done(fail(Code::NotFound, "registry: " + quoted(url.text(), 256) + " is not registered"));
  }
  leave(path, std::move(done));
}

void Registry::unregister_all(Client::Done<void> done) {
  struct Progress {
    Client::Done<void> done;
    std::size_t left = 0;
    Result<void> result;
  };
  std::vector<std::string> paths;
  for (const auto& [path, registration] : registered_) {
    if (!registration.leaving) paths.push_back(path);
  }
  if (paths.empty()) return done({});
  const auto progress = std::make_shared<Progress>(Progress{.done = std::move(done), .left = paths.size(), .result = {}});
  for (const auto& path : paths) {
    leave(path, [progress](Result<void> gone) {
      if (!gone && progress->result) progress->result = std::move(gone);
      if (--progress->left == 0) progress->done(std::move(progress->result));
    });
  }
}

// ---- subscribing --------------------------------------------------------------------------------------------------------------

Result<Registry::SubscriptionId> Registry::subscribe(const std::string& interface, ListingHandler handler) {
  if (auto checked = check_interface(interface); !checked) return fail(checked.error());
  if (subscriptions_.size() >= kSubscriptionsMax) {
    return fail(Code::Exhausted, "registry: " + std::to_string(kSubscriptionsMax) + " interfaces are subscribed already");
  }
  auto& subscription = *subscriptions_.emplace(++last_subscription_, std::make_shared<Subscription>()).first->second;
  subscription.handler = std::move(handler);
  subscription.provider_watch.emplace(loop_, client_, category_path(interface, kProviders), [&subscription](const Result<Names>& names) {
    if (!names) return subscription.failed(names.error());
    subscription.providers = to_providers(*names);
    subscription.changed();
  });
  subscription.rule_watch.emplace(loop_, client_, category_path(interface, kConfigurators), [&subscription](const Result<Names>& names) {
    if (!names) return subscription.failed(names.error());
    subscription.rules = to_rules(*names);
    subscription.changed();
  });
  return last_subscription_;
}

void Registry::unsubscribe(SubscriptionId id) { subscriptions_.erase(id); }

void Registry::watch_interfaces(InterfacesHandler handler) {
  interfaces_ = std::make_shared<Interfaces>();
  interfaces_->handler = std::move(handler);
  auto& all = *interfaces_;
  // Many lists arrive in one turn of the loop: they make one report.
  const auto report_soon = [this] {
    if (std::exchange(interfaces_->report_posted, true)) return;
    loop_.post([weak = std::weak_ptr(interfaces_)] {
      if (const auto interfaces = weak.lock()) interfaces->report();
    });
  };
  all.root_watch.emplace(loop_, client_, root_.empty() ? "/" : root_, [this, &all, report_soon](const Result<Names>& names) {
    if (!names) {
      const auto self = interfaces_;  // the handler may destroy the registry
      return self->handler(fail(names.error()));
    }
    all.root_known = true;
    Names interfaces;
    std::ranges::copy(*names | std::views::filter(is_interface_node) | std::views::take(kInterfacesMax), std::back_inserter(interfaces));
    std::erase_if(all.watches, [&](const auto& entry) { return !std::ranges::binary_search(interfaces, entry.first); });
    std::erase_if(all.has_provider, [&](const auto& entry) { return !std::ranges::binary_search(interfaces, entry.first); });
    for (const auto& name : interfaces) {
      auto& watch = all.watches[name];
      if (watch) continue;
      watch.emplace(loop_, client_, root_ + "/" + name + "/" + std::string(kProviders),
                    [&all, name, report_soon](const Result<Names>& children) {
                      if (!children) return;  // what is not known to have a provider is not served; the watch goes on trying
                      all.has_provider[name] =
                          std::ranges::any_of(*children, [](const std::string& child) { return to_provider(child).has_value(); });
                      report_soon();
                    });
    }
    report_soon();
  });
}

}  // namespace meepo::adapters::zookeeper
