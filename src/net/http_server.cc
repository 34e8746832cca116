#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "net/http_core.h"
#include "net/listen.h"

namespace meepo::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kRefusalsMax = 64;    // connections over the limit that are told so before they are closed

}  // namespace

Result<void> HttpServer::Core::listen() {
  auto bound = net::listen(acceptor_, options_.address, "HTTP", options_.flag);
  if (!bound) return fail(std::move(bound.error()));
  bound_ = *std::move(bound);
  return {};
}

void HttpServer::Core::run() {
  accept();
  thread_ = std::jthread([this] { context_.run(); });
}

void HttpServer::Core::stop(milliseconds grace) {
  if (thread_.joinable()) {
    asio::post(context_, [this, grace] { begin_stop(grace); });
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  answers_.clear();
}

void HttpServer::Core::begin_stop(milliseconds grace) {
  stopping_ = true;
  error_code ignored;
  std::ignore = acceptor_.close(ignored);
  work_.reset();
  const auto open = connections_;  // stop() may remove
  for (const auto& [id, connection] : open) connection->stop();
  timer_.expires_after(grace);
  timer_.async_wait([this](error_code error) {
    if (!error) close_all();
  });
  if (connections_.empty()) timer_.cancel();
}

void HttpServer::Core::close_all() {
  const auto open = connections_;
  for (const auto& [id, connection] : open) connection->close();
}

void HttpServer::Core::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      accepted(std::move(socket));
      return accept();
    }
    timer_.expires_after(kAcceptPause);
    timer_.async_wait([this](error_code cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  });
}

void HttpServer::Core::accepted(tcp::socket socket) {
  const auto& limits = options_.limits;
  if (connections_.size() >= limits.connections + kRefusalsMax) return;
  const auto id = ++last_id_;
  const auto connection = make_http_connection(*this, id, std::move(socket));
  const bool full = connections_.size() >= limits.connections;
  connections_.emplace(id, connection);
  if (!full) return connection->start();
  connection->refuse(
      http_error(503, "UNAVAILABLE", fmt::format("{} connections are open, the most allowed: repeat later", limits.connections)));
}

void HttpServer::Core::remove(std::uint64_t id) {
  connections_.erase(id);
  if (stopping_ && connections_.empty()) timer_.cancel();
}

bool HttpServer::Core::take_body_bytes(std::size_t bytes) {
  if (bytes > options_.limits.bodies_bytes - body_bytes_) return false;
  body_bytes_ += bytes;
  return true;
}

void HttpServer::Core::deliver(std::uint64_t connection, std::uint64_t number, HttpResponse response) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  answers_.push_back({connection, number, std::move(response)});
  if (answers_.size() == 1) asio::post(context_, [this] { drain_answers(); });
}

void HttpServer::Core::drain_answers() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(mutex_);
    answers.swap(answers_);
  }
  for (auto& answer : answers) {
    const auto found = connections_.find(answer.connection);
    if (found == connections_.end()) continue;
    const auto connection = found->second;  // answering may remove it
    connection->answer(answer.number, std::move(answer.response));
  }
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, HttpHandlers handlers) {
  auto core = std::make_shared<Core>(std::move(options), std::move(handlers));
  if (auto listening = core->listen(); !listening) return fail(std::move(listening.error()));
  core->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::~HttpServer() { stop(milliseconds(0)); }

const Address& HttpServer::bound() const { return core_->bound(); }

void HttpServer::stop(milliseconds grace) { core_->stop(grace); }

}  // namespace meepo::net
