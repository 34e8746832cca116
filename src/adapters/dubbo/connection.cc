#include "adapters/dubbo/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "protocol/dubbo/event.h"
#include "protocol/dubbo/frame.h"

namespace meepo::adapters::dubbo {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using meepo::dubbo::CallEnd;
using meepo::dubbo::CallFailure;

namespace {

/// Reads before other connections have their turn.
constexpr int kReadsInARow = 8;
/// Sessions count theirs from 1; the answer to an event is not looked up.
constexpr std::uint64_t kFirstHeartbeat = 0;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

Connection::Outcome not_sent(Code code, std::string message) {
  return std::unexpected(
      CallFailure{.error = {.code = code, .message = std::move(message), .field = {}, .cause = {}}, .sent = false, .status = {}});
}

}  // namespace

Turn::Turn(Io& io) : io_(io), outermost_(!std::exchange(io.in_turn, true)) {}

Turn::~Turn() {
  if (!outermost_) return;
  io_.in_turn = false;
  for (const auto& connection : std::exchange(io_.to_write, {})) {
    connection->will_flush_ = false;
    connection->flush();
  }
}

Connection::Connection(Io& io, ports::Random& random, Address address, bool kept, std::function<void()> changed)
    : io_(io),
      random_(random),
      address_(std::move(address)),
      kept_(kept),
      changed_(std::move(changed)),
      resolver_(io.context),
      socket_(io.context),
      timer_(io.context),
      connect_timer_(io.context) {}

void Connection::start() {
  if (kept_) connect();
}

bool Connection::usable() const {
  if (state_ == State::Open) return !session_->is_stopping();
  if (failures_ > 0) return false;
  return state_ == State::Connecting || steady_now() >= retry_at_;
}

SteadyTime Connection::usable_at() const { return state_ == State::Idle && failures_ == 0 ? retry_at_ : SteadyTime::max(); }

std::string Connection::problem() const {
  return problem_.empty() && session_ && session_->is_stopping() ? "the provider stops" : problem_;
}

// ---- calls --------------------------------------------------------------------------------------------------------------------

Connection::CallId Connection::call(std::string body, SteadyTime deadline, Done done) {
  const CallId id = ++last_call_;
  auto& call =
      calls_.emplace(id, Call{.body = std::move(body), .deadline = deadline, .sent_as = {}, .done = std::move(done)}).first->second;
  if (state_ == State::Open) {
    send(id, call);
    return id;
  }
  if (waiting_bytes_ + call.body.size() > kWaitingBytesMax) {
    asio::post(io_.context, [self = shared_from_this(), id] {
      self->finish(id, not_sent(Code::Exhausted, "too many requests wait for the connection"));
    });
    call.body.clear();
    return id;
  }
  waiting_bytes_ += call.body.size();
  if (state_ == State::Idle) connect();
  return id;
}

void Connection::send(CallId id, Call& call) {
  auto number = session_->call(std::exchange(call.body, {}), call.deadline);
  if (number) {
    call.sent_as = *number;
    sent_.emplace(*number, id);
  } else {
    asio::post(io_.context, [self = shared_from_this(), id, error = std::move(number.error())] {
      self->finish(id, not_sent(error.code, error.message));
    });
  }
  flush_at_end_of_turn();
}

bool Connection::forget(CallId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return false;
  waiting_bytes_ -= found->second.body.size();
  const auto number = found->second.sent_as;
  if (number && session_) {
    session_->forget(*number);
    sent_.erase(*number);
  }
  calls_.erase(found);
  close_if_done();
  return number.has_value();
}

void Connection::finish(CallId id, Outcome outcome) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  waiting_bytes_ -= found->second.body.size();
  if (found->second.sent_as) sent_.erase(*found->second.sent_as);
  auto done = std::move(found->second.done);
  calls_.erase(found);
  done(std::move(outcome));
}

