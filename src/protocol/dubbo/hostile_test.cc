// What a peer may send to hurt: as the argument of a call to a server, and as the value of a response to a client. Each is answered or
// refused; the session goes on, and what it holds stays bounded.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/client_session.h"
#include "protocol/dubbo/server_session.h"
#include "protocol/dubbo/test_support.h"

namespace meepo::dubbo {
namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};

std::string repeated(std::string_view octets, std::size_t count) {
  std::string out;
  for (; count > 0; --count) out += octets;
  return out;
}

struct Hostile {
  std::string name;
  std::string value;
};

std::vector<Hostile> hostile_values() {
  const auto hex = [](std::string_view text) { return from_hex(text).value(); };
  return {
      {"nesting of 10,000 lists", repeated("\x79", 10'000) + "N"},
      {"nesting of 10,000 maps", repeated("HN", 10'000) + "N" + repeated("Z", 10'000)},
      {"list of 2^31-1", hex("58497fffffff")},
      {"array of 2^31-1 numbers", hex("56045b696e74497fffffff")},
      {"list of -1", hex("58"
                         "8f")},
      {"class of 2^31-1 fields", hex("430161497fffffff")},
      {"reference out of range", hex("5195")},
      {"negative reference", hex("518f")},
      {"object of no class", hex("60")},
      {"type out of range", hex("7195")},
      {"4,097 classes and no object", repeated(hex("43016190"), 4'097)},
      {"string cut", hex("53ffff61")},
      {"chunks without an end", repeated(hex("52000161"), 1'000)},
      {"reserved tag", hex("45")},
      {"octets that are no text", hex("02c080c0")},
  };
}

TEST(Hostile, ArgumentsAreAnsweredBadRequestAndTheSessionGoesOn) {
  ServerSession server({}, [](const RequestHead&) { return std::nullopt; }, kStart);
  for (const auto& [name, value] : hostile_values()) {
    const std::string head = std::string("\x05") + "2.0.2" + "\x01p" + std::string(1, '\0') + "\x01m\x12Ljava/lang/Object;";
    std::string frame;
    append_frame(frame, {.request = true, .two_way = true, .id = 1}, head + value);
    EXPECT_TRUE(server.receive(frame, kStart).empty()) << name;
    const auto answer = server.take_output(kStart);
    ASSERT_GT(answer.size(), kHeaderBytes) << name;
    EXPECT_EQ(answer[3], 40) << name;
    EXPECT_FALSE(server.closed()) << name;
    EXPECT_EQ(server.held_bytes(), 0U) << name;
  }
}

TEST(Hostile, ResponsesFailTheirCallAndTheSessionGoesOn) {
  ClientSession client({}, kStart);
  for (const auto& [name, value] : hostile_values()) {
    const auto call = client.call("a request", kStart + milliseconds(1)).value();
    client.take_output(kStart);
    std::string frame;
    append_frame(frame, {.status = 20, .id = call}, "\x91" + value);
    const auto ends = client.receive(frame, kStart);
    ASSERT_EQ(ends.size(), 1U) << name;
    EXPECT_EQ(describe(ends[0]), "failed") << name;
    EXPECT_FALSE(client.closed()) << name;
  }
}

/// A list of two times the list before, thirty times over: 2^30 strings when written out, about 100 octets when shared.
std::string reference_bomb() {
  std::string bomb = "\x7a\x01x\x01x";
  for (int depth = 1; depth < 30; ++depth) bomb = "\x7a" + bomb + "\x51" + static_cast<char>(0x90 + 30 - depth);
  return bomb;
}

TEST(Hostile, WhatGrowsByReferencesIsSharedAndEchoedAtItsOwnLength) {
  ServerSession server({}, [](const RequestHead&) { return std::nullopt; }, kStart);
  const std::string head = std::string("\x05") + "2.0.2" + "\x01p" + std::string(1, '\0') + "\x05$echo\x12Ljava/lang/Object;";
  std::string frame;
  append_frame(frame, {.request = true, .two_way = true, .id = 1}, head + reference_bomb() + "N");
  EXPECT_TRUE(server.receive(frame, kStart).empty());
  const auto answer = server.take_output(kStart);
  EXPECT_EQ(answer[3], 20);
  EXPECT_EQ(answer.substr(kHeaderBytes + 1, reference_bomb().size()), reference_bomb());
}

TEST(Hostile, ACyclicExceptionIsRead) {
  ClientSession client({}, kStart);
  const auto call = client.call("a request", kStart + milliseconds(1)).value();
  client.take_output(kStart);
  std::string frame;
  append_frame(frame, {.status = 20, .id = call},
               std::string("\x90"
                           "C\x03"
                           "a.E\x92\x0d"
                           "detailMessage\x05"
                           "cause\x60\x01m\x51\x90"));
  const auto ends = client.receive(frame, kStart);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(describe(ends[0]), "thrown a.E: m");
}

}  // namespace
}  // namespace meepo::dubbo
