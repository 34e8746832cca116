#pragma once
// A provider in this process: protocol/dubbo's own sessions behind a real socket, and a test that says what becomes of each call.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "protocol/dubbo/server_session.h"

namespace meepo::adapters::dubbo {

class FakeProvider {
 public:
  /// What becomes of a call. Nothing: it is not answered. On the provider's thread.
  using Serve = std::function<std::optional<meepo::dubbo::Answer>(const meepo::dubbo::Request&)>;

  struct Seen {
    std::string method;
    std::string interface;
    std::string version;
    std::vector<std::string> types;
    std::map<std::string, std::string> attachments;
  };

  /// @param port  0: any free one
  explicit FakeProvider(Serve serve, std::uint16_t port = 0) : serve_(std::move(serve)) {
    const boost::asio::ip::tcp::endpoint at(boost::asio::ip::make_address("127.0.0.1"), port);
    acceptor_.open(at.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeProvider() {
    io_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  std::string url() const { return "dubbo://127.0.0.1:" + std::to_string(port_); }

  /// Waits until so many calls have come in all.
  std::vector<Seen> wait_for(std::size_t calls) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return seen_.size() >= calls; });
    return seen_;
  }
  std::size_t calls() {
    const std::scoped_lock lock(mutex_);
    return seen_.size();
  }
  std::size_t connections() {
    const std::scoped_lock lock(mutex_);
    return accepted_;
  }
  /// Cuts every connection off.
  void cut() {
    run([this] {
      for (const auto& link : std::exchange(links_, {})) link->socket.close();
    });
  }
  /// Whether new connections are closed as soon as they are accepted, as a Java provider that shuts down does.
  void close_new(bool close) {
    run([this, close] { closes_new_ = close; });
  }
  /// Waits until so many connections have come in all.
  void wait_for_connections(std::size_t connections) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return accepted_ >= connections; });
  }
  /// Answers every call that has not been answered.
  void answer_open(const meepo::dubbo::Answer& answer) {
    run([&] {
      for (auto& [link, ticket] : std::exchange(open_, {})) {
        link->session.answer(ticket, answer);
        flush(link);
      }
    });
  }
  /// Tells the consumers that it stops, and goes on answering.
  void say_stop() {
    run([this] {
      for (const auto& link : links_) {
        link->session.stop(now() + std::chrono::seconds(60));
        flush(link);
      }
    });
  }

 private:
  struct Link {
    Link(boost::asio::ip::tcp::socket accepted, SteadyTime since)
        : socket(std::move(accepted)), session({}, [](const meepo::dubbo::RequestHead&) { return std::nullopt; }, since) {}
    boost::asio::ip::tcp::socket socket;
    meepo::dubbo::ServerSession session;
    std::array<char, std::size_t{64} << 10U> buffer{};
  };
  using LinkPtr = std::shared_ptr<Link>;

  static SteadyTime now() { return std::chrono::steady_clock::now(); }
  template <class Work>
  void run(Work work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      {
        const std::scoped_lock lock(mutex_);
        ++accepted_;
        changed_.notify_all();
      }
      if (closes_new_) {
        socket.close();
        return accept();
      }
      const auto link = std::make_shared<Link>(std::move(socket), now());
      links_.insert(link);
      read(link);
      accept();
    });
  }
  void read(const LinkPtr& link) {
    link->socket.async_read_some(boost::asio::buffer(link->buffer), [this, link](boost::system::error_code error, std::size_t octets) {
      if (error) {
        links_.erase(link);
        return;
      }
      for (const auto& call : link->session.receive({link->buffer.data(), octets}, now())) {
        note(call.request);
        if (const auto answer = serve_(call.request)) {
          link->session.answer(call.ticket, *answer);
        } else {
          open_.emplace_back(link, call.ticket);
        }
      }
      if (link->socket.is_open()) {
        flush(link);
        read(link);
      }
    });
  }
  void note(const meepo::dubbo::Request& request) {
    Seen seen{.method = request.method,
              .interface = request.head.path,
              .version = request.head.service_version,
              .types = request.types.value_or(std::vector<std::string>{"?"}),
              .attachments = {}};
    for (const auto& [name, value] : request.attachments.entries) seen.attachments[name] = request.attachments.text(name);
    const std::scoped_lock lock(mutex_);
    seen_.push_back(std::move(seen));
    changed_.notify_all();
  }
  static void flush(const LinkPtr& link) {
    const auto out = link->session.take_output(now());
    boost::system::error_code ignored;
    boost::asio::write(link->socket, boost::asio::buffer(out), ignored);
  }

  const Serve serve_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  std::set<LinkPtr> links_;
  std::vector<std::pair<LinkPtr, std::uint64_t>> open_;  ///< calls without an answer
  bool closes_new_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen> seen_;      // guarded by mutex_
  std::size_t accepted_ = 0;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace meepo::adapters::dubbo
