#include "api/dubbo/dubbo_server.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "api/dubbo/dubbo_core.h"
#include "base/log.h"
#include "net/acceptor.h"
#include "net/listen.h"

namespace meepo::api {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Result<void> DubboServer::Core::listen() {
  auto bound = net::listen(acceptor_, options_.address, "Dubbo", "--dubbo");
  if (!bound) return fail(std::move(bound.error()));
  bound_ = *std::move(bound);
  return {};
}

void DubboServer::Core::run(DubboTaskService& service) {
  service_ = &service;
  accept();
  thread_ = std::jthread([this] { context_.run(); });
}

void DubboServer::Core::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      accepted(std::move(socket));
      return accept();
    }
    timer_.expires_after(net::kAcceptPause);
    timer_.async_wait([this](error_code cancelled) {
      if (!cancelled && !stopping_) accept();
    });
  });
}

void DubboServer::Core::accepted(tcp::socket socket) {
  if (connections_.size() >= options_.limits.connections) return;  // closed with the socket
  const auto id = ++last_id_;
  const auto connection = std::make_shared<DubboConnection>(*this, id, std::move(socket));
  connections_.emplace(id, connection);
  connection->start();
}

void DubboServer::Core::serve(std::uint64_t connection, std::vector<dubbo::ServedCall> calls, const asio::ip::address& peer,
                              std::size_t octets) {
  struct Open {
    std::uint64_t ticket = 0;
    std::size_t octets = 0;
  };
  std::vector<Open> open;
  open.reserve(calls.size());
  for (const auto& call : calls) {
    // The first of those that came together stands for their octets.
    open.push_back({.ticket = call.ticket, .octets = DubboTaskService::answer_bytes(call.request) + (open.empty() ? octets : 0)});
    served_bytes_ += open.back().octets;
  }
  const auto answered = [weak = weak_from_this(), connection, open = std::move(open)](std::size_t index, DubboTaskService::MakeReply make) {
    const auto self = weak.lock();
    if (!self) return;
    self->deliver({.connection = connection, .ticket = open[index].ticket, .octets = open[index].octets, .make_reply = std::move(make)});
  };
  service_->serve(calls, peer, DubboTaskService::Answered(answered));
}

void DubboServer::Core::deliver(Delivery delivery) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  deliveries_.push_back(std::move(delivery));
  if (deliveries_.size() == 1) asio::post(context_, [self = shared_from_this()] { self->drain_deliveries(); });
}

void DubboServer::Core::drain_deliveries() {
  std::vector<Delivery> deliveries;
  {
    const std::scoped_lock lock(mutex_);
    deliveries.swap(deliveries_);
  }
  std::vector<std::shared_ptr<DubboConnection>> answered;
  for (auto& delivery : deliveries) {
    served_bytes_ -= delivery.octets;
    const auto found = connections_.find(delivery.connection);
    if (found == connections_.end()) continue;
    found->second->answer(delivery.ticket, std::exchange(delivery.make_reply, nullptr)().answer);
    if (answered.empty() || answered.back() != found->second) answered.push_back(found->second);
  }
  for (const auto& connection : answered) connection->flush();
  if (may_read()) {
    for (const auto id : std::exchange(paused_, {})) {
      if (const auto found = connections_.find(id); found != connections_.end()) found->second->resume();
    }
  }
  if (read_only_over_) close_idle();
}

void DubboServer::Core::written(DubboConnection& connection) {
  if (read_only_over_ && connection.idle()) connection.close("the provider stops");
}

void DubboServer::Core::held_bytes_changed(std::size_t before, std::size_t now) {
  held_bytes_ += now;
  held_bytes_ -= before;
  if (held_bytes_ <= options_.limits.held_bytes) return;
  const auto largest = std::ranges::max_element(connections_, {}, [](const auto& entry) { return entry.second->held_bytes(); });
  log::warn("dubbo_connections_hold_too_much",
            {{"octets", std::to_string(held_bytes_)}, {"most", std::to_string(largest->second->held_bytes())}});
  // Later: the connection at hand may be the one.
  asio::post(context_, [connection = largest->second] { connection->close("the server holds too many octets of unfinished requests"); });
}

void DubboServer::Core::remove(std::uint64_t connection, std::size_t held_bytes) {
  held_bytes_ -= held_bytes;
  connections_.erase(connection);
  paused_.erase(connection);
  if (stopping_ && connections_.empty()) stop_timer_.cancel();
}

void DubboServer::Core::stop(milliseconds grace) {
  if (thread_.joinable()) {
    asio::post(context_, [this, grace] { begin_stop(grace); });
    thread_.join();
  }
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  deliveries_.clear();
}

void DubboServer::Core::begin_stop(milliseconds grace) {
  stopping_ = true;
  error_code ignored;
  std::ignore = acceptor_.close(ignored);
  timer_.cancel();
  work_.reset();
  const auto open = connections_;  // stop() may remove
  const auto close_at = std::chrono::steady_clock::now() + grace;
  for (const auto& [id, connection] : open) connection->stop(close_at);
  if (connections_.empty()) return;
  stop_timer_.expires_after(std::min(grace, kReadOnlyWait));
  stop_timer_.async_wait([this, close_at](error_code error) {
    if (error) return;
    read_only_over_ = true;
    close_idle();
    stop_timer_.expires_at(close_at);
    stop_timer_.async_wait([this](error_code cancelled) {
      if (!cancelled) close_all();
    });
    if (connections_.empty()) stop_timer_.cancel();
  });
}

void DubboServer::Core::close_idle() {
  const auto open = connections_;
  for (const auto& [id, connection] : open) {
    if (connection->idle()) connection->close("the provider stops");
  }
}

void DubboServer::Core::close_all() {
  const auto open = connections_;
  for (const auto& [id, connection] : open) connection->close("the provider stops");
}

DubboServer::DubboServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Result<std::unique_ptr<DubboServer>> DubboServer::bind(Options options) {
  auto core = std::make_shared<Core>(std::move(options));
  if (auto listening = core->listen(); !listening) return fail(std::move(listening.error()));
  return std::unique_ptr<DubboServer>(new DubboServer(std::move(core)));
}

DubboServer::~DubboServer() { stop(milliseconds(0)); }

const net::Address& DubboServer::bound() const { return core_->bound(); }
void DubboServer::start(DubboTaskService& service) { core_->run(service); }
void DubboServer::stop(milliseconds grace) { core_->stop(grace); }

}  // namespace meepo::api
