#include "meepo/executor.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "adapters/command/command_invoker.h"
#include "adapters/direct/direct_source.h"
#include "adapters/direct/stream_options.h"
#include "adapters/http/call.h"
#include "adapters/http/http_invoker.h"
#include "adapters/local/asio_loop.h"
#include "adapters/local/function_invoker.h"
#include "adapters/local/system_random.h"
#include "base/limits.h"
#include "client/channel.h"
#include "context.h"
#include "executor/executor.h"

namespace meepo::inline sdk {

namespace {

using adapters::command::CommandInvoker;
using adapters::direct::DirectSource;
using adapters::http::HttpInvoker;
using adapters::local::FunctionInvoker;

// Of executors inside a scheduler's process: what they left behind is lost at the scheduler's next start.
constexpr std::string_view kReservedName = "inside";
constexpr std::uint32_t kThreadsLeast = 4;
constexpr std::uint32_t kThreadsMax = 4'096;

ports::InvokeResult to_result(Answer answer) {
  switch (answer.kind()) {
    case Answer::Kind::Success:
      if (answer.text().empty()) return {.outcome = Outcome::Success, .result = std::nullopt, .error = {}};
      return {.outcome = Outcome::Success, .result = Payload{.encoding = Encoding::Json, .data = answer.text()}, .error = {}};
    case Answer::Kind::Failure: return {.outcome = Outcome::Fail, .result = std::nullopt, .error = answer.text()};
    case Answer::Kind::Stopped: return {.outcome = Outcome::Stopped, .result = std::nullopt, .error = {}};
  }
  return {.outcome = Outcome::Fail, .result = std::nullopt, .error = "the function's answer is of no known kind"};
}

FunctionInvoker::Handler to_invoker_handler(Handler handler) {
  return [handler = std::move(handler)](const Payload& params, ports::RunContext& run) {
    if (!params.empty() && params.encoding != Encoding::Json) {
      return ports::InvokeResult{
          .outcome = Outcome::Fail, .result = std::nullopt, .error = "the task's params are not JSON, which this function takes"};
    }
    RunningContext context(run);
    return to_result(handler(context, params.empty() ? std::string_view("[]") : std::string_view(params.data)));
  };
}

/// Each target to the invoker of its kind. A kind that is not served never arrives: the hello does not name it.
struct TargetInvoker final : public ports::Invoker {
  explicit TargetInvoker(std::size_t threads) : functions({.threads = threads}) {}

  void invoke(ports::Invocation invocation, std::move_only_function<void()> started,
              std::move_only_function<void(ports::InvokeResult)> done) override {
    ports::Invoker* invoker = &functions;
    if (http && (std::holds_alternative<HttpTarget>(invocation.target) || services.contains(target_key(invocation.target)))) {
      invoker = http.get();
    }
    if (commands && std::holds_alternative<CommandTarget>(invocation.target)) invoker = commands.get();
    invoker->invoke(std::move(invocation), std::move(started), std::move(done));
  }

