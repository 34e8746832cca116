#include "net/acceptor.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace meepo::net {
namespace {

using boost::asio::ip::tcp;

/// Descriptors that an acceptor handed over; closed at the end.
class Accepted {
 public:
  ~Accepted() {
    for (const int descriptor : descriptors_) close(descriptor);
  }
  void add(int descriptor) {
    const std::scoped_lock lock(mutex_);
    descriptors_.push_back(descriptor);
    changed_.notify_all();
  }
  /// The n-th, from 0; -1 if it did not come in time.
  int wait(std::size_t n) {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, std::chrono::seconds(10), [&] { return descriptors_.size() > n; });
    return there ? descriptors_[n] : -1;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<int> descriptors_;
};

Acceptor::Options any_port() { return {.address = {.host = "127.0.0.1", .port = 0}, .protocol = "gRPC", .flag = "--grpc"}; }

TEST(Acceptor, HandsConnectionsOverUntilItIsStopped) {
  Accepted accepted;
  const auto acceptor = Acceptor::bind(any_port()).value();
  acceptor->start([&](int descriptor) { accepted.add(descriptor); });
  boost::asio::io_context context;
  tcp::socket client(context);
  const tcp::endpoint there(boost::asio::ip::address_v4::loopback(), acceptor->bound().port);
  client.connect(there);
  const int descriptor = accepted.wait(0);
  ASSERT_GE(descriptor, 0);
  EXPECT_NE(fcntl(descriptor, F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(write(descriptor, "hello", 5), 5);
  std::array<char, 5> said{};
  client.receive(boost::asio::buffer(said));
  EXPECT_EQ(std::string(said.data(), 5), "hello");
  acceptor->stop();
  acceptor->stop();
  boost::system::error_code refused;
  tcp::socket(context).connect(there, refused);
  EXPECT_TRUE(refused) << "nobody listens there any more";
}

TEST(Acceptor, ATakenPortIsToldWithTheFlag) {
  const auto acceptor = Acceptor::bind(any_port()).value();
  auto options = any_port();
  options.address.port = acceptor->bound().port;
  const auto second = Acceptor::bind(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Unavailable);
  for (const char* part : {"gRPC", "--grpc", "127.0.0.1:"}) EXPECT_NE(second.error().message.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace meepo::net
