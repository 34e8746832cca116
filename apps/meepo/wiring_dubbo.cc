#include "wiring_dubbo.h"

#include <unistd.h>

#include <future>
#include <optional>
#include <utility>

#include "adapters/local/asio_loop.h"
#include "adapters/zookeeper/client.h"
#include "adapters/zookeeper/dubbo_url.h"
#include "adapters/zookeeper/registry.h"
#include "adapters/zookeeper/registry_url.h"
#include "adapters/zookeeper/session_log.h"
#include "api/access/anonymous_rules.h"
#include "api/dubbo/dubbo_server.h"
#include "api/dubbo/task_service.h"
#include "base/log.h"
#include "net/address.h"

namespace meepo::cli {

namespace zookeeper = adapters::zookeeper;

namespace {

constexpr milliseconds kUnregisterWait{3'000};

struct Advertise {
  std::string host;        ///< empty: to be found out
  std::uint16_t port = 0;  ///< 0: the one bound
};

Result<Advertise> advertise_from(const std::string& text) {
  if (text.empty()) return Advertise{};
  if (auto address = net::parse_address(text)) return Advertise{.host = address->host, .port = address->port};
  if (const auto host = net::host_of(text); !host.empty()) return Advertise{.host = std::string(host), .port = 0};
  return fail(Code::InvalidArgument, "--dubbo-advertise is \"" + text + "\"; expected HOST or HOST:PORT, for example 10.0.0.7:20881",
              "--dubbo-advertise");
}

bool is_every_address(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace

class DubboProvider::Impl {
 public:
  Impl(api::Calls& calls, const api::Access& access) : calls_(calls), access_(access) {}
  ~Impl() { stop(milliseconds(0)); }

  Result<void> start(const DubboSettings& settings);
  void stop(milliseconds grace);
  std::string bound_text;

 private:
  Result<void> listen(const DubboSettings& settings);
  void start_registry();
  void register_provider();
  void unregister();

  api::Calls& calls_;
  const api::Access& access_;
  Advertise advertise_;
  std::optional<zookeeper::RegistryUrl> registry_url_;
  std::unique_ptr<api::DubboServer> server_;
  std::optional<api::DubboTaskService> service_;

  // The loop's, but for start and end.
  adapters::local::AsioLoop loop_{"meepo-registry"};
  std::optional<zookeeper::Client> client_;
  std::optional<zookeeper::Registry> registry_;
  bool registered_ = false;
  bool stopped_ = false;
};

Result<void> DubboProvider::Impl::listen(const DubboSettings& settings) {
  auto address = net::parse_address(settings.address);
  if (!address) {
    return fail(Code::InvalidArgument, "--dubbo is \"" + settings.address + "\"; expected HOST:PORT, for example 127.0.0.1:20881",
                "--dubbo");
  }
  auto rules = api::AnonymousRules::parse(settings.anonymous);
  if (!rules) return fail(std::move(rules.error()));
  const bool loopback = net::is_loopback(address->host);
  if (!loopback && !access_.required() && rules->empty()) {
    return fail(Code::InvalidArgument,
                "--dubbo " + address->host +
                    ": this address can be reached from other machines, and neither tokens nor rules say who may call: expected a loopback "
                    "address, --token-file FILE, or --dubbo-anonymous APP=ROLE@ADDRESS/BITS",
                "--dubbo");
  }
  auto server = api::DubboServer::bind({.address = *std::move(address), .limits = {}});
  if (!server) return fail(std::move(server.error()));
  server_ = *std::move(server);
  bound_text = server_->bound().text();
  service_.emplace(
      api::DubboTaskService::Settings{.server = bound_text, .is_open = loopback && !access_.required(), .anonymous = *std::move(rules)},
      calls_, access_);
  server_->start(*service_);
  return {};
}

Result<void> DubboProvider::Impl::start(const DubboSettings& settings) {
  auto advertise = advertise_from(settings.advertise);
  if (!advertise) return fail(std::move(advertise.error()));
  advertise_ = *std::move(advertise);
  if (!settings.registry.empty()) {
    auto url = zookeeper::parse_registry_url(settings.registry);
    if (!url) return fail(std::move(url.error()).prefixed("--registry"));
    registry_url_ = *std::move(url);
  }
  if (auto listening = listen(settings); !listening) return listening;
  if (registry_url_) start_registry();
  return {};
}

void DubboProvider::Impl::start_registry() {
  for (const auto& name : registry_url_->ignored) log::warn("registry_parameter_ignored", {{"parameter", name}});
  client_.emplace(loop_, registry_url_->client_options());
  registry_.emplace(loop_, *client_, registry_url_->root);
  zookeeper::log_session(loop_, *client_, registry_url_->client_options().servers);
  client_->add_listener([this](zookeeper::SessionChange change, const std::string&) {
    if (change == zookeeper::SessionChange::New) register_provider();
  });
  loop_.post([this] { client_->start(); });
  loop_.start();
}

/// Once: the registry keeps it over sessions.
void DubboProvider::Impl::register_provider() {
  if (std::exchange(registered_, true)) return;
  Advertise where = advertise_;
  const auto& bound = server_->bound();
  if (where.port == 0) where.port = bound.port;
  if (where.host.empty() && !is_every_address(bound.host)) where.host = bound.host;
  if (where.host.empty()) {
    auto host = client_->local_host();
    if (!host) {  // the connection is gone already: at the next session
      registered_ = false;
      return;
    }
    where.host = *std::move(host);
  }
  if (where.host == "localhost") where.host = "127.0.0.1";
  if (const auto problem = zookeeper::advertise_problem(where.host); !problem.empty()) {
    log::warn("dubbo_address", {{"host", where.host}, {"problem", problem + " with --dubbo-advertise"}});
  }
  auto url = zookeeper::provider_url({.host = where.host,
                                      .port = where.port,
                                      .interface = std::string(api::kTaskServiceInterface),
                                      .methods = api::DubboTaskService::methods(),
                                      .version = {},
                                      .group = {},
                                      .pid = getpid(),
                                      .started = loop_.system_now()});
  url.parameters["retries"] = "0";  // a create that timed out and is repeated would be a second task
  const auto registering =
      registry_->register_url(url, [address = where.host + ":" + std::to_string(where.port)](const Result<void>& made) {
        if (made) return log::info("dubbo_registered", {{"address", address}});
        log::warn("dubbo_not_registered", {{"address", address}, {"error", made.error().message}});
      });
  if (!registering) log::warn("dubbo_not_registered", {{"error", registering.error().message}});
}

void DubboProvider::Impl::unregister() {
  auto done = std::make_shared<std::promise<void>>();
  auto gone = done->get_future();
  loop_.post([this, done] {
    registered_ = true;  // and not again
    registry_->unregister_all([done](const Result<void>& left) {
      if (!left) log::warn("dubbo_not_unregistered", {{"error", left.error().message}});
      done->set_value();
    });
  });
  if (gone.wait_for(kUnregisterWait) != std::future_status::ready)
    log::warn("dubbo_not_unregistered", {{"error", "no answer from ZooKeeper"}});
}

void DubboProvider::Impl::stop(milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  if (registry_) unregister();
  if (server_) server_->stop(grace);
  if (client_) {
    loop_.stop();
    registry_.reset();
    client_.reset();
  }
}

Result<std::unique_ptr<DubboProvider>> DubboProvider::start(const DubboSettings& settings, api::Calls& calls, const api::Access& access) {
  auto impl = std::make_unique<Impl>(calls, access);
  if (auto started = impl->start(settings); !started) return fail(std::move(started.error()));
  return std::unique_ptr<DubboProvider>(new DubboProvider(std::move(impl)));
}

DubboProvider::DubboProvider(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DubboProvider::~DubboProvider() = default;
const std::string& DubboProvider::bound() const { return impl_->bound_text; }
void DubboProvider::stop(milliseconds grace) { impl_->stop(grace); }

}  // namespace meepo::cli
