#include "net/http_server.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "net/http_test_client.h"

namespace meepo::net {
namespace {

using test::RawClient;
using test::request_text;

/// Answers each request with "<method> <path> <body size>"; those to /hold wait until release().
class Echo {
 public:
  explicit Echo(HttpLimits limits = {}, std::optional<int> refuse_head = {}) {
    HttpHandlers handlers{.head = {},
                          .request = [this](HttpRequest request, Respond respond) { handle(std::move(request), std::move(respond)); }};
    if (refuse_head) {
      handlers.head = [status = *refuse_head](const HttpRequest&) { return std::optional(http_error(status, "FORBIDDEN", "not you")); };
    }
    auto started = HttpServer::start({.address = {.host = "127.0.0.1", .port = 0}, .limits = limits}, std::move(handlers));
    if (!started) ADD_FAILURE() << started.error().message;
    server = *std::move(started);
  }

  const Address& address() const { return server->bound(); }
  void wait_until_held() { held_.get_future().wait(); }
  void release() {
    const std::lock_guard lock(mutex_);
    answer(held_request_, *hold_);
    hold_.reset();
  }
  void drop() {
    const std::lock_guard lock(mutex_);
    hold_.reset();
  }

  std::unique_ptr<HttpServer> server;

 private:
  void handle(HttpRequest request, Respond respond) {
    if (request.path != "/hold") return answer(request, respond);
    const std::lock_guard lock(mutex_);
    held_request_ = std::move(request);
    hold_.emplace(std::move(respond));
    held_.set_value();
  }
  static void answer(const HttpRequest& request, Respond& respond) {
    respond({.status = 200,
             .content_type = "text/plain",
             .body = request.method + " " + request.path + " " + std::to_string(request.body.size()),
             .headers = {{"X-Remote", request.remote}}});
  }

