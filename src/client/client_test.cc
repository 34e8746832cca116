#include "client/client.h"

#include <gtest/gtest.h>

#include "client/channel.h"
#include "client/fake_server.h"

namespace meepo::client {
namespace {

TEST(CheckAddress, CheckAddress_TakesHostAndPortOnly) {
  for (const char* good : {"127.0.0.1:7789", "localhost:1", "[::1]:65535", "node-1.example.com:443"}) {
    EXPECT_TRUE(check_address(good).has_value()) << good;
  }
  for (const char* bad : {"", "localhost", ":7789", "localhost:", "localhost:0", "localhost:65536", "localhost:7x", "::1:7789", "a:b:1"}) {
    const auto checked = check_address(bad);
    ASSERT_FALSE(checked.has_value()) << bad;
    EXPECT_EQ(checked.error().field, "server");
    EXPECT_NE(checked.error().message.find("HOST:PORT"), std::string::npos);
  }
}

TEST(Client, Connect_RefusesWhatIsNoAddress) {
  EXPECT_EQ(Client::connect({.address = "nowhere", .token = {}, .writer = {}}).error().code, Code::InvalidArgument);
}

TEST(Client, Get_KeepsCodeMessageAndFieldOfTheServersError) {
  FakeServer server([](int, FakeServer::Stream&) { return grpc::Status::OK; });
  auto client = Client::connect({.address = server.address(), .token = "secret", .writer = {}}).value();
  v1::GetTaskRequest request;
  request.set_id("some");
  EXPECT_EQ(client->get(request).value().id(), "some");
  EXPECT_EQ(server.authorization(), "Bearer secret");
  request.set_id("none");
  const auto missing = client->get(request);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error(), (Error{.code = Code::NotFound, .message = "get: no task \"none\"", .field = "id", .cause = {}}));
}

TEST(Client, Get_AnswersUnavailableWhenNobodyListens) {
  std::string address;
  {
    FakeServer gone([](int, FakeServer::Stream&) { return grpc::Status::OK; });
    address = gone.address();
  }
  auto client = Client::connect({.address = address, .token = {}, .writer = {}}).value();
  EXPECT_EQ(client->get({}).error().code, Code::Unavailable);
}

TEST(Client, Pause_OfAServerWithoutItIsAnError) {
  FakeServer server([](int, FakeServer::Stream&) { return grpc::Status::OK; });
  auto client = Client::connect({.address = server.address(), .token = {}, .writer = {}}).value();
  EXPECT_FALSE(client->pause({}).has_value());
}

}  // namespace
}  // namespace meepo::client
