#include "protocol/dubbo/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace meepo::dubbo {
namespace {

std::string bytes_of(std::string_view hex) { return from_hex(hex).value(); }

struct Read {
  FrameHeader header;
  Body kind = Body::Held;
  std::int32_t length = 0;
  std::string body;

  friend bool operator==(const Read&, const Read&) = default;
};

/// All frames of a stream that arrives in the given pieces; an error ends it.
std::vector<Read> read_all(FrameReader& reader, const std::vector<std::string>& pieces, std::string* error = nullptr) {
  std::vector<Read> all;
  for (const auto& piece : pieces) {
    std::string_view in = piece;
    while (true) {
      const auto frame = reader.next(in);
      if (!frame) {
        if (error != nullptr) *error = frame.error().message;
        return all;
      }
      if (!*frame) break;
      all.push_back({(*frame)->header, (*frame)->kind, (*frame)->length, std::string((*frame)->body)});
    }
    EXPECT_TRUE(in.empty());
  }
  return all;
}

std::vector<std::string> single_octets(std::string_view stream) {
  std::vector<std::string> pieces;
  for (const char c : stream) pieces.emplace_back(1, c);
  return pieces;
}

TEST(Frame, HeaderBitsAreThoseOfTheSpecification) {
  const struct {
    std::string_view hex;
    FrameHeader header;
    std::string_view body;
  } kCases[] = {
      {"dabbc2000000000000000007000000014e", {.request = true, .two_way = true, .id = 7}, "N"},
      {"dabb82000000000000000007000000014e", {.request = true, .id = 7}, "N"},
      {"dabbe2000000000000000009000000014e", {.request = true, .two_way = true, .event = true, .id = 9}, "N"},
      {"dabba20000000000000000090000000201 52", {.request = true, .event = true, .id = 9}, "\x01R"},
      {"dabb021480000000000000ff0000000192", {.status = 20, .id = 0x80000000000000ffULL}, "\x92"},
      {"dabb2214ffffffffffffffff00000000", {.event = true, .status = 20, .id = ~0ULL}, ""},
      {"dabbdf00000000000000000100000000", {.request = true, .two_way = true, .serialization = 31, .id = 1}, ""},
  };
  for (const auto& [hex, header, body] : kCases) {
    std::string text(hex);
    std::erase(text, ' ');
    FrameReader reader;
    const auto frames = read_all(reader, {bytes_of(text)});
    ASSERT_EQ(frames.size(), 1U) << hex;
    EXPECT_EQ(frames[0].header, header) << hex;
    EXPECT_EQ(frames[0].body, body) << hex;
    std::string written;
    append_frame(written, header, body);
    EXPECT_EQ(to_hex(written), text);
  }
}

RC_GTEST_PROP(Frame, EveryStreamReadsTheSameInAnyCut, ()) {
  const auto count = *rc::gen::inRange(0, 6);
  std::string stream;
  std::vector<Read> written;
  for (int i = 0; i < count; ++i) {
    const bool request = *rc::gen::arbitrary<bool>();
    const Read frame{.header = {.request = request,
                                .two_way = request && *rc::gen::arbitrary<bool>(),
                                .event = *rc::gen::arbitrary<bool>(),
                                .serialization = *rc::gen::inRange<std::uint8_t>(0, 32),
                                .status = *rc::gen::arbitrary<std::uint8_t>(),
                                .id = *rc::gen::arbitrary<std::uint64_t>()},
                     .body = *rc::gen::container<std::string>(rc::gen::arbitrary<char>())};
    append_frame(stream, frame.header, frame.body);
    written.push_back(frame);
    written.back().length = static_cast<std::int32_t>(frame.body.size());
  }
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < stream.size();) {
    const auto bytes = *rc::gen::inRange<std::size_t>(1, 40);
    pieces.push_back(stream.substr(at, bytes));
    at += bytes;
  }
  FrameReader reader;
  RC_ASSERT(read_all(reader, pieces) == written);
  RC_ASSERT(reader.held_bytes() == 0U);
}

TEST(Frame, EveryPrefixAsksForMore) {
  const auto stream = bytes_of("dabb021400000000000000010000000491027631");
  for (std::size_t length = 0; length < stream.size(); ++length) {
    FrameReader reader;
    std::string error;
    EXPECT_TRUE(read_all(reader, {stream.substr(0, length)}, &error).empty()) << length;
    EXPECT_EQ(error, "") << length;
    EXPECT_EQ(read_all(reader, {stream.substr(length)}, &error).size(), 1U) << length;
  }
}

