#pragma once
// One Dubbo frame: a header of 16 octets, all numbers big-endian, and a body.
//
//   offset octets
//   0      2      magic DA BB
//   2      1      flags: 80 request, 40 two-way (requests only), 20 event, the low five bits name the serialization
//   3      1      status of a response; 0 in a request
//   4      8      request id, chosen by the client and echoed in the response; opaque to the server
//   12     4      octets of the body, signed
//
// Source: dubbo.apache.org, "Dubbo2 protocol specification"; checked against frames of Dubbo 2.6.12, 2.7.23 and 3.3.6 (vectors/).
// Pure: octets in, frames out.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo::dubbo {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kBodyBytesMax = std::size_t{8} << 20U;  ///< of one body: the default `payload` of every Java peer
inline constexpr std::uint8_t kHessian2 = 2;                         ///< the only serialization that this library speaks

/// Status of a response, as the Java peers name them. A peer may send any other octet: treat it as an error with a text.
enum class Status : std::uint8_t {
  Ok = 20,
  SerializationError = 25,         ///< Dubbo 3: the provider could not write its result; the call did run
  ClientTimeout = 30,
  ServerTimeout = 31,
  ChannelInactive = 35,
  BadRequest = 40,                 ///< the request could not be read, or names what the provider does not have
  BadResponse = 50,                ///< the provider could not write its result; the call did run
  ServiceNotFound = 60,
  ServiceError = 70,               ///< unknown group or version, a generic call that does not fit
  ServerError = 80,
  ClientError = 90,
  ServerThreadpoolExhausted = 100  ///< refused at once: nothing ran
};

struct FrameHeader {
  bool request = false;
  bool two_way = false;  ///< of a request: the peer waits for an answer
  bool event = false;    ///< heartbeat, read-only, or another notice; not a call
  std::uint8_t serialization = kHessian2;
  std::uint8_t status = 0;  ///< of a response: a Status or any other octet
  std::uint64_t id = 0;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

/// What a reader did with a frame's body.
enum class Body : std::uint8_t {
  Held,      ///< here, whole
  TooLong,   ///< longer than the limit: passed over without being held; the frames behind it are read
  Negative,  ///< its length is negative, so nobody knows where the next frame begins: the reader reads no more
};

struct Frame {
  FrameHeader header;
  Body kind = Body::Held;
  std::int32_t length = 0;  ///< octets of the body, as the header says
  std::string_view body;    ///< empty unless Held; points into the reader or into what it was given, until its next call
};

/// Appends one frame. The body is at most kBodyBytesMax octets: the caller has checked it.
void append_frame(std::string& out, const FrameHeader& header, std::string_view body);

/// Cuts a stream of octets into frames. Holds at most one frame that is not complete, and of it only what has arrived.
class FrameReader {
 public:
  /// @param body_bytes_max  longer bodies are not held; at most 2^31-1
  explicit FrameReader(std::size_t body_bytes_max = kBodyBytesMax) : body_bytes_max_(body_bytes_max) {}

  /// Takes octets off the front of `in` until a frame is complete, or `in` is empty: then nothing, and it needs more.
  /// A frame whose body is too long comes as soon as its header is complete.
  /// Corruption: the octets are no Dubbo frame (the message says what they look like); so is every later call.
  Result<std::optional<Frame>> next(std::string_view& in);

  /// Octets of an incomplete frame that are held now.
  [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }

 private:
  bool is_complete(std::string_view& in, std::size_t bytes, std::string_view& out);

  std::size_t body_bytes_max_;
  std::string held_;              // the beginning of a frame
  bool give_back_ = false;        // held_ was given out: it is emptied at the next call
  std::uint64_t skip_bytes_ = 0;  // still to come of a body that is too long
  std::optional<Error> broken_;
};

}  // namespace meepo::dubbo
