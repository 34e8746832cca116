#include "adapters/dubbo/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "adapters/local/system_random.h"
#include "protocol/dubbo/event.h"
#include "protocol/dubbo/frame.h"

namespace meepo::adapters::dubbo {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using meepo::dubbo::kHeaderBytes;

constexpr std::chrono::seconds kPatience{20};

/// A connection and the provider's side of it, in one thread.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { acceptor_.non_blocking(true); }
  ~ConnectionTest() override {
    connection_->abandon();
    io_.context.restart();
    io_.context.poll();
  }

  /// Runs the connection until `done`.
  template <typename Done>
  void run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      io_.context.restart();
      io_.context.run_one_for(std::chrono::milliseconds(10));
    }
  }
  tcp::socket accept() {
    tcp::socket peer(provider_);
    run_until([&] {
      boost::system::error_code error;
      acceptor_.accept(peer, error);
      return !error;
    });
    return peer;
  }
  std::string read(tcp::socket& peer, std::size_t octets) {
    std::string read(octets, '\0');
    run_until([&] { return peer.available() >= octets; });
    if (peer.available() >= octets) asio::read(peer, asio::buffer(read));
    return read;
  }

  Io io_;
  asio::io_context provider_;
  tcp::acceptor acceptor_{provider_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  local::SystemRandom random_;
  std::shared_ptr<Connection> connection_ =
      std::make_shared<Connection>(io_, random_, Address{.host = "127.0.0.1", .port = acceptor_.local_endpoint().port()}, true, [] {});
};

TEST_F(ConnectionTest, ACallThatWasRefusedIsNotWritten_WhenTheConnectionOpensInTheSameTurn) {
  connection_->start();
  accept().close();
  auto peer = accept();
  EXPECT_TRUE(read(peer, kHeaderBytes + meepo::dubbo::kHeartbeatBody.size()).ends_with(meepo::dubbo::kHeartbeatBody));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  connection_->call("it waits", deadline, [](const Connection::Outcome&) {});

  // Both sockets are ready in one turn of the loop, this one first.
  asio::local::stream_protocol::socket mine(io_.context);
  asio::local::stream_protocol::socket other(io_.context);
  asio::local::connect_pair(mine, other);
  std::optional<Connection::Outcome> refused;
  mine.async_wait(asio::socket_base::wait_read, [&](boost::system::error_code) {
    connection_->call(std::string(kWaitingBytesMax, 'x'), deadline, [&](Connection::Outcome outcome) { refused = std::move(outcome); });
  });
  io_.context.restart();
  io_.context.poll();
  asio::write(other, asio::buffer("x", 1));
  std::string answer;
  meepo::dubbo::append_frame(answer, {.event = true, .status = static_cast<std::uint8_t>(meepo::dubbo::Status::Ok), .id = 0},
                             meepo::dubbo::kHeartbeatBody);
  asio::write(peer, asio::buffer(answer));

  run_until([&] { return refused.has_value(); });
  ASSERT_FALSE(*refused);
  EXPECT_FALSE(refused->error().sent);
  EXPECT_EQ(refused->error().error.code, Code::Exhausted);
  EXPECT_TRUE(read(peer, kHeaderBytes + 8).ends_with("it waits"));
  EXPECT_EQ(peer.available(), 0U);
}

TEST_F(ConnectionTest, ACallThatWaitsEnds_WhenWhatAnswersIsNoDubbo) {
  connection_->start();
  accept().close();
  auto peer = accept();
  std::optional<Connection::Outcome> outcome;
  connection_->call("it waits", std::chrono::steady_clock::now() + kPatience,
                    [&](Connection::Outcome ended) { outcome = std::move(ended); });
  asio::write(peer, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")));

  run_until([&] { return outcome.has_value(); });
  ASSERT_FALSE(*outcome);
  EXPECT_FALSE(outcome->error().sent);
  EXPECT_EQ(outcome->error().error.code, Code::Unavailable);
  EXPECT_EQ(outcome->error().error.message, connection_->problem());
  EXPECT_FALSE(connection_->usable());
}

}  // namespace
}  // namespace meepo::adapters::dubbo