TEST(Frame, ABodyOfTheLimitIsReadAndOneOctetMoreIsPassedOver) {
  constexpr std::size_t kLimit = 100;
  std::string stream;
  append_frame(stream, {.id = 1}, std::string(kLimit, 'a'));
  append_frame(stream, {.id = 2}, std::string(kLimit + 1, 'b'));
  append_frame(stream, {.id = 3}, "c");
  for (const auto& pieces : {std::vector{stream}, single_octets(stream)}) {
    FrameReader reader(kLimit);
    const auto frames = read_all(reader, pieces);
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].body.size(), kLimit);
    EXPECT_EQ(frames[1].kind, Body::TooLong);
    EXPECT_EQ(frames[1].length, static_cast<std::int32_t>(kLimit + 1));
    EXPECT_EQ(frames[1].body, "");
    EXPECT_EQ(frames[2].body, "c");
  }
}

TEST(Frame, ABodyThatIsTooLongIsKnownFromItsHeaderAndNeverHeld) {
  FrameReader reader;
  EXPECT_EQ(read_all(reader, {bytes_of("dabbc20000000000000000077fffffff")}).at(0).kind, Body::TooLong);
  EXPECT_TRUE(read_all(reader, {std::string(1U << 20U, 'x')}).empty());
  EXPECT_EQ(reader.held_bytes(), 0U);
  EXPECT_EQ(read_all(reader, {bytes_of("dabbc200000000000000000700800000")}).size(), 0U) << "still the long body";
  FrameReader other;
  EXPECT_EQ(read_all(other, {bytes_of("dabbc200000000000000000700800001")}).at(0).kind, Body::TooLong);
}

TEST(Frame, WhatIsHeldIsWhatArrivedAndNotWhatTheHeaderAnnounces) {
  FrameReader reader;
  EXPECT_TRUE(read_all(reader, {bytes_of("dabbc200000000000000000700800000"), "abc"}).empty());
  EXPECT_EQ(reader.held_bytes(), kHeaderBytes + 3);
}

TEST(Frame, ANegativeLengthEndsTheReading) {
  for (const std::string_view length : {"ffffffff", "80000000"}) {
    FrameReader reader;
    std::string error;
    const auto frames = read_all(reader, {bytes_of("dabb02140000000000000001" + std::string(length)) + "rest"}, &error);
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].kind, Body::Negative);
    EXPECT_EQ(frames[0].header.id, 1U);
    EXPECT_NE(error.find("its body has -"), std::string::npos) << error;
  }
}

TEST(Frame, OtherProtocolsAreNamedAtTheirFirstOctets) {
  const struct {
    std::string_view octets;
    std::string_view says;
  } kCases[] = {{"GET / HTTP/1.1\r\n", "(HTTP)"},         {"POST /x", "(HTTP)"},
                {"PRI * HTTP/2.0\r\n", "(HTTP/2)"},       {"ls\r\n", "(text, as telnet sends it)"},
                {"\x16\x03\x01\x02", "(a TLS hello)"},    {"\xda\xbc", "da bb"},
                {"\xbb\xda", "(no protocol known here)"}, {"abc\xda\xbb", "(no protocol known here)"}};
  for (const auto& [octets, says] : kCases) {
    FrameReader reader;
    std::string error;
    EXPECT_TRUE(read_all(reader, {std::string(octets)}, &error).empty());
    EXPECT_NE(error.find(says), std::string::npos) << error;
    std::string again;
    EXPECT_TRUE(read_all(reader, {bytes_of("dabb0214000000000000000100000000")}, &again).empty()) << "once broken, always broken";
    EXPECT_EQ(again, error);
  }
  FrameReader reader;
  std::string error;
  EXPECT_TRUE(read_all(reader, {"h"}, &error).empty());
  EXPECT_NE(error, "") << "one wrong octet is enough";
}

TEST(Frame, NoiseAfterAFrameEndsTheReadingBehindIt) {
  FrameReader reader;
  std::string error;
  EXPECT_EQ(read_all(reader, {bytes_of("dabb0214000000000000000100000001") + "Nquit\r\n"}, &error).size(), 1U);
  EXPECT_NE(error, "");
}

}  // namespace
}  // namespace meepo::dubbo
