#include "adapters/http/exchange.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <utility>
#include <vector>

namespace meepo::adapters::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

class OverTcp final : public Exchange, public std::enable_shared_from_this<OverTcp> {
 public:
  OverTcp(asio::io_context& io, asio::ssl::context& tls, const HostRules& rules, Call call, const ExchangeLimits& limits,
          std::move_only_function<void(Result<Reply>)> done)
      : call_(std::move(call)), limits_(limits), rules_(rules), resolver_(io), stream_(io, tls), done_(std::move(done)) {}

  void start() {
    beast::get_lowest_layer(stream_).expires_after(limits_.connect);
    resolver_.async_resolve(call_.host, std::to_string(call_.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
                              if (error) {
                                self->broke("looking the host up", error);
                              } else {
                                self->connect(found);
                              }
                            });
    // The stream's own timer does not cover the lookup.
    timer_.expires_after(limits_.connect);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && !self->connected_) self->resolver_.cancel();
    });
  }

  void cancel() override {
    resolver_.cancel();
    timer_.cancel();
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
    finish(fail(Code::Unavailable, where() + "it was cancelled"));
  }

  void abandon() override { done_ = nullptr; }

 private:
  std::string where() const { return call_.method + " " + call_.host + ":" + std::to_string(call_.port) + ": "; }

  void connect(const tcp::resolver::results_type& found) {
    std::vector<tcp::endpoint> allowed;
    std::optional<Error> refused;
    for (const auto& entry : found) {
      auto checked = rules_.check(call_.host, call_.port, entry.endpoint().address());
      if (checked) {
        allowed.push_back(entry.endpoint());
      } else {
        refused = std::move(checked.error());
      }
    }
    if (allowed.empty()) {
      finish(refused ? fail(std::move(*refused)) : fail(Code::Unavailable, where() + "the host has no address"));
      return;
    }
    beast::get_lowest_layer(stream_).async_connect(allowed, [self = shared_from_this()](error_code error, const tcp::endpoint&) {
      if (error) {
        self->broke("connecting", error);
      } else if (self->call_.tls) {
        self->shake_hands();
      } else {
        self->send(self->stream_.next_layer());
      }
    });
  }

  void shake_hands() {
    error_code error;
    stream_.set_verify_mode(asio::ssl::verify_peer, error);
    stream_.set_verify_callback(asio::ssl::host_name_verification(call_.host), error);
    if (error || SSL_set_tlsext_host_name(stream_.native_handle(), call_.host.c_str()) != 1) {
      finish(fail(Code::Internal, where() + "TLS could not be set up"));
      return;
    }
    stream_.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](error_code failed) {
      if (failed) {
        self->broke("the TLS handshake", failed);
      } else {
        self->send(self->stream_);
      }
    });
  }

  template <class Stream>
  void send(Stream& stream) {
    connected_ = true;
    timer_.cancel();
    // From here on the run's own deadline counts: it cancels.
    beast::get_lowest_layer(stream_).expires_never();
    request_.version(11);
    request_.method_string(call_.method);
    request_.target(call_.path_and_query);
    const bool usual = call_.port == (call_.tls ? 443 : 80);
    const std::string host = call_.host.find(':') == std::string::npos ? call_.host : "[" + call_.host + "]";
    request_.set(bhttp::field::host, usual ? host : host + ":" + std::to_string(call_.port));
    for (const auto& [name, value] : call_.headers) request_.set(name, value);
    request_.set(bhttp::field::connection, "close");
    request_.body() = call_.body;
    request_.prepare_payload();
    parser_.header_limit(static_cast<std::uint32_t>(limits_.head_bytes));
    parser_.body_limit(limits_.body_bytes);
    if (call_.method == "HEAD") parser_.skip(true);
    bhttp::async_write(stream, request_, [self = shared_from_this(), &stream](error_code error, std::size_t) {
      if (error) {
        self->broke("sending", error);
      } else {
        self->read(stream);
      }
    });
  }

  template <class Stream>
  void read(Stream& stream) {
    bhttp::async_read(stream, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == bhttp::error::body_limit || error == bhttp::error::header_limit) {
        self->finish(fail(Code::Exhausted,
                          self->where() + "the reply is longer than " +
                              std::to_string(error == bhttp::error::body_limit ? self->limits_.body_bytes : self->limits_.head_bytes) +
                              " bytes"));
      } else if (error) {
        self->broke("reading the reply", error);
      } else {
        self->replied();
      }
    });
  }

  void replied() {
    auto& message = parser_.get();
    Reply reply{.status = message.result_int(),
                .content_type = message[bhttp::field::content_type],
                .location = message[bhttp::field::location],
                .outcome = message["Meepo-Outcome"],
                .body = std::move(message.body())};
    finish(std::move(reply));
  }

  void broke(const char* doing, const error_code& error) {
    const bool late = error == beast::error::timeout || (!connected_ && error == asio::error::operation_aborted);
    finish(fail(Code::Unavailable,
                where() + doing + ": " + (late ? "no answer within " + std::to_string(limits_.connect.count()) + " ms" : error.message())));
  }

  void finish(Result<Reply> result) {
    timer_.cancel();
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  const Call call_;
  const ExchangeLimits limits_;
  const HostRules& rules_;
  tcp::resolver resolver_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  asio::steady_timer timer_{resolver_.get_executor()};
  bool connected_ = false;
  bhttp::request<bhttp::string_body> request_;
  bhttp::response_parser<bhttp::string_body> parser_;
  beast::flat_buffer buffer_;
  std::move_only_function<void(Result<Reply>)> done_;
};

}  // namespace

std::shared_ptr<Exchange> start_exchange(asio::io_context& io, asio::ssl::context& tls, const HostRules& rules, Call call,
                                         const ExchangeLimits& limits, std::move_only_function<void(Result<Reply>)> done) {
  auto exchange = std::make_shared<OverTcp>(io, tls, rules, std::move(call), limits, std::move(done));
  asio::post(io, [exchange] { exchange->start(); });
  return exchange;
}

}  // namespace meepo::adapters::http
