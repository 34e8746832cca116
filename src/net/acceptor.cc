#include "net/acceptor.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <thread>
#include <utility>

#include "net/listen.h"

namespace meepo::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class Acceptor::Impl {
 public:
  Result<void> bind(const Options& options) {
    auto listening = listen(acceptor_, options.address, options.protocol, options.flag);
    if (!listening) return fail(std::move(listening.error()));
    bound_ = *std::move(listening);
    return {};
  }

  void start(Accepted accepted) {
    accepted_ = std::move(accepted);
    accept();
    thread_ = std::jthread([this] { context_.run(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] {
      stopping_ = true;
      error_code ignored;
      acceptor_.close(ignored);  // NOLINT(bugprone-unused-return-value): the answer repeats `ignored`
      timer_.cancel();
    });
    thread_.join();
  }

  const Address& bound() const { return bound_; }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (stopping_) return;
      if (!error) {
        hand_over(std::move(socket));
        return accept();
      }
      timer_.expires_after(kAcceptPause);
      timer_.async_wait([this](error_code cancelled) {
        if (!cancelled && !stopping_) accept();
      });
    });
  }

  void hand_over(tcp::socket socket) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);  // NOLINT(bugprone-unused-return-value): the answer repeats `error`
    if (!error) socket.native_non_blocking(true, error);  // NOLINT(bugprone-unused-return-value)
    const int descriptor = error ? -1 : socket.release(error);
    if (!error) accepted_(descriptor);  // else the socket closes itself: the other side is gone
  }

  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
  asio::steady_timer timer_{context_};
  Address bound_;
  Accepted accepted_;
  bool stopping_ = false;
  std::jthread thread_;
};

Result<std::unique_ptr<Acceptor>> Acceptor::bind(const Options& options) {
  auto impl = std::make_unique<Impl>();
  if (auto bound = impl->bind(options); !bound) return fail(std::move(bound.error()));
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(impl)));
}

Acceptor::Acceptor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Acceptor::~Acceptor() { stop(); }
const Address& Acceptor::bound() const { return impl_->bound(); }
void Acceptor::start(Accepted accepted) { impl_->start(std::move(accepted)); }
void Acceptor::stop() { impl_->stop(); }

}  // namespace meepo::net