void Connection::end(std::vector<CallEnd> ends) {
  for (auto& each : ends) {
    if (const auto sent = sent_.find(each.call); sent != sent_.end()) finish(sent->second, std::move(each.outcome));
  }
  close_if_done();
}

// ---- the connection -----------------------------------------------------------------------------------------------------------

void Connection::connect() {
  if (abandoned_) return;
  state_ = State::Connecting;
  const auto generation = ++generation_;
  connect_timer_.expires_after(kConnectWait);
  connect_timer_.async_wait([self = shared_from_this(), generation](error_code error) {
    if (error || self->generation_ != generation || self->state_ == State::Open) return;
    self->lost(self->state_ == State::Proving ? "the provider accepts connections, but does not answer" : "connecting: timed out");
  });
  resolver_.async_resolve(address_.host, std::to_string(address_.port), tcp::resolver::numeric_service,
                          [self = shared_from_this(), generation](error_code error, const tcp::resolver::results_type& found) {
                            if (self->generation_ != generation) return;
                            if (error) return self->connected(error, "looking the host up");
                            asio::async_connect(self->socket_, found, [self, generation](error_code failed, const tcp::endpoint&) {
                              if (self->generation_ == generation) self->connected(failed, "connecting");
                            });
                          });
}

void Connection::connected(const error_code& error, const char* doing) {
  if (error) return lost(std::string(doing) + ": " + error.message());
  error_code ignored;
  std::ignore = socket_.set_option(tcp::no_delay(true), ignored);
  std::ignore = socket_.non_blocking(true, ignored);
  proven_ = false;
  session_.emplace(io_.session, steady_now());
  arm_timer();
  wait_for_octets();
  if (failures_ > 0) return prove();
  open();
}

/// Any octet that the session takes will do; connect_timer_ goes on.
void Connection::prove() {
  state_ = State::Proving;
  std::string heartbeat;
  meepo::dubbo::append_frame(heartbeat, {.request = true, .two_way = true, .event = true, .id = kFirstHeartbeat},
                             meepo::dubbo::kHeartbeatBody);
  write(std::move(heartbeat));
}

void Connection::open() {
  connect_timer_.cancel();
  state_ = State::Open;
  problem_.clear();
  waiting_bytes_ = 0;
  for (auto& [id, call] : calls_) {
    if (!call.body.empty()) send(id, call);  // else it was refused, and its end is on the way
  }
  changed_();
  close_if_done();
}

/// Every call ends, with what is known of it; the next try waits.
void Connection::lost(const std::string& reason) {
  ++generation_;
  const bool stopping = session_ && session_->is_stopping();
  state_ = State::Idle;
  problem_ = reason;
  const auto most = std::min<milliseconds>(kReconnectLeast * (std::int64_t{1} << std::min(failures_, 10)), kReconnectMost);
  // Half of it is drawn, so that executors that lost one provider together do not come back together.
  const auto drawn = milliseconds(static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(most.count() / 2 + 1)));
  if (!proven_ || stopping) ++failures_;
  proven_ = false;
  retry_at_ = steady_now() + (stopping ? kStoppingPause : most / 2) + drawn;
  resolver_.cancel();
  connect_timer_.cancel();
  timer_.cancel();
  armed_at_ = SteadyTime::max();
  error_code ignored;
  std::ignore = socket_.close(ignored);
  socket_ = tcp::socket(io_.context);
  writing_ = false;
  std::vector<CallId> waiting;
  for (const auto& [id, call] : calls_) {
    if (!call.sent_as) waiting.push_back(id);
  }
  const auto unreached = not_sent(Code::Unavailable, reason);
  auto ends = session_ ? session_->close(reason) : std::vector<CallEnd>();
  session_.reset();  // the reason may be its own text, and is gone with it
  end(std::move(ends));
  for (const auto id : waiting) finish(id, unreached);
  changed_();
  if ((!kept_ && failures_ == 0) || retired_ || abandoned_ || state_ != State::Idle) return;
  connect_timer_.expires_at(retry_at_);
  connect_timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->state_ == State::Idle && !self->retired_) self->connect();
  });
}

