#pragma once
// The inside of DubboServer: its io thread with all connections, and one connection. Private to src/api/dubbo.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/dubbo/dubbo_server.h"

namespace meepo::api {

/// One consumer's connection. On the io thread.
class DubboConnection : public std::enable_shared_from_this<DubboConnection> {
 public:
  DubboConnection(DubboServer::Core& core, std::uint64_t id, boost::asio::ip::tcp::socket socket);

  void start();
  /// The answer to a call; flush() writes what was answered.
  void answer(std::uint64_t ticket, const dubbo::Answer& answer);
  void flush();
  /// Reads on after a pause.
  void resume();
  /// Says that the provider stops; closes by itself at `close_at`.
  void stop(SteadyTime close_at);
  /// Closes it and takes it out of the core.
  void close(std::string_view reason);
  [[nodiscard]] bool idle() const { return session_.open_calls() == 0 && !writing_; }
  [[nodiscard]] std::size_t held_bytes() const { return held_bytes_; }

 private:
  void wait_for_octets();
  void read();
  void take(std::string_view octets);
  void arm_timer();
  void note_held_bytes();

  DubboServer::Core& core_;
  const std::uint64_t id_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::ip::address peer_;
  dubbo::ServerSession session_;
  boost::asio::steady_timer timer_;
  std::string out_;           // being written
  bool writing_ = false;
  bool reading_ = false;      // waits for octets
  bool closed_ = false;
  std::size_t held_bytes_ = 0;  // as the core has counted them
};

/// The io thread with all its connections. Everything but deliver() and the start and end of the thread happens on that thread.
class DubboServer::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(DubboServer::Options options) : options_(std::move(options)) {}

  Result<void> listen();
  void run(DubboTaskService& service);
  void stop(milliseconds grace);
  const net::Address& bound() const { return bound_; }

  // For connections.
  const DubboLimits& limits() const { return options_.limits; }
  boost::asio::io_context& context() { return context_; }
  /// Octets as they are read, one connection at a time: idle ones need no memory for it.
  std::array<char, std::size_t{64} << 10U>& read_buffer() { return read_buffer_; }
  /// Calls that came with so many octets: to the service, and their answers back to the connection.
  void serve(std::uint64_t connection, std::vector<dubbo::ServedCall> calls, const boost::asio::ip::address& peer, std::size_t octets);
  /// False while too much waits for answers: resume() follows.
  bool may_read() const { return served_bytes_ < options_.limits.served_bytes; }
  void paused(std::uint64_t connection) { paused_.insert(connection); }
  /// All that a connection had to say is said.
  void written(DubboConnection& connection);
  void held_bytes_changed(std::size_t before, std::size_t now);
  void remove(std::uint64_t connection, std::size_t held_bytes);

 private:
  struct Delivery {
    std::uint64_t connection = 0;
    std::uint64_t ticket = 0;
    std::size_t octets = 0;  // that it had taken of served_bytes_
    DubboTaskService::MakeReply make_reply;
  };

  void accept();
  void accepted(boost::asio::ip::tcp::socket socket);
  /// Any thread.
  void deliver(Delivery delivery);
  void drain_deliveries();
  void begin_stop(milliseconds grace);
  void close_idle();
  void close_all();

  const DubboServer::Options options_;
  net::Address bound_;
  DubboTaskService* service_ = nullptr;

  std::mutex mutex_;
  std::vector<Delivery> deliveries_;  // guarded by mutex_
  bool closed_ = false;               // guarded by mutex_

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  boost::asio::steady_timer timer_{context_};       // the pause after a failed accept
  boost::asio::steady_timer stop_timer_{context_};  // kReadOnlyWait, then the grace
  std::map<std::uint64_t, std::shared_ptr<DubboConnection>> connections_;
  std::set<std::uint64_t> paused_;
  std::uint64_t last_id_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t served_bytes_ = 0;
  bool stopping_ = false;
  bool read_only_over_ = false;
  std::array<char, std::size_t{64} << 10U> read_buffer_{};
  std::jthread thread_;
};

}  // namespace meepo::api
