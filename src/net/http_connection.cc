#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <optional>
#include <tuple>
#include <utility>

#include "net/http_core.h"

namespace meepo::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16UL << 10U;         // of one read
constexpr std::size_t kBufferSlackBytes = 64UL << 10U;  // above a head: the body's beginning, the next requests
constexpr std::size_t kDiscardBytesMax = 64UL << 20U;   // read and thrown away of a refused body, so that the refusal arrives
constexpr milliseconds kLinger{2'000};
constexpr milliseconds kLingerStopping{200};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

HttpResponse refusal(const error_code& error, const HttpLimits& limits) {
  if (error == http::error::body_limit) {
    return http_error(413, "EXHAUSTED", fmt::format("the request's body is too large: expected at most {} bytes", limits.body_bytes));
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return http_error(431, "EXHAUSTED", fmt::format("the request's head is too large: expected at most {} bytes", limits.header_bytes));
  }
  return http_error(
      400, "INVALID_ARGUMENT",
      fmt::format("what came is no request ({}): expected HTTP/1.1 without TLS; gRPC has a port of its own", error.message()));
}

/// One connection: wait → head → (100) → body → handler → answer → wait …, or → linger → close. Its handlers keep it alive.
class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer::Core& core, std::uint64_t id, tcp::socket socket)
      : core_(core),
        id_(id),
        stream_(std::move(socket)),
        timer_(stream_.get_executor()),
        buffer_(core.options().limits.header_bytes + kBufferSlackBytes) {
    error_code ignored;
    std::ignore = stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto remote = stream_.socket().remote_endpoint(ignored);
    if (!ignored) remote_ = Address{.host = remote.address().to_string(), .port = remote.port()}.text();
  }

  void start() override { wait_for_request(); }
  void answer(std::uint64_t number, HttpResponse response) override;
  void refuse(HttpResponse response) override;
  void stop() override;
  void close() override;

 private:
  const HttpLimits& limits() const { return core_.options().limits; }
  void wait_for_request();
  void read_head();
  void on_head(error_code error);
  std::optional<HttpResponse> check_head();
  HttpRequest make_request(Uri uri) const;
  void send_continue();
  void read_body();
  void handle();
  void write(HttpResponse response);
  void on_written(error_code error);
  void linger();
  void discard();
  void give_back();

  HttpServer::Core& core_;
  const std::uint64_t id_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;  // of the answer
  beast::flat_buffer buffer_;
  std::string remote_;
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::uint64_t number_ = 0;         // of the request being answered
  std::size_t body_bytes_ = 0;       // taken from the core
  std::size_t discarded_bytes_ = 0;
  bool awaiting_answer_ = false;
  bool writing_ = false;
  bool keep_alive_ = true;
};

/// What a handler holds to answer with.
class PendingAnswer {
 public:
  PendingAnswer(std::shared_ptr<HttpServer::Core> core, std::uint64_t connection, std::uint64_t number)
      : core_(std::move(core)), connection_(connection), number_(number) {}
  PendingAnswer(PendingAnswer&& other) noexcept = default;
  PendingAnswer& operator=(PendingAnswer&&) = delete;
  ~PendingAnswer() {
    if (core_) core_->deliver(connection_, number_, http_error(504, "UNKNOWN", "no answer was given: the outcome is not known"));
  }
  void operator()(HttpResponse response) {
    if (const auto core = std::exchange(core_, nullptr)) core->deliver(connection_, number_, std::move(response));
  }

 private:
  std::shared_ptr<HttpServer::Core> core_;
  std::uint64_t connection_;
  std::uint64_t number_;
};

void Connection::wait_for_request() {
  if (core_.stopping()) return linger();
  if (buffer_.size() > 0) return read_head();
  stream_.expires_after(limits().idle);
  stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (error) return self->close();
    self->buffer_.commit(bytes);
    self->read_head();
  });
}

void Connection::read_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits().header_bytes));
  parser_->body_limit(limits().body_bytes);
  stream_.expires_after(limits().head);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(error_code error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return close();
  if (error && error.category() != make_error_code(http::error::bad_method).category()) return close();
  if (error) return refuse(refusal(error, limits()));
  keep_alive_ = parser_->get().keep_alive();
  if (auto response = check_head()) {
    keep_alive_ = keep_alive_ && parser_->is_done();  // a body that is not read would be taken for the next request
    return write(*std::move(response));
  }
  const auto& head = parser_->get();
  const auto expect = head.find(http::field::expect);
  if (expect == head.end()) return read_body();
  if (!beast::iequals(expect->value(), "100-continue")) {
    return refuse(http_error(417, "INVALID_ARGUMENT", "the Expect header is not understood: expected 100-continue or none"));
  }
  if (buffer_.size() > 0 || parser_->is_done()) return read_body();  // the client did not wait
  send_continue();
}