void Connection::wait_for_octets() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this(), generation = generation_](error_code error) {
    if (self->generation_ != generation) return;
    if (error) return self->lost(error.message());
    self->read();
  });
}

void Connection::read() {
  const Turn turn(io_);
  const auto generation = generation_;
  for (int i = 0; i < kReadsInARow && generation_ == generation; ++i) {
    error_code error;
    const std::size_t octets = socket_.read_some(asio::buffer(io_.read_buffer), error);
    if (error == asio::error::would_block) break;
    if (error) return lost(error == asio::error::eof ? "the provider closed it" : error.message());
    const bool stopped = session_->is_stopping();
    end(session_->receive({io_.read_buffer.data(), octets}, steady_now()));
    if (generation_ != generation) return;
    if (session_->closed()) return lost(*session_->closed());
    if (!std::exchange(proven_, true)) failures_ = 0;
    if (state_ == State::Proving) open();
    if (generation_ != generation) return;
    if (!stopped && session_->is_stopping()) changed_();
    flush_at_end_of_turn();
    if (octets < io_.read_buffer.size()) break;
  }
  close_if_done();
  if (generation_ == generation) wait_for_octets();
}

/// Outside of a turn, what is called now still goes out in one write.
void Connection::flush_at_end_of_turn() {
  if (std::exchange(will_flush_, true)) return;
  if (!io_.in_turn && io_.to_write.empty()) asio::post(io_.context, [&io = io_] { const Turn turn(io); });
  io_.to_write.push_back(shared_from_this());
}

void Connection::flush() {
  if (!session_ || writing_) return;
  auto out = session_->take_output(steady_now());
  arm_timer();
  if (!out.empty()) write(std::move(out));
}

/// Mostly the socket takes all of it at once; the rest, and whatever is wrong, comes later.
void Connection::write(std::string octets) {
  error_code error;
  const auto written = socket_.write_some(asio::buffer(octets), error);
  if (!error && written == octets.size()) return;
  writing_ = true;
  // The octets go with the handler: a lost connection may be followed by another before it runs.
  auto out = std::make_shared<const std::string>(std::move(octets));
  asio::async_write(socket_, asio::buffer(*out) + written,
                    [self = shared_from_this(), out, generation = generation_](error_code failed, std::size_t) {
                      if (self->generation_ != generation) return;
                      self->writing_ = false;
                      if (failed) return self->lost(failed.message());
                      self->flush();
                    });
}

/// Only for an earlier deadline: at a later one the timer looks again when it rings.
void Connection::arm_timer() {
  if (session_->deadline() >= armed_at_) return;
  armed_at_ = session_->deadline();
  timer_.expires_at(armed_at_);
  timer_.async_wait([self = shared_from_this(), generation = generation_](error_code error) {
    if (error || self->generation_ != generation) return;
    self->armed_at_ = SteadyTime::max();
    self->look_at_time();
  });
}

void Connection::look_at_time() {
  const auto generation = generation_;
  end(session_->tick(steady_now()));
  if (generation_ != generation) return;
  if (session_->closed()) return lost(*session_->closed());
  arm_timer();
  flush();
}

// ---- its end ------------------------------------------------------------------------------------------------------------------

void Connection::close_if_done() {
  if (state_ == State::Idle || !calls_.empty()) return;
  if (retired_ || (session_ && session_->is_stopping())) lost(retired_ ? "it is not needed any more" : "the provider stops");
}

void Connection::retire() {
  retired_ = true;
  if (session_) session_->stop();
  if (state_ == State::Idle) connect_timer_.cancel();
  close_if_done();
}

void Connection::abandon() {
  abandoned_ = true;
  ++generation_;
  calls_.clear();
  sent_.clear();
  changed_ = [] {};
  resolver_.cancel();
  timer_.cancel();
  connect_timer_.cancel();
  error_code ignored;
  std::ignore = socket_.close(ignored);
}

}  // namespace meepo::adapters::dubbo