  FunctionInvoker functions;
  std::unique_ptr<HttpInvoker> http;
  std::set<std::string> services;  ///< keys of services that are called over HTTP
  std::unique_ptr<CommandInvoker> commands;
};

/// Service key → URL. Each host may be reached.
Result<std::map<std::string, std::string>> mapped_services(const std::vector<HttpService>& services, adapters::http::HostRules& rules) {
  std::map<std::string, std::string> urls;
  for (const HttpService& service : services) {
    if (service.interface.empty()) return fail(Code::InvalidArgument, "a service that is called over HTTP has no interface", "services");
    const auto call = adapters::http::call_to(adapters::http::url_of_method(service.url, "method"));
    if (!call) return fail(Error(call.error()).prefixed("the service " + service.interface));
    const bool v6 = call->host.find(':') != std::string::npos;
    const std::string host = (v6 ? "[" + call->host + "]" : call->host) + ":" + std::to_string(call->port);
    if (auto allowed = rules.allow(host); !allowed) return fail(std::move(allowed.error()).prefixed("the service " + service.interface));
    if (!urls.try_emplace(service_key(service.interface, service.version, service.group), service.url).second) {
      return fail(Code::Conflict, "the service " + service.interface + " is mapped twice", "services");
    }
  }
  return urls;
}

Result<std::unique_ptr<HttpInvoker>> start_http(const HttpTargets& targets) {
  HttpInvoker::Options options{
      .rules = {}, .signing_key = targets.signing_key, .limits = {}, .trusted_file = targets.trusted_file, .services = {}};
  auto services = mapped_services(targets.services, options.rules);
  if (!services) return fail(std::move(services.error()));
  options.services = *std::move(services);
  for (const std::string& rule : targets.allow) {
    if (auto added = options.rules.allow(rule); !added) return fail(std::move(added.error()));
  }
  return HttpInvoker::start(std::move(options));
}

}  // namespace

class Executor::Impl {
 public:
  explicit Impl(ExecutorOptions options) : options_(std::move(options)) {}
  ~Impl() { stop(options_.drain); }

  void handle(FunctionInvoker::Function function, Handler handler) { functions_.emplace_back(std::move(function), std::move(handler)); }
  Result<void> start();
  std::size_t stop(std::chrono::milliseconds drain);
  std::size_t running();
  const ExecutorOptions& options() const { return options_; }

 private:
  /// What exists from start() to stop(); members are destroyed in the reverse order.
  struct Parts {
    explicit Parts(std::size_t threads) : invoker(threads) {}
    adapters::local::AsioLoop loop{"meepo-executor"};
    adapters::local::SystemRandom random;
    TargetInvoker invoker;
    std::optional<DirectSource> source;
    std::optional<executor::Executor> executor;
  };

  Result<void> check() const;
  std::size_t threads() const {
    if (options_.threads != 0) return options_.threads;
    return std::max(kThreadsLeast, std::thread::hardware_concurrency());
  }

