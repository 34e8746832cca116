#pragma once
// An invoker under test: by address, and with the real registry.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/dubbo/dubbo_invoker.h"
#include "adapters/dubbo/tests/fake_provider.h"
#include "adapters/zookeeper/registry.h"
#include "adapters/zookeeper/tests/server.h"
#include "tests/support/played_context.h"

namespace meepo::adapters::dubbo {

inline constexpr std::chrono::seconds kPatience{20};
inline constexpr auto kKey = "service:com.x.Pay::";

/// Answers with the first argument, or null.
inline std::optional<meepo::dubbo::Answer> echo(const meepo::dubbo::Request& request) {
  return meepo::dubbo::Returned{.value = request.arguments.empty() ? hessian2::Value() : request.arguments.front()};
}
inline std::optional<meepo::dubbo::Answer> never(const meepo::dubbo::Request&) { return std::nullopt; }

/// The target keys that the invoker told last.
class Told {
 public:
  std::move_only_function<void(std::vector<std::string>)> handler() {
    return [this](std::vector<std::string> keys) {
      const std::scoped_lock lock(mutex_);
      keys_ = std::move(keys);
      ++times_;
      changed_.notify_all();
    };
  }
  [[nodiscard]] bool wait_for(const std::vector<std::string>& keys) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return times_ > 0 && keys_ == keys; });
  }
  int times() {
    const std::scoped_lock lock(mutex_);
    return times_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> keys_;
  int times_ = 0;
};

class DubboInvokerTest : public testing::Test {
 protected:
  void start(DubboInvoker::Options options) {
    options.on_targets = told.handler();
    auto started = DubboInvoker::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    invoker = *std::move(started);
  }
  void start_at(const std::string& url) {
    DubboInvoker::Options options;
    options.services.push_back({.interface = "com.x.Pay", .version = {}, .group = {}, .url = url});
    start(std::move(options));
  }

  struct Run {
    std::shared_ptr<test::PlayedContext> context = std::make_shared<test::PlayedContext>();
    std::promise<ports::InvokeResult> promise;
    std::future<ports::InvokeResult> result = promise.get_future();
    std::atomic<int> started = 0;
    std::atomic<int> ended = 0;
  };
  std::shared_ptr<Run> invoke(
      std::string json = "[]", std::vector<std::string> types = {}, bool cancelled = false, milliseconds left = milliseconds(60'000),
      std::function<void()> started = [] {}) {
    auto run = std::make_shared<Run>();
    run->context->ends_at = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) + left;
    if (cancelled) run->context->cancel();
    invoker->invoke(
        {.target = ServiceTarget{.interface = "com.x.Pay",
                                 .method = "settle",
                                 .version = {},
                                 .group = {},
                                 .param_types = std::move(types),
                                 .params = {.encoding = Encoding::Json, .data = std::move(json)}},
         .app_id = "shop",
         .context = run->context},
        [run, started = std::move(started)] {
          ++run->started;
          started();
        },
        [run](ports::InvokeResult result) {
          if (++run->ended == 1) run->promise.set_value(std::move(result));
        });
    return run;
  }
  static ports::InvokeResult wait(const std::shared_ptr<Run>& run) {
    if (run->result.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "the attempt does not end";
      return {};
    }
    return run->result.get();
  }

  Told told;
  std::unique_ptr<DubboInvoker> invoker;
};

/// Providers are registered in the real ZooKeeper.
class DubboRegistryTest : public DubboInvokerTest {
 protected:
  void SetUp() override {
    if (!zookeeper::Server::get().missing().empty()) GTEST_SKIP() << zookeeper::Server::get().missing();
    session_ = std::make_unique<zookeeper::TestSession>(options());
    session_->start();
    session_->await(zookeeper::SessionChange::New);
    session_->on_loop([this] { registry_.emplace(session_->loop(), session_->client(), "/dubbo"); });
  }
  void TearDown() override {
    invoker.reset();
    if (!session_) return;
    session_->on_loop([this] { registry_.reset(); });
    session_.reset();
  }
  static zookeeper::ClientOptions options() {
    return {.servers = zookeeper::Server::get().address(),
            .chroot = "/" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()),
            .user = {},
            .password = {},
            .session_timeout = milliseconds(10'000)};
  }
  zookeeper::DubboUrl url_of(const FakeProvider& provider, const std::string& interface, const std::string& version = {}) const {
    return zookeeper::provider_url({.host = "127.0.0.1",
                                    .port = provider.port(),
                                    .interface = interface,
                                    .methods = {"settle"},
                                    .version = version,
                                    .group = {},
                                    .pid = 1,
                                    .started = from_unix_ms(0)});
  }
  void enter(const zookeeper::DubboUrl& url) {
    session_->on_loop([&] { ASSERT_TRUE(registry_->register_url(url, [](const Result<void>&) {})); });
  }
  void leave(const zookeeper::DubboUrl& url) {
    session_->on_loop([&] { registry_->unregister_url(url, [](const Result<void>&) {}); });
  }
  void start_all(std::vector<DubboInvoker::Service> services = {}) {
    DubboInvoker::Options invoker_options;
    invoker_options.services = std::move(services);
    invoker_options.all = true;
    zookeeper::RegistryUrl url;
    const auto at = net::parse_address(options().servers).value();
    url.servers = {at};
    url.chroot = options().chroot;
    invoker_options.registry = url;
    start(std::move(invoker_options));
  }

  std::unique_ptr<zookeeper::TestSession> session_;
  std::optional<zookeeper::Registry> registry_;
};

}  // namespace meepo::adapters::dubbo
