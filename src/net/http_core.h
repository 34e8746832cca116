#pragma once
// The inside of HttpServer: its io thread with all connections, and what it knows of a connection. Private to src/net: only its .cc files
// include this, and only http_connection.cc includes Beast.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/http_server.h"

namespace meepo::net {

/// One connection, on the io thread. It takes itself out of the core when it ends.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  virtual void start() = 0;
  /// The answer to request `number`; dropped if that is not awaited any more.
  virtual void answer(std::uint64_t number, HttpResponse response) = 0;
  /// Answers before anything was read, then closes.
  virtual void refuse(HttpResponse response) = 0;
  /// Closes, unless a request is being answered: then after that.
  virtual void stop() = 0;
  virtual void close() = 0;
};

std::shared_ptr<HttpConnection> make_http_connection(HttpServer::Core& core, std::uint64_t id, boost::asio::ip::tcp::socket socket);

/// The io thread with all its connections. Everything but deliver() and the start and end of the thread happens on that thread.
class HttpServer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(HttpOptions options, HttpHandlers handlers) : options_(std::move(options)), handlers_(std::move(handlers)) {}

  Result<void> listen();
  void run();
  void stop(milliseconds grace);

  /// An answer to request `number` of a connection. Any thread; drops it once the server has stopped.
  void deliver(std::uint64_t connection, std::uint64_t number, HttpResponse response);

  std::shared_ptr<Core> shared() { return shared_from_this(); }
  const Address& bound() const { return bound_; }
  const HttpOptions& options() const { return options_; }
  HttpHandlers& handlers() { return handlers_; }
  bool stopping() const { return stopping_; }
  void remove(std::uint64_t id);
  /// False if the bodies under way would pass their limit; else give back later.
  bool take_body_bytes(std::size_t bytes);
  void give_body_bytes(std::size_t bytes) { body_bytes_ -= bytes; }

 private:
  struct Answer {
    std::uint64_t connection;
    std::uint64_t number;
    HttpResponse response;
  };

  void accept();
  void accepted(boost::asio::ip::tcp::socket socket);
  void drain_answers();
  void begin_stop(milliseconds grace);
  void close_all();

  HttpOptions options_;
  HttpHandlers handlers_;
  Address bound_;

  std::mutex mutex_;
  std::vector<Answer> answers_;  // guarded by mutex_
  bool closed_ = false;          // guarded by mutex_

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::ip::tcp::acceptor acceptor_{context_};
  boost::asio::steady_timer timer_{context_};  // the pause after a failed accept, then the end of the grace
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::uint64_t last_id_ = 0;
  std::size_t body_bytes_ = 0;
  bool stopping_ = false;
  std::jthread thread_;
};

}  // namespace meepo::net