  const ExecutorOptions options_;
  std::vector<std::pair<FunctionInvoker::Function, Handler>> functions_;
  std::mutex mutex_;  // guards the two below
  std::unique_ptr<Parts> parts_;
  bool started_ = false;
};

Result<void> Executor::Impl::check() const {
  if (options_.schedulers.empty())
    return fail(Code::InvalidArgument, "no scheduler is named; expected at least one HOST:PORT", "schedulers");
  for (const std::string& address : options_.schedulers) {
    if (auto checked = client::check_address(address); !checked) {
      return fail(Code::InvalidArgument, "a scheduler's address is \"" + address + "\"; expected HOST:PORT", "schedulers");
    }
  }
  if (options_.credits == 0 || options_.credits > limits::kExecutorCreditsMax) {
    return fail(Code::InvalidArgument,
                "credits is " + std::to_string(options_.credits) + "; expected 1 to " + std::to_string(limits::kExecutorCreditsMax),
                "credits");
  }
  if (options_.threads > kThreadsMax) {
    return fail(Code::InvalidArgument, "threads is " + std::to_string(options_.threads) + "; expected 0 to " + std::to_string(kThreadsMax),
                "threads");
  }
  if (options_.name.empty() || options_.name.size() > 128) {
    return fail(Code::InvalidArgument, "the executor's name has " + std::to_string(options_.name.size()) + " bytes; expected 1 to 128",
                "name");
  }
  if (options_.instance.empty() && options_.name.starts_with(kReservedName)) {
    return fail(Code::InvalidArgument,
                "the executor's name is \"" + options_.name + "\"; names that begin with \"" + std::string(kReservedName) +
                    "\" are a scheduler's own",
                "name");
  }
  if (functions_.empty() && !options_.http && !options_.commands)
    return fail(Code::InvalidArgument, "no function is registered; call handle() before start()");
  return {};
}

Result<void> Executor::Impl::start() {
  const std::scoped_lock lock(mutex_);
  if (started_) return fail(Code::Conflict, "the executor was started before");
  if (auto checked = check(); !checked) return checked;
  auto parts = std::make_unique<Parts>(threads());
  for (auto& [function, handler] : functions_) {
    if (auto added = parts->invoker.functions.add(function, to_invoker_handler(handler)); !added) return added;
  }
  std::vector<std::string> target_keys = parts->invoker.functions.target_keys();
  if (options_.http) {
    auto http = start_http(*options_.http);
    if (!http) return fail(std::move(http.error()));
    parts->invoker.http = *std::move(http);
    if (options_.http->urls) target_keys.push_back(target_key(HttpTarget{}));
    for (const HttpService& service : options_.http->services) {
      const auto key = service_key(service.interface, service.version, service.group);
      if (std::ranges::find(target_keys, key) != target_keys.end()) {
        return fail(Code::Conflict, "the service " + service.interface + " is mapped to a URL and has functions", "services");
      }
      parts->invoker.services.insert(key);
      target_keys.push_back(key);
    }
  }
  if (options_.commands) {
    auto commands = CommandInvoker::start({.programs = options_.commands->allow, .folder = options_.commands->folder});
    if (!commands) return fail(std::move(commands.error()));
    parts->invoker.commands = *std::move(commands);
    target_keys.push_back(target_key(CommandTarget{}));
  }
  DirectSource::Options source{.schedulers = {}, .token = options_.token};
  for (const std::string& address : options_.schedulers) {
    source.schedulers.push_back({.address = address, .channel = [address] { return adapters::direct::make_stream_channel(address); }});
  }
  const RunToken random{.high = parts->random.next(), .low = parts->random.next()};
  const executor::Options chosen{.instance = options_.instance.empty() ? options_.name + "-" + random.text() : options_.instance,
                                 .name = options_.name,
                                 .target_keys = std::move(target_keys),
                                 .credits = options_.credits,
                                 .streams = static_cast<std::uint32_t>(options_.schedulers.size())};
  parts->source.emplace(std::move(source), parts->loop, parts->random);
  parts->executor.emplace(chosen, parts->loop, *parts->source, parts->invoker);
  parts->loop.post([executor = &*parts->executor] { executor->start(); });
  parts->loop.start();
  parts_ = std::move(parts);
  started_ = true;
  return {};
}

std::size_t Executor::Impl::stop(std::chrono::milliseconds drain) {
  std::unique_ptr<Parts> parts;
  {
    const std::scoped_lock lock(mutex_);
    parts = std::move(parts_);
  }
  if (!parts) return 0;
  std::promise<std::size_t> stopped;
  parts->loop.post([&] { parts->executor->stop(drain, [&stopped](std::size_t left) { stopped.set_value(left); }); });
  const std::size_t left = stopped.get_future().get();
  parts->loop.stop();
  return left;
}

std::size_t Executor::Impl::running() {
  const std::scoped_lock lock(mutex_);
  if (!parts_) return 0;
  std::promise<std::size_t> answer;
  parts_->loop.post([&] { answer.set_value(parts_->executor->running()); });
  return answer.get_future().get();
}

Executor::Executor(ExecutorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;
Executor& Executor::operator=(Executor&&) noexcept = default;

Executor& Executor::handle(std::string interface, std::string method, Handler handler, std::string version, std::string group) {
  impl_->handle({.interface = std::move(interface), .method = std::move(method), .version = std::move(version), .group = std::move(group)},
                std::move(handler));
  return *this;
}
Result<void> Executor::start() { return impl_->start(); }
std::size_t Executor::stop(std::chrono::milliseconds drain) { return impl_->stop(drain); }
std::size_t Executor::stop() { return impl_->stop(impl_->options().drain); }
std::size_t Executor::running() const { return impl_->running(); }

}  // namespace meepo::inline sdk
