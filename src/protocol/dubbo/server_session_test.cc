#include "protocol/dubbo/server_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/test_support.h"

namespace meepo::dubbo {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr SteadyTime kStart{std::chrono::hours(1)};

/// A frame whose body is the given Hessian octets.
std::string frame_of(std::uint64_t id, std::string_view body, bool two_way = true) {
  std::string out;
  append_frame(out, {.request = true, .two_way = two_way, .id = id}, body);
  return out;
}

/// demo.Echo's say("x") with an empty map of attachments.
const std::string kCall = std::string(
    "\x05"
    "2.0.2\x09"
    "demo.Echo\x05"
    "0.0.0\x03say\x12Ljava/lang/String;\x01xHZ");

std::optional<Refusal> check(const RequestHead& head) {
  if (head.path == "demo.Echo") return std::nullopt;
  return Refusal{.text = "No service " + head.path};
}

class ServerSessionTest : public testing::Test {
 protected:
  ServerSession server{{}, check, kStart};

  /// The headers of what the session writes next.
  std::vector<FrameHeader> written(ServerSession& session) {
    const auto octets = session.take_output(kStart);
    std::string_view in = octets;
    FrameReader reader;
    std::vector<FrameHeader> headers;
    for (auto frame = reader.next(in); frame && *frame; frame = reader.next(in)) headers.push_back((*frame)->header);
    return headers;
  }