/// Refuses by the head alone, or keeps the request and room for its body.
std::optional<HttpResponse> Connection::check_head() {
  const auto& head = parser_->get();
  if (head.count(http::field::host) != 1 && (head.version() >= 11 || head.count(http::field::host) > 1)) {
    keep_alive_ = false;
    return http_error(400, "INVALID_ARGUMENT", "expected exactly one Host header");
  }
  if (head.count(http::field::transfer_encoding) > 0 && !parser_->chunked()) {
    keep_alive_ = false;
    return http_error(400, "INVALID_ARGUMENT", "the Transfer-Encoding is not understood: expected chunked or none");
  }
  auto uri = parse_uri(head.target());
  if (!uri) return http_error(400, to_string(uri.error().code), uri.error().message);
  request_ = make_request(*std::move(uri));
  if (core_.handlers().head) {
    if (auto response = core_.handlers().head(request_)) return response;
  }
  const auto bytes = parser_->chunked() ? limits().body_bytes : parser_->content_length().value_or(0);
  if (!core_.take_body_bytes(bytes)) {
    return http_error(503, "UNAVAILABLE", "too many large requests at once: nothing was read, repeat later");
  }
  body_bytes_ = bytes;
  return std::nullopt;
}

HttpRequest Connection::make_request(Uri uri) const {
  const auto& head = parser_->get();
  HttpRequest request{.method = std::string(head.method_string()),
                      .path = std::move(uri.path),
                      .query = std::move(uri.query),
                      .headers = {},
                      .body = {},
                      .remote = remote_};
  for (const auto& field : head) {
    std::string name(field.name_string());
    for (auto& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  return request;
}

void Connection::send_continue() {
  stream_.expires_after(limits().write);
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->close();
    self->read_body();
  });
}

void Connection::read_body() {
  if (parser_->is_done()) return handle();
  stream_.expires_after(limits().body);
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (!error) return self->handle();
    if (error.category() == make_error_code(http::error::body_limit).category() && error != http::error::partial_message) {
      return self->refuse(refusal(error, self->limits()));
    }
    self->close();
  });
}

void Connection::handle() {
  if (core_.stopping()) return refuse(http_error(503, "UNAVAILABLE", "the server stops: nothing was done, repeat later"));
  request_.body = std::move(parser_->get().body());
  stream_.expires_never();
  awaiting_answer_ = true;
  const auto number = ++number_;
  timer_.expires_after(limits().answer);
  timer_.async_wait([self = shared_from_this(), number](error_code error) {
    if (!error) self->answer(number, http_error(504, "TIMEOUT", "no answer in time: the outcome is not known"));
  });
  core_.handlers().request(std::move(request_), PendingAnswer(core_.shared(), id_, number));
}

void Connection::answer(std::uint64_t number, HttpResponse response) {
  if (!awaiting_answer_ || number != number_) return;
  awaiting_answer_ = false;
  timer_.cancel();
  write(std::move(response));
}

void Connection::refuse(HttpResponse response) {
  keep_alive_ = false;
  write(std::move(response));
}

void Connection::write(HttpResponse response) {
  keep_alive_ = keep_alive_ && !core_.stopping();
  const bool head_only = parser_ && parser_->is_header_done() && parser_->get().method() == http::verb::head;
  response_ = {};
  response_.version(parser_ && parser_->is_header_done() ? parser_->get().version() : 11);
  response_.result(static_cast<unsigned>(response.status));
  response_.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) response_.set(name, value);
  response_.keep_alive(keep_alive_);
  response_.content_length(response.body.size());
  response_.body() = head_only ? std::string() : std::move(response.body);
  serializer_.emplace(response_);
  writing_ = true;
  stream_.expires_after(limits().write);
  const auto written = [self = shared_from_this()](error_code error, std::size_t) { self->on_written(error); };
  head_only ? http::async_write_header(stream_, *serializer_, written) : http::async_write(stream_, *serializer_, written);
}

void Connection::on_written(error_code error) {
  writing_ = false;
  give_back();
  if (error) return close();
  parser_.reset();
  keep_alive_ ? wait_for_request() : linger();
}

/// Says that nothing more comes, and reads on for a while: closing with unread bytes would reset the connection and lose the answer.
void Connection::linger() {
  error_code ignored;
  std::ignore = stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(core_.stopping() ? kLingerStopping : kLinger);
  discard();
}

void Connection::discard() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, std::size_t bytes) {
    self->discarded_bytes_ += bytes;
    if (error || self->discarded_bytes_ > kDiscardBytesMax) return self->close();
    self->discard();
  });
}

void Connection::stop() {
  if (!awaiting_answer_ && !writing_) close();
}

void Connection::give_back() { core_.give_body_bytes(std::exchange(body_bytes_, 0)); }

void Connection::close() {
  const auto self = shared_from_this();
  give_back();
  awaiting_answer_ = false;
  timer_.cancel();
  stream_.close();
  core_.remove(id_);
}

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(HttpServer::Core& core, std::uint64_t id, tcp::socket socket) {
  return std::make_shared<Connection>(core, id, std::move(socket));
}

}  // namespace meepo::net
