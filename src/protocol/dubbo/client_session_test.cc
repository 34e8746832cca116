#include "protocol/dubbo/client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/test_support.h"

namespace meepo::dubbo {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SteadyTime kStart{std::chrono::hours(1)};
constexpr SteadyTime kLater = kStart + seconds(30);

std::string response(std::uint64_t id, std::string_view body, Status status = Status::Ok) {
  std::string out;
  append_frame(out, {.status = static_cast<std::uint8_t>(status), .id = id}, body);
  return out;
}

/// "1: returned "a"" for each end.
std::vector<std::string> texts_of(const std::vector<CallEnd>& ends) {
  std::vector<std::string> texts;
  for (const auto& end : ends) texts.push_back(std::to_string(end.call) + ": " + describe(end));
  return texts;
}

class ClientSessionTest : public testing::Test {
 protected:
  ClientSession client{{}, kStart};

  /// A call that has been written.
  std::uint64_t sent_call(SteadyTime deadline = kLater) {
    const auto id = client.call("body", deadline);
    EXPECT_FALSE(client.take_output(kStart).empty());
    return id.value();
  }
};

TEST_F(ClientSessionTest, ACallIsATwoWayFrameAndANoticeAOneWayFrame) {
  EXPECT_EQ(client.call("body", kLater).value(), 1U);
  EXPECT_TRUE(client.notify("note"));
  EXPECT_EQ(to_hex(client.take_output(kStart)),
            "dabbc200000000000000000100000004" + to_hex("body") + "dabb8200000000000000000200000004" + to_hex("note"));
  EXPECT_EQ(client.open_calls(), 1U);
  EXPECT_EQ(client.take_output(kStart), "");
}

TEST_F(ClientSessionTest, ResponsesComeInAnyOrderAndCut) {
  sent_call();
  sent_call();
  const auto stream = response(2, "\x91\x01t") + response(1, "\x92");
  EXPECT_THAT(client.receive(stream.substr(0, 5), kStart), IsEmpty());
  EXPECT_THAT(texts_of(client.receive(stream.substr(5), kStart)), ElementsAre("2: returned \"t\"", "1: returned null"));
  EXPECT_EQ(client.open_calls(), 0U);
}

TEST_F(ClientSessionTest, AnswersThatNobodyWaitsForArePassedOver) {
  const auto call = sent_call();
  EXPECT_THAT(client.receive(response(77, "\x92"), kStart), IsEmpty());
  EXPECT_THAT(texts_of(client.receive(response(call,
                                               "\x91\x01"
                                               "a") +
                                          response(call,
                                                   "\x91\x01"
                                                   "b"),
                                      kStart)),
              ElementsAre("1: returned \"a\""));
  EXPECT_FALSE(client.closed());
}

TEST_F(ClientSessionTest, AnAnswerToACallThatWasNotWrittenIsPassedOver) {
  const auto call = client.call("body", kLater).value();
  EXPECT_THAT(client.receive(response(call, "\x92"), kStart), IsEmpty());
  EXPECT_FALSE(client.take_output(kStart).empty());
  EXPECT_THAT(texts_of(client.receive(response(call, "\x92"), kStart)), ElementsAre("1: returned null"));
}

TEST_F(ClientSessionTest, ADeadlineEndsTheCallAndItsLateAnswerIsPassedOver) {
  const auto call = sent_call(kStart + seconds(5));
  sent_call();
  EXPECT_EQ(client.deadline(), kStart + seconds(5));
  EXPECT_THAT(client.tick(kStart + seconds(5) - std::chrono::nanoseconds(1)), IsEmpty());
  const auto ends = client.tick(kStart + seconds(5));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].call, call);
  EXPECT_EQ(ends[0].outcome.error().error.code, Code::Timeout);
  EXPECT_TRUE(ends[0].outcome.error().sent);
  EXPECT_THAT(client.receive(response(call, "\x92"), kStart + seconds(6)), IsEmpty());
  EXPECT_EQ(client.open_calls(), 1U);
  EXPECT_EQ(client.deadline(), kLater);
}

TEST_F(ClientSessionTest, ACallThatTimesOutBeforeItIsWrittenIsNeverWritten) {
  sent_call();
  ASSERT_TRUE(client.call("early", kStart + seconds(1)));
  ASSERT_TRUE(client.call("late", kLater));
  const auto ends = client.tick(kStart + seconds(1));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].outcome.error().error.code, Code::Timeout);
  EXPECT_FALSE(ends[0].outcome.error().sent);
  const auto output = client.take_output(kStart + seconds(1));
  EXPECT_THAT(output, HasSubstr("late"));
  EXPECT_EQ(output.find("early"), std::string::npos);
}

