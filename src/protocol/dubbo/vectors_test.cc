// Frames of real Java peers (vectors/): read, and written back as the same octets where this library emits that form; hand-made frames with
// the verdict stated beside what Java did.

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/client_session.h"
#include "protocol/dubbo/event.h"
#include "protocol/dubbo/server_session.h"
#include "protocol/dubbo/test_support.h"

namespace meepo::dubbo {
namespace {

namespace json = boost::json;

constexpr SteadyTime kStart{std::chrono::hours(1)};

std::vector<json::object> read_lines(const std::string& name) {
  std::ifstream file(std::string(MEEPO_DUBBO_VECTORS) + "/" + name);
  EXPECT_TRUE(file) << "open " << name;
  std::vector<json::object> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line).as_object());
  return lines;
}

std::string text_of(const json::object& line, std::string_view key) {
  const auto& value = line.at(key);
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

std::string octets_of(const json::object& line, std::string_view key) { return from_hex(text_of(line, key)).value(); }

std::vector<json::object> captured_frames() {
  auto frames = read_lines("frames.jsonl");
  EXPECT_EQ(frames.size(), 296U);
  const auto more = read_lines("task_service_frames.jsonl");
  EXPECT_EQ(more.size(), 400U);
  frames.insert(frames.end(), more.begin(), more.end());
  return frames;
}

std::string name_of(const json::object& line) {
  return text_of(line, "from") + " " + std::to_string(line.at("id").as_int64()) + " " + text_of(line, "description");
}

/// "'2.0.2' | 'demo.Echo' | …": the parts of the short text that the vectors give for a request's head.
std::string head_text(const RequestHead& head) {
  return "'" + head.dubbo_version + "' | '" + head.path + "' | '" + head.service_version + "' | '" + head.method + "' | '" +
         head.descriptor + "' | ";
}

void expect_same_request(const json::object& line, const Frame& frame) {
  RequestDecoder decoder(frame.body);
  const auto head = decoder.head();
  ASSERT_TRUE(head) << name_of(line) << ": " << head.error().message;
  EXPECT_THAT(text_of(line, "body"), testing::StartsWith(head_text(*head)));
  const auto request = decoder.rest(*head);
  if (text_of(line, "description") == "request g.emptyTypes") {
    // One argument and an empty array of types: both Java lines answered 70.
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, Code::InvalidArgument);
    return;
  }
  ASSERT_TRUE(request) << name_of(line) << ": " << request.error().message;
  EXPECT_EQ(request->generic, head->method.starts_with("$invoke")) << name_of(line);
  EXPECT_EQ(request->attachments.text("path"), head->path) << name_of(line);
  EXPECT_EQ(encoded_again(frame.body), to_hex(frame.body)) << name_of(line);
}

void expect_same_response(const json::object& line, const Frame& frame) {
  if (frame.header.status != static_cast<std::uint8_t>(Status::Ok)) {
    const auto text = decode_text(frame.body);
    EXPECT_EQ(to_hex(encode_text(text)), to_hex(frame.body)) << name_of(line);
    return;
  }
  const auto response = decode_response(frame.body);
  ASSERT_TRUE(response) << name_of(line) << ": " << response.error().message;
  const auto flag = text_of(line, "body").at(0);
  EXPECT_EQ(response->thrown, flag == '0' || flag == '3') << name_of(line);
  EXPECT_EQ(response->attachments.text("dubbo"), flag >= '3' ? "2.0.2" : "") << name_of(line);
  EXPECT_EQ(encoded_again(frame.body), to_hex(frame.body)) << name_of(line);
}

TEST(Vectors, CapturedFramesReadAndAreWrittenTheSame) {
  for (const auto& line : captured_frames()) {
    const auto octets = octets_of(line, "hex");
    std::string_view in = octets;
    FrameReader reader;
    const auto next = reader.next(in);
    ASSERT_TRUE(next) << name_of(line);
    if (line.at("body").is_null()) {
      // Stored with its first octets only.
      EXPECT_TRUE(in.empty() && !*next) << name_of(line);
      continue;
    }
    ASSERT_TRUE(*next) << name_of(line);
    const Frame& frame = **next;
    EXPECT_TRUE(in.empty());
    std::string written;
    append_frame(written, frame.header, frame.body);
    EXPECT_EQ(written, octets) << name_of(line);
    if (frame.header.event) {
      const auto event = text_of(line, "body") == "'R'" ? Event::ReadOnly : Event::Heartbeat;
      EXPECT_EQ(event_of(frame.body), event) << name_of(line);
    } else if (frame.header.request) {
      expect_same_request(line, frame);
    } else {
      expect_same_response(line, frame);
    }
  }
}