  std::string written_hex() { return to_hex(server.take_output(kStart)); }
};

TEST_F(ServerSessionTest, ACallIsServedAndItsAnswerCarriesItsId) {
  const auto calls = server.receive(frame_of(0xfedcba9876543210, kCall), kStart);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(calls[0].two_way);
  EXPECT_EQ(calls[0].request.head.path, "demo.Echo");
  EXPECT_EQ(calls[0].request.head.service_version, "0.0.0");
  EXPECT_EQ(calls[0].request.method, "say");
  EXPECT_THAT(*calls[0].request.types, testing::ElementsAre("java.lang.String"));
  EXPECT_EQ(server.open_calls(), 1U);
  server.answer(calls[0].ticket, Returned{});
  EXPECT_EQ(written_hex(),
            "dabb0214fedcba98765432100000000f95"
            "4805647562626f05322e302e325a");
  EXPECT_EQ(server.open_calls(), 0U);
  server.answer(calls[0].ticket, Returned{});
  EXPECT_EQ(written_hex(), "") << "a call is answered once";
}

TEST_F(ServerSessionTest, CallsWithTheSameIdAreAnsweredEach) {
  const auto calls = server.receive(frame_of(7, kCall) + frame_of(7, kCall), kStart);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_NE(calls[0].ticket, calls[1].ticket);
  for (const auto& call : calls) server.answer(call.ticket, Returned{});
  EXPECT_EQ(written(server).size(), 2U);
}

TEST_F(ServerSessionTest, AOneWayCallIsServedAndNothingIsWritten) {
  const auto calls = server.receive(frame_of(1, kCall, false) + frame_of(2,
                                                                         "\x05"
                                                                         "2.0.2\x04nope",
                                                                         false),
                                    kStart);
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_FALSE(calls[0].two_way);
  for (const Answer& answer : {Answer(Returned{}), Answer(Failed{.status = Status::ServerError, .text = "no"})})
    server.answer(calls[0].ticket, answer);
  EXPECT_EQ(server.open_calls(), 0U);
  EXPECT_EQ(written_hex(), "");
}

TEST_F(ServerSessionTest, TheCheckRefusesBeforeArgumentsAreRead) {
  // After the head comes an octet that is no value.
  const std::string body = std::string(
      "\x05"
      "2.0.2\x04"
      "evil\x05"
      "0.0.0\x03say\x12Ljava/lang/Object;\x40");
  EXPECT_THAT(server.receive(frame_of(1, body), kStart), IsEmpty());
  EXPECT_EQ(written_hex(),
            "dabb02280000000000000001"
            "00000010"
            "0f" +
                to_hex("No service evil"));
}

TEST_F(ServerSessionTest, EveryPrefixOfACallIsAnsweredBadRequest) {
  for (std::size_t length = 0; length < kCall.size(); ++length) {
    EXPECT_THAT(server.receive(frame_of(length, kCall.substr(0, length)), kStart), IsEmpty()) << length;
    const auto headers = written(server);
    ASSERT_EQ(headers.size(), 1U) << length;
    EXPECT_EQ(headers[0], (FrameHeader{.status = 40, .id = length}));
    EXPECT_FALSE(server.closed());
  }
}

TEST_F(ServerSessionTest, EchoIsAnsweredByTheSessionForServicesThatExist) {
  const std::string head =
      "\x05"
      "0.0.0\x05$echo\x12Ljava/lang/Object;\x01"
      "eN";
  EXPECT_THAT(server.receive(frame_of(1,
                                      "\x05"
                                      "2.0.2\x09"
                                      "demo.Echo" +
                                          head),
                             kStart),
              IsEmpty());
  EXPECT_EQ(written_hex(), "dabb02140000000000000001000000119401654805647562626f05322e302e325a");
  EXPECT_THAT(server.receive(frame_of(1,
                                      "\x05"
                                      "2.0.2\x04nope" +
                                          head),
                             kStart),
              IsEmpty());
  EXPECT_THAT(written_hex(), StartsWith("dabb0228"));
  EXPECT_EQ(server.open_calls(), 0U);
}

TEST_F(ServerSessionTest, OneCallOverTheLimitIsRefusedAtOnce) {
  ServerSession small({.calls_max = 2}, check, kStart);
  const auto calls = small.receive(frame_of(1, kCall) + frame_of(2, kCall, false) + frame_of(3, kCall) + frame_of(4, kCall, false), kStart);
  EXPECT_EQ(calls.size(), 2U);
  EXPECT_THAT(written(small), testing::ElementsAre(FrameHeader{.status = 100, .id = 3}));
  small.answer(calls[1].ticket, Returned{});
  EXPECT_EQ(small.receive(frame_of(5, kCall), kStart).size(), 1U);
}

TEST_F(ServerSessionTest, AnAnswerOverTheLimitBecomesBadResponse) {
  ServerSession small({.body_bytes_max = 200}, check, kStart);
  const auto calls = small.receive(frame_of(1, kCall) + frame_of(2, kCall), kStart);
  ASSERT_EQ(calls.size(), 2U);
  small.answer(calls[0].ticket, Thrown{.class_name = "java.lang.RuntimeException", .message = std::string(100, 'x')});
  small.answer(calls[1].ticket, Thrown{.class_name = "java.lang.RuntimeException", .message = std::string(200, 'x')});
  EXPECT_THAT(written(small), testing::ElementsAre(FrameHeader{.status = 20, .id = 1}, FrameHeader{.status = 50, .id = 2}));
}

TEST_F(ServerSessionTest, ARequestOverTheLimitIsAnsweredBeforeItsBodyAndPassedOver) {
  EXPECT_THAT(server.receive(from_hex("dabbc200000000000000000700800001").value(), kStart), IsEmpty());
  EXPECT_THAT(written_hex(), StartsWith("dabb02280000000000000007"));
  EXPECT_THAT(server.receive(std::string(kBodyBytesMax + 1, 'x'), kStart), IsEmpty());
  EXPECT_EQ(server.held_bytes(), 0U);
  EXPECT_EQ(server.receive(frame_of(8, kCall), kStart).size(), 1U);
}

TEST_F(ServerSessionTest, WhatIsNoDubboClosesTheSession) {
  for (const std::string_view octets : {"GET / HTTP/1.1\r\n", "ls\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    ServerSession other({}, check, kStart);
    EXPECT_THAT(other.receive(octets, kStart), IsEmpty());
    ASSERT_TRUE(other.closed());
    EXPECT_THAT(*other.closed(), HasSubstr("expected da bb"));
    EXPECT_EQ(other.take_output(kStart), "");
    EXPECT_THAT(other.receive(frame_of(1, kCall), kStart), IsEmpty());
    EXPECT_EQ(other.deadline(), SteadyTime::max());
  }
}

TEST_F(ServerSessionTest, CallsOfAClosedSessionAreGone) {
  const auto calls = server.receive(frame_of(1, kCall), kStart);
  server.close("connection reset");
  server.close("again");
  server.answer(calls.at(0).ticket, Returned{});
  EXPECT_EQ(written_hex(), "");
  EXPECT_EQ(server.closed(), "connection reset");
}

TEST_F(ServerSessionTest, ThreeHeartbeatsWithoutAWholeFrameCloseTheSession) {
  EXPECT_EQ(server.deadline(), kStart + seconds(180));
  server.receive(from_hex("dabbe2000000000000000001000000014e").value(), kStart + seconds(100));
  EXPECT_EQ(to_hex(server.take_output(kStart + seconds(100))), "dabb22140000000000000001000000014e");
  server.receive(frame_of(1, kCall).substr(0, 30), kStart + seconds(270));
  server.tick(kStart + seconds(280) - std::chrono::nanoseconds(1));
  EXPECT_FALSE(server.closed());
  server.tick(server.deadline());
  EXPECT_EQ(server.closed(), "the consumer sent nothing for 180000 ms");
}

TEST_F(ServerSessionTest, AConsumerThatDoesNotReadIsClosed) {
  ServerSession small({.outgoing_bytes_max = 100}, check, kStart);
  for (int i = 0; i < 5; ++i) small.receive(from_hex("dabbe2000000000000000001000000014e").value(), kStart);
  EXPECT_FALSE(small.closed()) << "85 octets wait";
  small.receive(from_hex("dabbe2000000000000000001000000014e").value(), kStart);
  ASSERT_TRUE(small.closed());
  EXPECT_THAT(*small.closed(), HasSubstr("85 octets wait to be written, at most 100"));
}

TEST_F(ServerSessionTest, StoppingSaysReadOnlyAndServesUntilItsTime) {
  const auto before = server.receive(frame_of(1, kCall), kStart);
  server.stop(kStart + seconds(10));
  server.stop(kStart + seconds(99));
  EXPECT_EQ(written_hex(), "dabba2000000000000000000000000020152") << "once";
  EXPECT_EQ(server.receive(frame_of(2, kCall), kStart).size(), 1U);
  server.answer(before.at(0).ticket, Returned{});
  EXPECT_THAT(written_hex(), StartsWith("dabb02140000000000000001"));
  EXPECT_EQ(server.deadline(), kStart + seconds(10));
  server.tick(kStart + seconds(9));
  EXPECT_FALSE(server.closed());
  server.tick(kStart + seconds(10));
  EXPECT_EQ(server.closed(), "the provider stops");
}

}  // namespace
}  // namespace meepo::dubbo