TEST_F(ClientSessionTest, AForgottenCallEndsWithoutAnEnd) {
  const auto written = sent_call();
  const auto waiting = client.call("never", kLater).value();
  client.forget(written);
  client.forget(waiting);
  client.forget(99);
  EXPECT_EQ(client.open_calls(), 0U);
  EXPECT_EQ(client.take_output(kStart), "");
  EXPECT_THAT(client.receive(response(written, "\x92"), kStart), IsEmpty());
  EXPECT_THAT(client.tick(kLater), IsEmpty());
}

TEST_F(ClientSessionTest, ALostConnectionSaysOfEachCallWhetherItCanHaveRun) {
  sent_call();
  ASSERT_TRUE(client.call("not written", kLater));
  const auto ends = client.close("connection reset");
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends[0].outcome.error().error.code, Code::Unknown);
  EXPECT_TRUE(ends[0].outcome.error().sent);
  EXPECT_EQ(ends[1].outcome.error().error.code, Code::Unavailable);
  EXPECT_FALSE(ends[1].outcome.error().sent);
  EXPECT_THAT(ends[0].outcome.error().error.message, HasSubstr("connection reset"));
  EXPECT_THAT(client.close("again"), IsEmpty());
  EXPECT_EQ(client.closed(), "connection reset");
  EXPECT_EQ(client.call("x", kLater).error().code, Code::Unavailable);
  EXPECT_EQ(client.take_output(kLater), "");
  EXPECT_EQ(client.deadline(), SteadyTime::max());
  EXPECT_THAT(client.receive(response(1, "\x92"), kLater), IsEmpty());
}

TEST_F(ClientSessionTest, WithoutTrafficAHeartbeatIsSentAndItsAnswerKeepsTheSession) {
  EXPECT_EQ(client.deadline(), kStart + seconds(60));
  client.tick(kStart + seconds(59));
  EXPECT_EQ(client.take_output(kStart + seconds(59)), "");
  client.tick(kStart + seconds(60));
  EXPECT_EQ(to_hex(client.take_output(kStart + seconds(60))), "dabbe2000000000000000001000000014e");
  client.tick(kStart + seconds(60));
  EXPECT_EQ(client.take_output(kStart + seconds(60)), "") << "one is enough";
  EXPECT_THAT(client.receive(from_hex("dabb22140000000000000001000000014e").value(), kStart + seconds(61)), IsEmpty());
  EXPECT_EQ(client.deadline(), kStart + seconds(120));
}

TEST_F(ClientSessionTest, ASilentProviderIsGivenUpAfterThreeHeartbeats) {
  const auto call = client.call("body", kStart + seconds(1'000)).value();
  client.take_output(kStart);
  for (const int at : {60, 120}) {
    EXPECT_EQ(client.deadline(), kStart + seconds(at));
    EXPECT_THAT(client.tick(kStart + seconds(at)), IsEmpty());
    EXPECT_NE(client.take_output(kStart + seconds(at)), "");
  }
  EXPECT_EQ(client.deadline(), kStart + seconds(180));
  const auto ends = client.tick(kStart + seconds(180));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].call, call);
  EXPECT_EQ(ends[0].outcome.error().error.code, Code::Unknown);
  EXPECT_EQ(client.closed(), "the provider sent nothing for 180000 ms");
}

TEST_F(ClientSessionTest, ReadOnlyStopsNewCallsAndTheOpenOnesGoOn) {
  const auto call = sent_call();
  client.receive(from_hex("dabba200000000000000000900000002"
                          "0152")
                     .value(),
                 kStart);
  EXPECT_TRUE(client.is_stopping());
  EXPECT_FALSE(client.closed());
  EXPECT_EQ(client.call("x", kLater).error().code, Code::Unavailable);
  EXPECT_EQ(client.notify("x").error().code, Code::Unavailable);
  EXPECT_THAT(texts_of(client.receive(response(call, "\x92"), kStart)), ElementsAre("1: returned null"));
  EXPECT_EQ(client.open_calls(), 0U);
}

TEST_F(ClientSessionTest, OtherEventsArePassedOver) {
  for (const std::string_view body : {"0157", "0158", "4354", "015252"}) {
    const auto octets = from_hex(body).value();
    std::string frame;
    append_frame(frame, {.request = true, .event = true, .id = 9}, octets);
    EXPECT_THAT(client.receive(frame, kStart), IsEmpty());
  }
  EXPECT_FALSE(client.is_stopping());
  EXPECT_FALSE(client.closed());
  EXPECT_EQ(client.take_output(kStart), "");
}

TEST_F(ClientSessionTest, AHeartbeatOfTheProviderIsAnsweredAndACallIsRefused) {
  client.receive(from_hex("dabbe2000000000000000063000000014e").value(), kStart);
  EXPECT_EQ(to_hex(client.take_output(kStart)), "dabb22140000000000000063000000014e");
  client.receive(from_hex("dabbe200000000000000006200000000").value(), kStart);
  EXPECT_EQ(to_hex(client.take_output(kStart)), "dabb22140000000000000062000000014e");
  client.receive(from_hex("dabbc2000000000000000061000000014e").value(), kStart);
  EXPECT_THAT(to_hex(client.take_output(kStart)), testing::StartsWith("dabb02280000000000000061"));
}

