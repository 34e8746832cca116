#include "meepo/executor.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "adapters/direct/direct_source.h"
#include "adapters/direct/stream_options.h"
#include "adapters/local/asio_loop.h"
#include "adapters/local/system_random.h"
#include "base/limits.h"
#include "client/channel.h"
#include "executor/executor.h"
#include "target_invoker.h"

namespace meepo::inline sdk {

namespace {

using adapters::direct::DirectSource;
using adapters::local::FunctionInvoker;

// Of executors inside a scheduler's process: what they left behind is lost at the scheduler's next start.
constexpr std::string_view kReservedName = "inside";
constexpr std::uint32_t kThreadsLeast = 4;
constexpr std::uint32_t kThreadsMax = 4'096;

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
  Result<void> add_targets(Parts& parts);
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
  if (functions_.empty() && !options_.http && !options_.commands && !options_.dubbo)
    return fail(Code::InvalidArgument, "no function is registered; call handle() before start()");
  return {};
}

Result<void> Executor::Impl::add_targets(Parts& parts) {
  for (auto& [function, handler] : functions_) {
    if (auto added = parts.invoker.add(function, handler); !added) return added;
  }
  if (options_.http) {
    if (auto added = parts.invoker.add(*options_.http); !added) return added;
  }
  if (options_.commands) {
    if (auto added = parts.invoker.add(*options_.commands); !added) return added;
  }
  if (!options_.dubbo) return {};
  // Last: it offers what the others serve, too. The loop runs what is posted once the executor is there.
  return parts.invoker.add(*options_.dubbo, [&parts](std::vector<std::string> target_keys) {
    parts.loop.post([&parts, target_keys = std::move(target_keys)]() mutable { parts.executor->offer(std::move(target_keys)); });
  });
}

Result<void> Executor::Impl::start() {
  const std::scoped_lock lock(mutex_);
  if (started_) return fail(Code::Conflict, "the executor was started before");
  if (auto checked = check(); !checked) return checked;
  auto parts = std::make_unique<Parts>(threads());
  if (auto added = add_targets(*parts); !added) return added;
  DirectSource::Options source{.schedulers = {}, .token = options_.token};
  for (const std::string& address : options_.schedulers) {
    source.schedulers.push_back({.address = address, .channel = [address] { return adapters::direct::make_stream_channel(address); }});
  }
  const RunToken random{.high = parts->random.next(), .low = parts->random.next()};
  const executor::Options chosen{.instance = options_.instance.empty() ? options_.name + "-" + random.text() : options_.instance,
                                 .name = options_.name,
                                 .target_keys = {parts->invoker.target_keys().begin(), parts->invoker.target_keys().end()},
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
