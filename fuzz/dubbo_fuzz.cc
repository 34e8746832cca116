// Any octets as what a peer sends: to a provider's session, to a consumer's, as the body of a request or of a response, as a descriptor.
// Sessions answer or close, keep their bounds, and end every call once; what a body says is written as a body that says the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/dubbo/client_session.h"
#include "protocol/dubbo/descriptor.h"
#include "protocol/dubbo/exception.h"
#include "protocol/dubbo/server_session.h"

namespace {

using namespace meepo;
using namespace meepo::dubbo;

constexpr SteadyTime kStart{std::chrono::hours(1)};
constexpr std::size_t kBodyMax = 4'096;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Feeds a session in pieces whose length the input's second octet chooses.
template <class Feed>
void in_pieces(std::string_view stream, std::size_t piece, const Feed& feed) {
  for (std::size_t at = 0; at < stream.size(); at += piece) feed(stream.substr(at, piece));
}

/// What a session wrote is frames, whole.
void check_output(const std::string& octets) {
  FrameReader reader;
  std::string_view in = octets;
  while (true) {
    const auto frame = reader.next(in);
    check(frame.has_value());
    if (!*frame) break;
    check((*frame)->kind == Body::Held);
  }
  check(in.empty() && reader.held_bytes() == 0);
}

void fuzz_server(std::string_view stream, std::size_t piece) {
  ServerSession server(
      {.calls_max = 4, .outgoing_bytes_max = 1U << 20U, .body_bytes_max = kBodyMax},
      [](const RequestHead& head) { return head.path == "no" ? std::optional(Refusal{.text = "no"}) : std::nullopt; }, kStart);
  in_pieces(stream, piece, [&](std::string_view octets) {
    for (auto& call : server.receive(octets, kStart)) {
      check(!call.request.types || call.request.types->size() == call.request.arguments.size());
      if (call.request.arguments.empty()) {
        server.answer(call.ticket, Thrown{.class_name = "java.lang.RuntimeException", .message = call.request.method});
      } else {
        server.answer(call.ticket, Returned{.value = call.request.arguments.front()});
      }
    }
    check(server.open_calls() <= 4 && server.held_bytes() <= (1U << 20U) + kHeaderBytes + kBodyMax);
  });
  check_output(server.take_output(kStart));
}

void fuzz_client(std::string_view stream, std::size_t piece) {
  ClientSession client({.body_bytes_max = kBodyMax}, kStart);
  std::set<std::uint64_t> open;
  for (int i = 0; i < 3; ++i) open.insert(client.call("body", kStart + milliseconds(1)).value());
  check_output(client.take_output(kStart));
  const auto end_all = [&](const std::vector<CallEnd>& ends) {
    for (const auto& end : ends) {
      check(open.erase(end.call) == 1);
      if (end.outcome && end.outcome->thrown) check(exception_of(end.outcome->value).has_value());
      if (!end.outcome) check(end.outcome.error().sent);
    }
  };
  in_pieces(stream, piece, [&](std::string_view octets) {
    end_all(client.receive(octets, kStart));
    check_output(client.take_output(kStart));
    check(client.held_bytes() <= kHeaderBytes + kBodyMax);
  });
  end_all(client.tick(kStart + milliseconds(1)));
  check(open.empty());
}

void fuzz_request(std::string_view body) {
  RequestDecoder decoder(body);
  const auto head = decoder.head();
  if (!head) return check(!head.error().message.empty());
  const auto request = decoder.rest(*head);
  if (!request) return check(!request.error().message.empty());
  if (request->generic) return;
  const auto written = encode_request(request->head, request->arguments, request->attachments);
  if (!written) return check(written.error().code == Code::Exhausted);
  RequestDecoder again(*written);
  const auto head_again = again.head();
  check(head_again.has_value() && head_again->method == head->method && head_again->descriptor == head->descriptor);
  const auto request_again = again.rest(*head_again);
  check(request_again && request_again->arguments.size() == request->arguments.size());
}

void fuzz_response(std::string_view body) {
  decode_text(body);
  const auto response = decode_response(body);
  if (!response) return check(!response.error().message.empty());
  if (response->thrown) return check(exception_of(response->value).has_value());
  const auto written = encode_response(Returned{.value = response->value}, {});
  check(!written || decode_response(*written).has_value());
}

void fuzz_descriptor(std::string_view text) {
  const auto names = type_names_of(text);
  if (!names) return check(names.error().code == Code::InvalidArgument);
  check(descriptor_of(*names) == std::string(text));
}

}  // namespace

// The first octet chooses what the rest is; for sessions the second one is the length of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = std::max<std::size_t>(data[1], 1);
  switch (data[0] % 5) {
    case 0: fuzz_server(rest, piece); break;
    case 1: fuzz_client(rest, piece); break;
    case 2: fuzz_request(rest); break;
    case 3: fuzz_response(rest); break;
    default: fuzz_descriptor(rest);
  }
  return 0;
}
