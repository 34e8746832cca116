#pragma once
// A whole API over the real scheduler and a store in memory, on ports of its own. Nobody serves any target: what is created waits.

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "adapters/local/asio_loop.h"
#include "adapters/local/local_coordinator.h"
#include "adapters/local/log_alerter.h"
#include "adapters/local/system_random.h"
#include "adapters/sqlite/sqlite_store.h"
#include "api/access/access.h"
#include "api/calls/calls.h"
#include "api/grpc/admin_service.h"
#include "api/grpc/grpc_server.h"
#include "api/grpc/task_service.h"
#include "api/http/http_api.h"
#include "net/http_server.h"
#include "net/http_test_client.h"
#include "scheduler/scheduler.h"

namespace meepo::api::test {

class NoDispatcher final : public ports::Dispatcher {
 public:
  void start(Handlers) override {}
  void stop() override {}
  void send(ports::SessionId, std::vector<ports::Run>) override {}
  void ask_cancel(ports::SessionId, std::vector<ports::RunRef>) override {}
  void answer_ends(ports::SessionId, std::vector<ports::EndVerdict>) override {}
  void answer_renewals(ports::SessionId, std::vector<ports::RenewVerdict>) override {}
  void close(ports::SessionId, Error) override {}
};

inline constexpr auto kReaderToken = "reader-reader-reader-reader-reader";
inline constexpr auto kClientToken = "client-client-client-client-client";
inline constexpr auto kExecutorToken = "executor-executor-executor-executor";
inline constexpr auto kAdminToken = "admin-admin-admin-admin-admin-admin";

inline Access access_with_tokens() {
  const auto path = std::filesystem::temp_directory_path() / ("meepo_api_tokens_" + std::to_string(getpid()));
  std::ofstream(path) << kReaderToken << " reader\n"
                      << kClientToken << " client\n"
                      << kExecutorToken << " executor\n"
                      << kAdminToken << " admin\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  auto access = Access::from_file(path);
  std::filesystem::remove(path);
  return access.value();
}

class Server {
 public:
  explicit Server(Access access = {}) : access_(std::move(access)) {
    store_ = adapters::sqlite::SqliteStore::open({}, loop_).value();
    coordinator_ = std::make_unique<adapters::local::LocalCoordinator>(loop_, store_->fence());
    scheduler_ = std::make_unique<scheduler::Scheduler>(scheduler::Options{.default_zone = "Asia/Shanghai"},
                                                        scheduler::Scheduler::Parts{.loop = loop_,
                                                                                    .store = *store_,
                                                                                    .dispatcher = dispatcher_,
                                                                                    .coordinator = *coordinator_,
                                                                                    .alerter = alerter_,
                                                                                    .random = random_});
    calls_ = std::make_unique<Calls>(
        Calls::Settings{
            .default_zone = "Asia/Shanghai", .version = "1.2.3", .store = store_->description(), .started_at = loop_.system_now()},
        loop_, *scheduler_);
    loop_.start();
    on_loop([this] { scheduler_->start(); });
    while (!is_ready()) std::this_thread::yield();
    http_api_ = HttpApi::make(*calls_, access_, [](auto done) { done("metrics 1\n"); }, "1.2.3").value();
    http_ = net::HttpServer::start({.address = kAnyPort}, http_api_->handlers()).value();
    task_service_ = std::make_unique<TaskService>(*calls_, access_);
    admin_service_ = std::make_unique<AdminService>(*calls_, access_);
    grpc_ = GrpcServer::start({.address = kAnyPort}, {task_service_.get(), admin_service_.get()}).value();
  }

  ~Server() {
    http_->stop(kGrace);
    grpc_->stop(kGrace);
    std::promise<void> stopped;
    loop_.post([&] { scheduler_->stop([&] { stopped.set_value(); }); });
    stopped.get_future().wait();
    loop_.stop();
  }

  const net::Address& http_address() const { return http_->bound(); }
  const net::Address& grpc_address() const { return grpc_->bound(); }
  GrpcServer& grpc() { return *grpc_; }
  Calls& calls() { return *calls_; }

  net::test::Reply ask(const std::string& request) const { return net::test::RawClient(http_->bound()).ask(request); }
  net::test::Reply get(const std::string& target) const { return ask(net::test::request_text("GET", target)); }
  net::test::Reply post(const std::string& target, const std::string& body) const {
    return ask(net::test::request_text("POST", target, body));
  }
  boost::json::value get_json(const std::string& target) const { return boost::json::parse(get(target).body); }
  std::uint64_t task_count() const { return get_json("/v1/counts").at("tasks").to_number<std::uint64_t>(); }

  std::shared_ptr<grpc::Channel> channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxSendMessageSize(-1);
    return grpc::CreateCustomChannel(grpc_->bound().text(), grpc::InsecureChannelCredentials(), arguments);
  }

 private:
  inline static const net::Address kAnyPort{.host = "127.0.0.1", .port = 0};
  static constexpr milliseconds kGrace{5'000};

  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  bool is_ready() {
    bool ready = false;
    on_loop([&] { ready = scheduler_->ready(); });
    return ready;
  }

  Access access_;
  adapters::local::AsioLoop loop_;
  adapters::local::LogAlerter alerter_;
  adapters::local::SystemRandom random_;
  NoDispatcher dispatcher_;
  std::unique_ptr<adapters::sqlite::SqliteStore> store_;
  std::unique_ptr<adapters::local::LocalCoordinator> coordinator_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::unique_ptr<Calls> calls_;
  std::unique_ptr<HttpApi> http_api_;
  std::unique_ptr<TaskService> task_service_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<net::HttpServer> http_;
  std::unique_ptr<GrpcServer> grpc_;
};

/// A REAL task of `app`; `more`: further members of the spec.
inline std::string spec_json(const std::string& app, const std::string& more = "") {
  return R"({"appId":")" + app + R"(","kind":"REAL","target":{"service":{"interface":"com.example.Pay","method":"settle","params":[1]}})" +
         more + "}";
}

}  // namespace meepo::api::test