TEST_F(ClientSessionTest, AResponseThatIsTooLongFailsItsCallAndTheConnectionGoesOn) {
  ClientSession small({.body_bytes_max = 10}, kStart);
  ASSERT_TRUE(small.call("a", kLater));
  ASSERT_TRUE(small.call("b", kLater));
  small.take_output(kStart);
  const auto stream = response(1, std::string(11, 'N')) + response(2, "\x92");
  EXPECT_THAT(texts_of(small.receive(stream, kStart)), ElementsAre("1: failed", "2: returned null"));
  EXPECT_FALSE(small.closed());
}

TEST_F(ClientSessionTest, OneOverALimitIsRefusedAndNothingIsSent) {
  ClientSession small({.calls_max = 2, .outgoing_bytes_max = 2 * (kHeaderBytes + 10), .body_bytes_max = 10}, kStart);
  EXPECT_EQ(small.call(std::string(11, 'x'), kLater).error().code, Code::Exhausted);
  EXPECT_TRUE(small.call(std::string(10, 'x'), kLater));
  EXPECT_TRUE(small.notify(std::string(9, 'x')));
  EXPECT_EQ(small.notify(std::string(2, 'x')).error().code, Code::Exhausted) << "outgoing octets";
  small.take_output(kStart);
  EXPECT_TRUE(small.call("y", kLater));
  EXPECT_EQ(small.call("z", kLater).error().code, Code::Exhausted) << "open calls";
  EXPECT_EQ(small.take_output(kStart).size(), kHeaderBytes + 1);
}

TEST_F(ClientSessionTest, EveryStatusIsAFailureWithItsText) {
  const struct {
    int status;
    Code code;
  } kCases[] = {{25, Code::Unknown},         {30, Code::Timeout}, {31, Code::Timeout},      {35, Code::Unknown},
                {40, Code::InvalidArgument}, {50, Code::Unknown}, {60, Code::NotFound},     {70, Code::InvalidArgument},
                {80, Code::Unknown},         {90, Code::Unknown}, {100, Code::Unavailable}, {0, Code::Unknown},
                {99, Code::Unknown},         {255, Code::Unknown}};
  for (const auto& [status, code] : kCases) {
    const auto call = sent_call();
    const auto ends = client.receive(response(call, "\x04why?", static_cast<Status>(status)), kStart);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].outcome.error().error.code, code) << status;
    EXPECT_EQ(ends[0].outcome.error().error.message, "why?");
    EXPECT_EQ(ends[0].outcome.error().status, status);
  }
}

TEST_F(ClientSessionTest, AStatusWithoutAReadableTextIsAFailureAllTheSame) {
  for (const std::string_view body : {"", "45", "53ffff", "91"}) {
    const auto call = sent_call();
    const auto ends = client.receive(response(call, from_hex(body).value(), Status::ServerError), kStart);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].outcome.error().status, 80);
    EXPECT_NE(ends[0].outcome.error().error.message, "");
  }
}

RC_GTEST_PROP(ClientSessionProperty, EveryCallEndsExactlyOnce, ()) {
  ClientSession client({.heartbeat = milliseconds(5'000), .calls_max = 4}, kStart);
  std::set<std::uint64_t> open;
  const auto end_all = [&](const std::vector<CallEnd>& ends) {
    for (const auto& end : ends) RC_ASSERT(open.erase(end.call) == 1U);
  };
  SteadyTime now = kStart;
  for (int steps = *rc::gen::inRange(0, 60); steps > 0; --steps) {
    switch (*rc::gen::inRange(0, 7)) {
      case 0:
      case 1: {
        const auto call = client.call("body", now + seconds(*rc::gen::inRange(0, 8)));
        if (call) open.insert(*call);
        break;
      }
      case 2: client.take_output(now); break;
      case 3: end_all(client.receive(response(*rc::gen::inRange<std::uint64_t>(1, 20), "\x92"), now)); break;
      case 4:
        now += seconds(*rc::gen::inRange(0, 4));
        end_all(client.tick(now));
        break;
      case 5: {
        const auto call = *rc::gen::inRange<std::uint64_t>(1, 20);
        client.forget(call);
        open.erase(call);
        break;
      }
      default:
        if (*rc::gen::inRange(0, 10) == 0) end_all(client.close("lost"));
    }
    RC_ASSERT(client.open_calls() == open.size());
  }
  end_all(client.close("the end"));
  RC_ASSERT(open.empty());
}

}  // namespace
}  // namespace meepo::dubbo
