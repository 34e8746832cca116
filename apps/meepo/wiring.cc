#include "wiring.h"

#include <meepo/executor.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "adapters/direct/direct_dispatcher.h"
#include "adapters/direct/stream_options.h"
#include "adapters/local/asio_loop.h"
#include "adapters/local/local_coordinator.h"
#include "adapters/local/log_alerter.h"
#include "adapters/local/system_random.h"
#include "adapters/sqlite/sqlite_store.h"
#include "api/access/access.h"
#include "api/calls/calls.h"
#include "api/grpc/admin_service.h"
#include "api/grpc/grpc_server.h"
#include "api/grpc/methods.h"
#include "api/grpc/task_service.h"
#include "api/http/http_api.h"
#include "base/log.h"
#include "demo_service.h"
#include "monitor/metrics.h"
#include "net/address.h"
#include "net/http_server.h"
#include "schedule/zone.h"
#include "scheduler/scheduler.h"
#include "version.h"

namespace meepo::cli {

namespace {

// Of executors inside a scheduler's process: the SDK refuses names that begin so to everyone else.
constexpr const char* kInsidePrefix = "inside-";
constexpr milliseconds kReadyWait{30'000};
constexpr milliseconds kAnswersGrace{2'000};

std::string token_text(ports::Random& random) { return RunToken{.high = random.next(), .low = random.next()}.text(); }

/// An address of this machine where a listener of `bound` is reached.
std::string reachable(net::Address bound) {
  if (bound.host == "0.0.0.0") bound.host = "127.0.0.1";
  if (bound.host == "::") bound.host = "::1";
  return bound.text();
}

Result<net::Address> address_of(const std::string& text, const std::string& flag, const api::Access& access) {
  auto address = net::parse_address(text);
  if (!address) return fail(Code::InvalidArgument, flag + " is \"" + text + "\"; expected HOST:PORT, for example 127.0.0.1:7788", flag);
  if (auto allowed = api::check_bind(address->host, access, flag); !allowed) return fail(std::move(allowed.error()));
  return address;
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerSettings settings) : settings_(std::move(settings)) {}
  ~Impl() { stop(milliseconds(0)); }

  Result<void> start();
  void stop(milliseconds drain);

  std::string http_text;
  std::string grpc_text;
  std::string dubbo_text;
  std::string zone;
  std::atomic<bool> failed = false;

 private:
  Result<void> prepare();
  Result<void> open_store();
  void store_broken(const Error& error);
  void start_scheduler();
  Result<void> listen();
  Result<void> check_no_dubbo() const;
  void gather_metrics(std::move_only_function<void(std::string)> done);
  Result<void> start_inside_executor();
  void wait_until_ready();

  const ServerSettings settings_;
  net::Address http_address_;
  net::Address grpc_address_;
  api::Access access_;

  // In the order of use; destroyed in the reverse order once the loop has stopped.
  adapters::local::AsioLoop loop_{"meepo-scheduler"};
  adapters::local::SystemRandom random_;
  adapters::local::LogAlerter alerter_;
  std::unique_ptr<adapters::sqlite::SqliteStore> store_;
  std::optional<adapters::local::LocalCoordinator> coordinator_;
  std::optional<adapters::direct::DirectDispatcher> dispatcher_;
  std::optional<scheduler::Scheduler> scheduler_;
  std::optional<api::Calls> calls_;
  std::optional<api::TaskService> task_service_;
  std::optional<api::AdminService> admin_service_;
  std::unique_ptr<api::GrpcServer> grpc_;
  std::unique_ptr<api::HttpApi> http_api_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<DubboProvider> dubbo_;
  std::optional<Executor> executor_;
  std::string inside_token_;
  std::string inside_instance_;
  bool running_ = false;
};

Result<void> Server::Impl::prepare() {
  // Drawn before the loop's thread begins to draw from the same source.
  inside_instance_ = kInsidePrefix + token_text(random_);
  zone = settings_.zone.empty() ? schedule::system_zone() : settings_.zone;
  if (auto known = schedule::check_zone(zone); !known) {
    return fail(Code::InvalidArgument, "--zone is \"" + zone + "\"; expected an IANA name, for example Asia/Shanghai", "--zone");
  }
  if (!settings_.token_file.empty()) {
    auto access = api::Access::from_file(settings_.token_file);
    if (!access) return fail(std::move(access.error()).prefixed("--token-file"));
    access_ = std::move(*access);
    inside_token_ = token_text(random_);
    access_.add_token(inside_token_, api::Role::Executor, "inside");
  }
  auto http = address_of(settings_.http, "--http", access_);
  if (!http) return fail(std::move(http.error()));
  auto grpc = address_of(settings_.grpc, "--grpc", access_);
  if (!grpc) return fail(std::move(grpc.error()));
  http_address_ = std::move(*http);
  grpc_address_ = std::move(*grpc);
  return {};
}

Result<void> Server::Impl::open_store() {
  auto store = adapters::sqlite::SqliteStore::open(
      {.folder = settings_.data_dir, .on_broken = [this](const Error& error) { store_broken(error); }}, loop_);
  if (!store) return fail(std::move(store.error()));
  store_ = std::move(*store);
  coordinator_.emplace(loop_, store_->fence());
  return {};
}

void Server::Impl::store_broken(const Error& error) {
  alerter_.alert("store_broken", error.message);
  failed = true;
  if (settings_.on_failure) settings_.on_failure();
}

void Server::Impl::start_scheduler() {
  dispatcher_.emplace(loop_, [this](const grpc::ServerContextBase& context) -> Result<void> {
    auto caller = api::admit(access_, api::kExecutorConnect, context);
    if (!caller) return fail(std::move(caller.error()));
    return {};
  });
  scheduler::Options options{.default_zone = zone,
                             .inside_executor_prefix = kInsidePrefix,
                             .ended_tasks_kept = std::chrono::days(settings_.retention_days),
                             .ended_tasks_max = settings_.retention_tasks,
                             .log_firings = settings_.log_firings};
  scheduler_.emplace(std::move(options), scheduler::Scheduler::Parts{.loop = loop_,
                                                                     .store = *store_,
                                                                     .dispatcher = *dispatcher_,
                                                                     .coordinator = *coordinator_,
                                                                     .alerter = alerter_,
                                                                     .random = random_});
  calls_.emplace(
      api::Calls::Settings{.default_zone = zone, .version = kVersion, .store = store_->description(), .started_at = loop_.system_now()},
      loop_, *scheduler_);
  loop_.post([this] { scheduler_->start(); });
  loop_.start();
  running_ = true;
}

void Server::Impl::wait_until_ready() {
  const SteadyTime until = loop_.steady_now() + kReadyWait;
  for (;;) {
    std::promise<bool> ready;
    loop_.post([&] { ready.set_value(scheduler_->ready()); });
    if (ready.get_future().get() || loop_.steady_now() > until) return;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

void Server::Impl::gather_metrics(std::move_only_function<void(std::string)> done) {
  loop_.post([this, done = std::move(done)]() mutable {
    scheduler_->counts([this, done = std::move(done)](Result<ports::CountsRequest::Answer> counts) mutable {
      done(monitor::metrics_text({.version = kVersion,
                                  .scheduler = scheduler_->figures(),
                                  .store = store_->figures(),
                                  .alerts = alerter_.counts(),
                                  .counts = counts ? std::optional(*std::move(counts)) : std::nullopt,
                                  .process = monitor::read_process_figures()}));
    });
  });
}

Result<void> Server::Impl::listen() {
  task_service_.emplace(*calls_, access_);
  admin_service_.emplace(*calls_, access_);
  auto grpc = api::GrpcServer::start({.address = grpc_address_, .flag = "--grpc", .tune = adapters::direct::set_stream_options},
                                     {&*task_service_, &*admin_service_, &dispatcher_->service()});
  if (!grpc) return fail(std::move(grpc.error()));
  grpc_ = std::move(*grpc);
  grpc_text = grpc_->bound().text();
  auto http_api = api::HttpApi::make(*calls_, access_, [this](auto done) { gather_metrics(std::move(done)); }, kVersion);
  if (!http_api) return fail(std::move(http_api.error()));
  http_api_ = std::move(*http_api);
  auto http = net::HttpServer::start({.address = http_address_, .flag = "--http"}, http_api_->handlers());
  if (!http) return fail(std::move(http.error()));
  http_ = std::move(*http);
  http_text = http_->bound().text();
  DubboSettings dubbo = settings_.dubbo;
  if (dubbo.address.empty() && !dubbo.registry.empty()) dubbo.address = kDubboAddressDefault;
  if (dubbo.address.empty()) return check_no_dubbo();
  auto provider = DubboProvider::start(dubbo, *calls_, access_);
  if (!provider) return fail(std::move(provider.error()));
  dubbo_ = *std::move(provider);
  dubbo_text = dubbo_->bound();
  return {};
}

Result<void> Server::Impl::check_no_dubbo() const {
  const bool said = !settings_.dubbo.advertise.empty() || !settings_.dubbo.anonymous.empty();
  if (!said) return {};
  return fail(Code::InvalidArgument, "there is no Dubbo port: expected --dubbo HOST:PORT beside --dubbo-advertise and --dubbo-anonymous",
              "--dubbo");
}

Result<void> Server::Impl::start_inside_executor() {
  ExecutorOptions options{
      .schedulers = {reachable(grpc_->bound())}, .token = inside_token_, .name = "inside", .instance = inside_instance_};
  options.http = HttpTargets{.allow = settings_.http_allow};
  if (!settings_.dubbo.registry.empty()) options.dubbo = DubboTargets{.registry = settings_.dubbo.registry, .services = {}, .all = true};
  executor_.emplace(std::move(options));
  add_demo_service(*executor_);
  return executor_->start();
}

Result<void> Server::Impl::start() {
  if (auto prepared = prepare(); !prepared) return prepared;
  if (auto opened = open_store(); !opened) return opened;
  start_scheduler();
  wait_until_ready();
  if (auto listening = listen(); !listening) return listening;
  return settings_.inside_executor ? start_inside_executor() : Result<void>();
}

void Server::Impl::stop(milliseconds drain) {
  if (!std::exchange(running_, false)) return;
  if (dubbo_) dubbo_->stop(kAnswersGrace);
  if (http_) http_->stop(kAnswersGrace);
  if (executor_) executor_->stop(drain);
  std::promise<void> stopped;
  loop_.post([&] { scheduler_->stop([&stopped] { stopped.set_value(); }); });
  stopped.get_future().wait();
  if (grpc_) grpc_->stop(kAnswersGrace);
  loop_.stop();
}

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings));
  if (auto started = impl->start(); !started) return fail(std::move(started.error()));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::string& Server::http() const { return impl_->http_text; }
const std::string& Server::grpc() const { return impl_->grpc_text; }
const std::string& Server::dubbo() const { return impl_->dubbo_text; }
const std::string& Server::zone() const { return impl_->zone; }
void Server::stop(milliseconds drain) { impl_->stop(drain); }
bool Server::failed() const { return impl_->failed; }

Result<simulate::Report> run_simulation(const simulate::Settings& settings, std::vector<TaskSpec> specs, std::size_t slices) {
  simulate::VirtualLoop loop(settings.from);
  const auto store = adapters::sqlite::SqliteStore::open({.folder = {}, .inline_on_loop = true}, loop);
  if (!store) return fail(store.error());
  return simulate::run(settings, std::move(specs), slices, loop, **store, (*store)->fence());
}

}  // namespace meepo::cli
