#include "adapters/dubbo/dubbo_invoker.h"

#include <set>
#include <utility>

#include "adapters/dubbo/directory.h"
#include "adapters/dubbo/invoker_core.h"
#include "adapters/zookeeper/dubbo_url.h"

namespace meepo::adapters::dubbo {

namespace {

Result<Address> address_of(const DubboInvoker::Service& service) {
  const auto url = zookeeper::parse_dubbo_url(service.url);
  if (!url || url->protocol != "dubbo" || url->port == 0) {
    return fail(Code::InvalidArgument,
                "the service " + service.interface + " is at \"" + service.url +
                    "\"; expected dubbo://HOST:PORT, for example dubbo://10.0.0.7:20880",
                "services");
  }
  return Address{.host = url->host, .port = url->port};
}

}  // namespace

Result<std::unique_ptr<DubboInvoker>> DubboInvoker::start(Options options) {
  if (options.services.size() > kServicesMax) {
    return fail(
        Code::Exhausted,
        "there are " + std::to_string(options.services.size()) + " Dubbo services; expected at most " + std::to_string(kServicesMax),
        "services");
  }
  auto core = std::make_shared<Core>(std::move(options.on_targets));
  std::set<std::string> keys;
  std::set<std::string> interfaces;  // to be watched
  for (const Service& service : options.services) {
    if (service.interface.empty()) return fail(Code::InvalidArgument, "a Dubbo service has no interface", "services");
    const auto key = service_key(service.interface, service.version, service.group);
    if (!keys.insert(key).second) return fail(Code::Conflict, "the service " + service.interface + " is there twice", "services");
    if (service.url.empty()) {
      interfaces.insert(service.interface);
      if (!options.all) core->want(key);
      continue;
    }
    const auto address = address_of(service);
    if (!address) return fail(address.error());
    core->add_fixed(key, *address);
  }
  const bool watches = options.all || !interfaces.empty();
  if (watches && !options.registry) {
    return fail(Code::InvalidArgument, "Dubbo services without an address are looked up in a registry; expected one", "registry");
  }
  core->run();
  std::unique_ptr<Directory> directory;
  if (watches) {
    directory = std::make_unique<Directory>(
        *options.registry, options.all ? std::set<std::string>() : std::move(interfaces),
        [core](const std::string& interface, std::vector<Provider> providers) { core->set_providers(interface, std::move(providers)); });
  }
  return std::unique_ptr<DubboInvoker>(new DubboInvoker(std::move(core), std::move(directory)));
}

DubboInvoker::DubboInvoker(std::shared_ptr<Core> core, std::unique_ptr<Directory> directory)
    : core_(std::move(core)), directory_(std::move(directory)) {}

DubboInvoker::~DubboInvoker() {
  directory_.reset();
  core_->stop();
}

void DubboInvoker::invoke(ports::Invocation invocation, std::move_only_function<void()> started,
                          std::move_only_function<void(ports::InvokeResult)> done) {
  core_->invoke(std::make_shared<Attempt>(Attempt{
      .invocation = std::move(invocation),
      .started = std::move(started),
      .done = std::move(done),
      .key = {},
      .firing = {},
      .body = {},
      .give_up_at = {},
      .problems = {},
      .connection = nullptr,
      .call = 0,
  }));
}

}  // namespace meepo::adapters::dubbo