/// All frames of one kind as one stream.
std::string captured_stream(std::string_view description) {
  std::string stream;
  for (const auto& line : captured_frames()) {
    if (!line.at("body").is_null() && text_of(line, "description").starts_with(description)) stream += octets_of(line, "hex");
  }
  return stream;
}

TEST(Vectors, AServerServesEveryCapturedRequestInAnyCut) {
  const auto stream = captured_stream("request ");
  for (const std::size_t cut : {1UL, 7UL, 1'000UL, stream.size()}) {
    ServerSession server({}, [](const RequestHead&) { return std::nullopt; }, kStart);
    std::size_t calls = 0;
    for (std::size_t at = 0; at < stream.size(); at += cut)
      calls += server.receive(std::string_view(stream).substr(at, cut), kStart).size();
    // Of the 346 requests two are $echo, which the session answers, and two are generic calls that it refuses.
    EXPECT_EQ(calls, 342U) << cut;
    EXPECT_FALSE(server.closed());
  }
}

TEST(Vectors, EveryPrefixOfABodyIsRefusedOrComplete) {
  for (const auto& line : captured_frames()) {
    const auto octets = octets_of(line, "hex");
    if (line.at("body").is_null() || octets.size() > 1'000 || line.at("id").as_int64() > 142) continue;
    const std::string_view body = std::string_view(octets).substr(kHeaderBytes);
    const bool is_request = (static_cast<unsigned char>(octets[2]) & 0xa0U) == 0x80U;
    const bool is_response = static_cast<unsigned char>(octets[2]) == 2 && octets[3] == 20;
    for (std::size_t length = 0; length < body.size(); ++length) {
      const auto cut = body.substr(0, length);
      RequestDecoder decoder(cut);
      auto head = decoder.head();
      if (is_request) EXPECT_FALSE(head && decoder.rest(*std::move(head))) << name_of(line) << " cut at " << length;
      if (is_response) EXPECT_FALSE(decode_response(cut)) << name_of(line) << " cut at " << length;
    }
  }
}

/// What a server did: the octets that it wrote in hexadecimal, "status n", "nothing", and whether it closed.
std::string verdict_of(ServerSession& server, const std::string& expected) {
  const auto octets = server.take_output(kStart);
  std::string verdict = octets.empty() ? "nothing" : to_hex(octets);
  if (!octets.empty() && expected.starts_with("status ")) verdict = "status " + std::to_string(static_cast<unsigned char>(octets[3]));
  if (server.closed()) verdict = octets.empty() ? "close" : verdict + ", close";
  return verdict;
}

TEST(Vectors, HandMadeRequestsGetTheVerdictStated) {
  const auto lines = read_lines("requests.jsonl");
  EXPECT_EQ(lines.size(), 74U);
  for (const auto& line : lines) {
    ServerSession server({}, GreetingService::check, kStart);
    for (const auto& call : server.receive(octets_of(line, "sent"), kStart))
      server.answer(call.ticket, GreetingService::serve(call.request));
    EXPECT_EQ(server.open_calls(), 0U);
    const auto ours = text_of(line, "ours");
    EXPECT_EQ(verdict_of(server, ours), ours) << text_of(line, "name");
  }
}

TEST(Vectors, HandMadeResponsesGetTheVerdictStated) {
  const auto lines = read_lines("responses.jsonl");
  EXPECT_EQ(lines.size(), 66U);
  for (const auto& line : lines) {
    for (const bool in_single_octets : {false, true}) {
      ClientSession client({}, kStart);
      ASSERT_EQ(client.call("a request", kStart + milliseconds(1)).value(), 1U);
      client.take_output(kStart);
      const auto octets = octets_of(line, "response");
      std::vector<CallEnd> ends;
      for (std::size_t at = 0; at < octets.size();) {
        const auto piece = std::string_view(octets).substr(at, in_single_octets ? 1 : octets.size());
        for (auto& end : client.receive(piece, kStart)) ends.push_back(std::move(end));
        at += piece.size();
      }
      ASSERT_LE(ends.size(), 1U) << text_of(line, "name");
      std::string verdict = ends.empty() ? "nothing" : describe(ends[0]);
      if (client.closed()) verdict += ", close";
      EXPECT_EQ(verdict, text_of(line, "ours")) << text_of(line, "name");
    }
  }
}

}  // namespace
}  // namespace meepo::dubbo
