#pragma once
// The real ZooKeeper of this test program, started once by tools/stack in a folder of its own, and sessions with it.

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/local/asio_loop.h"
#include "adapters/zookeeper/client.h"

namespace meepo::adapters::zookeeper {

inline constexpr std::chrono::seconds kWait{60};  // for anything that must happen, on a machine that is busy otherwise

/// Nothing if it went well.
template <class T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

class Server {
 public:
  /// Started at the first call.
  static Server& get();

  /// Why there is none, when what it needs cannot be installed; empty if there is one.
  const std::string& missing() const { return missing_; }
  const std::string& address() const { return address_; }  ///< "127.0.0.1:PORT", also of the next start

  void stop() { must_run("stop zookeeper"); }
  void kill() { must_run("kill zookeeper"); }
  void start() { must_run("start zookeeper"); }

  /// Ends a session as the servers do when a client was silent for too long: takes it over and closes it.
  void expire(const SessionId& session) const;
  /// Breaks the connections that this process has with the server.
  void cut_connections() const;

 private:
  Server();
  ~Server();
  int run(const std::string& arguments) const;
  void must_run(const std::string& arguments) const;

  std::string folder_;
  std::string address_;
  std::string missing_;
};

/// A client on a loop of its own, and what its listener heard.
class TestSession {
 public:
  explicit TestSession(ClientOptions options);
  ~TestSession();

  local::AsioLoop& loop() { return loop_; }
  Client& client() { return *client_; }
  void start();
  void destroy_client();
  void destroy_client_here() { client_.reset(); }  ///< for a handler, on the loop already

  /// Waits until the listener has heard `change` since the last one that was waited for, or says what it heard instead.
  void await(SessionChange change);
  std::string last_detail();
  SessionId session();
  /// Has the session expire and waits for the next one.
  void expire();

  /// Runs `work` on the loop and waits for it.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    if (done.get_future().wait_for(kWait) != std::future_status::ready) std::abort();  // what it refers to is gone otherwise
  }

  /// Waits until `holds` is true on the loop.
  template <class Condition>
  [[nodiscard]] bool eventually(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + kWait;
    auto result = std::make_shared<std::promise<bool>>();
    auto future = result->get_future();
    auto check = std::make_shared<std::function<void()>>();
    *check = [this, holds = std::move(holds), deadline, result, weak = std::weak_ptr(check)] {
      const bool held = holds();
      if (held || std::chrono::steady_clock::now() > deadline) return result->set_value(held);
      loop_.call_at(loop_.steady_now() + milliseconds(2), [again = weak.lock()] { (*again)(); });
    };
    loop_.post([check] { (*check)(); });
    return future.get();
  }

  /// The answer to one request: `ask<NodeStat>([&](auto done) { client.exists(path, std::move(done)); })`.
  template <class T, class Request>
  Result<T> ask(Request request) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    auto future = answer->get_future();
    on_loop([&] { request(Client::Done<T>([answer](Result<T> result) { answer->set_value(std::move(result)); })); });
    if (future.wait_for(kWait) != std::future_status::ready) return fail(Code::Timeout, "the request was never answered");
    return future.get();
  }

  Result<NodeStat> create(const std::string& path, const std::string& data = {}, Mode mode = Mode::Persistent);
  Result<void> remove(const std::string& path, std::int32_t version = -1);
  Result<NodeStat> exists(const std::string& path);
  Result<Node> get(const std::string& path);
  Result<std::vector<std::string>> children(const std::string& path);  ///< sorted

 private:
  local::AsioLoop loop_{"zookeeper-test"};
  std::unique_ptr<Client> client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<SessionChange, std::string>> heard_;
  std::string last_detail_;
};

/// Skips a test where ZooKeeper cannot be installed; every test has its own part of the tree.
class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ++run_;
    if (!Server::get().missing().empty()) GTEST_SKIP() << Server::get().missing();
  }

  static ClientOptions options(milliseconds timeout = milliseconds(10'000));
  /// A session that is connected.
  static std::unique_ptr<TestSession> connect(ClientOptions options);
  static std::unique_ptr<TestSession> connect() { return connect(options()); }
  static Server& server() { return Server::get(); }

 private:
  static inline int run_ = 0;  // also a test that is repeated has a part of its own
};

}  // namespace meepo::adapters::zookeeper
