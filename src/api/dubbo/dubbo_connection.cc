#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <tuple>
#include <utility>

#include "api/dubbo/dubbo_core.h"
#include "base/log.h"

namespace meepo::api {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Reads of one connection before others have their turn.
constexpr int kReadsInARow = 8;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

DubboConnection::DubboConnection(DubboServer::Core& core, std::uint64_t id, tcp::socket socket)
    : core_(core),
      id_(id),
      socket_(std::move(socket)),
      session_(core.limits().session, DubboTaskService::check, steady_now()),
      timer_(core.context()) {}

void DubboConnection::start() {
  error_code error;
  std::ignore = socket_.set_option(tcp::no_delay(true), error);
  std::ignore = socket_.non_blocking(true, error);
  const auto peer = socket_.remote_endpoint(error);
  if (error) return close("it was gone before it was served");
  peer_ = peer.address();
  arm_timer();
  wait_for_octets();
}

void DubboConnection::wait_for_octets() {
  if (closed_ || reading_) return;
  if (!core_.may_read()) return core_.paused(id_);
  reading_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
    self->reading_ = false;
    if (self->closed_) return;
    if (error) return self->close(error.message());
    self->core_.may_read() ? self->read() : self->core_.paused(self->id_);
  });
}

void DubboConnection::read() {
  auto& buffer = core_.read_buffer();
  for (int i = 0; i < kReadsInARow && !closed_; ++i) {
    error_code error;
    const std::size_t octets = socket_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block) break;
    if (error) return close(error == asio::error::eof ? "the consumer closed it" : error.message());
    take({buffer.data(), octets});
    if (octets < buffer.size() || !core_.may_read()) break;
  }
  wait_for_octets();
}

void DubboConnection::take(std::string_view octets) {
  const std::size_t before = session_.held_bytes();
  auto calls = session_.receive(octets, steady_now());
  note_held_bytes();
  if (!calls.empty()) core_.serve(id_, std::move(calls), peer_, before + octets.size());
  flush();
}

void DubboConnection::answer(std::uint64_t ticket, const dubbo::Answer& answer) { session_.answer(ticket, answer); }

void DubboConnection::flush() {
  if (closed_ || writing_) return;
  out_ = session_.take_output(steady_now());
  note_held_bytes();
  if (out_.empty()) {
    if (session_.closed()) close(*session_.closed());
    return;
  }
  writing_ = true;
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](error_code error, std::size_t) {
    self->writing_ = false;
    self->out_ = {};
    if (self->closed_) return;
    if (error) return self->close(error.message());
    self->flush();
    self->core_.written(*self);
  });
}

void DubboConnection::resume() { wait_for_octets(); }

void DubboConnection::stop(SteadyTime close_at) {
  session_.stop(close_at);
  arm_timer();
  flush();
}

/// The timer stands at a deadline that was true once; it looks again when it rings.
void DubboConnection::arm_timer() {
  timer_.expires_at(session_.deadline());
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->closed_) return;
    self->session_.tick(steady_now());
    if (self->session_.closed()) return self->close(*self->session_.closed());
    self->arm_timer();
  });
}

void DubboConnection::note_held_bytes() {
  const std::size_t now = session_.held_bytes() + out_.size();
  const std::size_t before = std::exchange(held_bytes_, now);
  if (before != now) core_.held_bytes_changed(before, now);
}

void DubboConnection::close(std::string_view reason) {
  if (std::exchange(closed_, true)) return;
  log::debug("dubbo_connection_closed", {{"peer", peer_.to_string()}, {"reason", std::string(reason)}});
  session_.close(reason);
  timer_.cancel();
  error_code ignored;
  std::ignore = socket_.shutdown(tcp::socket::shutdown_both, ignored);
  std::ignore = socket_.close(ignored);
  core_.remove(id_, held_bytes_);  // the last reference may go with the caller's
}

}  // namespace meepo::api
