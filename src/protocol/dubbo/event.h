#pragma once
// Events: frames that are no calls. Both ends answer a two-way heartbeat; a provider that is about to stop sends read-only, and goes on
// answering what comes all the same. Source: vectors/frames.jsonl, frames 140 to 142; vectors/requests.jsonl.

#include <cstdint>
#include <string_view>

#include "protocol/dubbo/frame.h"

namespace meepo::dubbo {

enum class Event : std::uint8_t {
  Heartbeat,
  ReadOnly,  ///< the sender takes no new calls soon
  Other,     ///< "W" and whatever else: to be passed over
};

inline constexpr std::string_view kHeartbeatBody = "N";  ///< of a heartbeat and of its answer: null
inline constexpr std::string_view kReadOnlyBody = "\x01R";

/// What an event with this body is: Dubbo sends a heartbeat as null, and some clients as no octets at all.
constexpr Event event_of(std::string_view body) {
  using std::string_view_literals::operator""sv;
  if (body.empty() || body == kHeartbeatBody) return Event::Heartbeat;
  // The string "R" in its three forms for a short string.
  if (body == "\x01R"sv || body == "\x30\x01R"sv || body == "S\x00\x01R"sv) return Event::ReadOnly;
  return Event::Other;
}

}  // namespace meepo::dubbo