  std::mutex mutex_;
  std::promise<void> held_;
  HttpRequest held_request_;
  std::optional<Respond> hold_;
};

TEST(HttpServer, AnswersOnOneConnectionAgainAndAgain) {
  Echo echo;
  RawClient client(echo.address());
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.ask(request_text("POST", "/a%20b?x=1", "12345"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /a b 5");
    EXPECT_TRUE(reply.has("Content-Type: text/plain\r\n"));
    EXPECT_TRUE(reply.has("X-Remote: 127.0.0.1:"));
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  Echo echo;
  RawClient client(echo.address());
  client.send(request_text("GET", "/hold") + request_text("POST", "/second", "ab") + request_text("GET", "/third"));
  echo.wait_until_held();
  echo.release();
  EXPECT_EQ(client.read().body, "GET /hold 0");
  EXPECT_EQ(client.read().body, "POST /second 2");
  EXPECT_EQ(client.read().body, "GET /third 0");
}

TEST(HttpServer, HeadHasTheLengthAndNoBody) {
  Echo echo;
  RawClient client(echo.address());
  client.send(request_text("HEAD", "/x"));
  const auto reply = client.read(true);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Content-Length: 9\r\n"));
  EXPECT_EQ(client.ask(request_text("GET", "/y")).body, "GET /y 0");
}

TEST(HttpServer, ReadsChunkedBodies) {
  Echo echo;
  RawClient client(echo.address());
  EXPECT_EQ(client.ask("POST /c HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").body,
            "POST /c 5");
}

TEST(HttpServer, ClosesAfterHttp10) {
  Echo echo;
  RawClient client(echo.address());
  EXPECT_EQ(client.ask("GET /old HTTP/1.0\r\n\r\n").body, "GET /old 0");
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, SaysContinueToAClientThatWaits) {
  Echo echo;
  RawClient client(echo.address());
  const auto head = "POST /e HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(client.ask(head).status, 100);
  EXPECT_EQ(client.ask("abc").body, "POST /e 3");
}

TEST(HttpServer, WhatCannotBeReadIsRefusedAndTheConnectionClosed) {
  struct Case {
    std::string bytes;
    int status;
    const char* message;
  };
  const auto too_long = std::to_string(limits::kHttpBodyBytesMax + 1);
  const Case cases[] = {
      {"\x16\x03\x01\x02\x01 not http\r\n\r\n", 400, "HTTP/1.1"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/1.1"},
      {"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "HTTP/1.1"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "HTTP/1.1"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, "HTTP/1.1"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "Transfer-Encoding"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "HTTP/1.1"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: magic\r\n\r\n", 417, "100-continue"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + too_long + "\r\n\r\n", 413, "33554432 bytes"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(limits::kHttpHeaderBytesMax, 'x') + "\r\n\r\n", 431, "32768 bytes"},
  };
  Echo echo;
  for (const auto& [bytes, status, message] : cases) {
    RawClient client(echo.address());
    const auto reply = client.ask(bytes);
    EXPECT_EQ(reply.status, status) << bytes.substr(0, 80);
    EXPECT_TRUE(reply.has(message)) << reply.body;
    EXPECT_TRUE(reply.has("\"code\":\"")) << reply.body;
    EXPECT_TRUE(reply.has("Connection: close")) << reply.head;
    EXPECT_TRUE(client.ended()) << bytes.substr(0, 80);
  }
}

TEST(HttpServer, ABadTargetIsRefusedAndTheConnectionStays) {
  Echo echo;
  RawClient client(echo.address());
  const auto reply = client.ask(request_text("GET", "/%zz"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(reply.has("/%zz")) << reply.body;
  EXPECT_EQ(client.ask(request_text("GET", "/next")).body, "GET /next 0");
}

TEST(HttpServer, ABodyOfExactlyTheLimitIsTakenAndOneMoreByteIsNot) {
  Echo echo({.body_bytes = 1'000});
  RawClient client(echo.address());
  EXPECT_EQ(client.ask(request_text("POST", "/b", std::string(1'000, 'x'))).body, "POST /b 1000");
  EXPECT_EQ(client.ask(request_text("POST", "/b", std::string(1'001, 'x'))).status, 413);
  RawClient chunked(echo.address());
  const std::string chunk = "1f5\r\n" + std::string(501, 'x') + "\r\n";
  EXPECT_EQ(chunked.ask("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n").status, 413);
}

TEST(HttpServer, ARequestRefusedByItsHeadIsAnsweredBeforeItsBodyIsRead) {
  Echo echo({}, 403);
  RawClient client(echo.address());
  const auto reply = client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(reply.status, 403);
  EXPECT_TRUE(reply.has("not you"));
  client.send(std::string(1'000'000, 'x'));
  EXPECT_TRUE(client.ended());
  RawClient bodyless(echo.address());
  EXPECT_EQ(bodyless.ask(request_text("GET", "/")).status, 403);
  EXPECT_EQ(bodyless.ask(request_text("GET", "/")).status, 403);
}

TEST(HttpServer, ARefusalArrivesThoughTheClientSendsItsWholeBodyFirst) {
  Echo echo({.body_bytes = 1'000});
  RawClient client(echo.address());
  EXPECT_EQ(client.ask(request_text("POST", "/big", std::string(4'000'000, 'x'))).status, 413);
}

TEST(HttpServer, BodiesUnderWayHaveALimitTogether) {
  Echo echo({.body_bytes = 1'000, .bodies_bytes = 1'500});
  RawClient first(echo.address());
  first.send(request_text("POST", "/hold", std::string(1'000, 'x')));
  echo.wait_until_held();
  RawClient second(echo.address());
  EXPECT_EQ(second.ask(request_text("POST", "/b", std::string(501, 'x'))).status, 503);
  RawClient third(echo.address());
  EXPECT_EQ(third.ask(request_text("POST", "/b", std::string(500, 'x'))).status, 200);
  echo.release();
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(third.ask(request_text("POST", "/b", std::string(1'000, 'x'))).status, 200);
}

TEST(HttpServer, OneConnectionMoreThanAllowedIsToldSo) {
  Echo echo({.connections = 1});
  {
    RawClient first(echo.address());
    EXPECT_EQ(first.ask(request_text("GET", "/")).status, 200);
    RawClient second(echo.address());
    const auto reply = second.read();
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.has("1 connections are open"));
    EXPECT_EQ(first.ask(request_text("GET", "/")).status, 200);
  }
}

TEST(HttpServer, SlowHeadsAndBodiesAndIdleConnectionsAreClosed) {
  Echo echo({.idle = milliseconds(50), .head = milliseconds(50), .body = milliseconds(50)});
  RawClient idle(echo.address());
  EXPECT_TRUE(idle.ended());
  RawClient slow_head(echo.address());
  slow_head.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_TRUE(slow_head.ended());
  RawClient slow_body(echo.address());
  slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_TRUE(slow_body.ended());
}

TEST(HttpServer, AnAnswerThatDoesNotComeOrIsDroppedIs504) {
  Echo late({.answer = milliseconds(50)});
  RawClient client(late.address());
  EXPECT_EQ(client.ask(request_text("GET", "/hold")).status, 504);
  late.release();  // too late: nobody sees it
  EXPECT_EQ(client.ask(request_text("GET", "/next")).body, "GET /next 0");

  Echo dropping;
  RawClient other(dropping.address());
  other.send(request_text("GET", "/hold"));
  dropping.wait_until_held();
  dropping.drop();
  const auto reply = other.read();
  EXPECT_EQ(reply.status, 504);
  EXPECT_TRUE(reply.has("UNKNOWN"));
}

TEST(HttpServer, StopAnswersWhatIsUnderWayAndClosesTheRest) {
  Echo echo;
  RawClient idle(echo.address());
  EXPECT_EQ(idle.ask(request_text("GET", "/")).status, 200);
  RawClient busy(echo.address());
  busy.send(request_text("GET", "/hold"));
  echo.wait_until_held();
  std::thread stopper([&] { echo.server->stop(milliseconds(20'000)); });
  EXPECT_TRUE(idle.ended());
  echo.release();
  const auto reply = busy.read();
  EXPECT_EQ(reply.body, "GET /hold 0");
  EXPECT_TRUE(reply.has("Connection: close"));
  stopper.join();
  EXPECT_TRUE(busy.ended());
  EXPECT_FALSE(RawClient(echo.address()).connected());
}

TEST(HttpServer, StopDoesNotWaitLongerThanItsGraceAndALateAnswerIsHarmless) {
  Echo echo;
  RawClient busy(echo.address());
  busy.send(request_text("GET", "/hold"));
  echo.wait_until_held();
  echo.server->stop(milliseconds(10));
  echo.server->stop(milliseconds(10));
  EXPECT_TRUE(busy.ended());
  echo.server.reset();
  echo.release();
}

TEST(HttpServer, ATakenPortIsAnErrorThatNamesAddressReasonAndFlag) {
  Echo echo;
  const auto second = HttpServer::start({.address = echo.address(), .flag = "--http", .limits = {}}, {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(echo.address().text()), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("taken"), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("--http"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace meepo::net
