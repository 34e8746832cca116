#include "protocol/dubbo/frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace meepo::dubbo {
namespace {

constexpr std::string_view kMagic = "\xda\xbb";
constexpr std::uint8_t kRequestFlag = 0x80;
constexpr std::uint8_t kTwoWayFlag = 0x40;
constexpr std::uint8_t kEventFlag = 0x20;
constexpr std::uint8_t kSerializationMask = 0x1f;
constexpr std::size_t kIdOffset = 4;
constexpr std::size_t kLengthOffset = 12;
// A held buffer larger than this is given back to the allocator after its frame, so that one large call does not cost memory for ever.
constexpr std::size_t kHeldBytesKept = 64UL << 10U;

template <class T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T) * 8) - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value >> static_cast<unsigned>(shift))));
  }
}

template <class T>
T read_big_endian(std::string_view in) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((value << 8U) | static_cast<std::uint8_t>(in[i]));
  return value;
}

std::string_view looks_like(std::string_view octets) {
  if (octets.starts_with("\x16\x03")) return "a TLS hello";
  if (octets.starts_with("PRI ")) return "HTTP/2";
  for (const std::string_view method : {"GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "CONN", "PATC", "TRAC"}) {
    if (octets.starts_with(method)) return "HTTP";
  }
  const bool is_text = std::ranges::all_of(octets, [](char c) { return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\t'; });
  return is_text ? "text, as telnet sends it" : "no protocol known here";
}

Error no_frame(std::string_view octets) {
  const auto begin = octets.substr(0, 4);
  return Error{.code = Code::Corruption,
               .message = fmt::format("read a Dubbo frame: it begins with {} ({}); expected da bb", to_hex(begin), looks_like(begin))};
}

Frame read_header(std::string_view header, std::size_t body_bytes_max) {
  const auto flags = static_cast<std::uint8_t>(header[2]);
  Frame frame{.header = {.request = (flags & kRequestFlag) != 0,
                         .two_way = (flags & kTwoWayFlag) != 0,
                         .event = (flags & kEventFlag) != 0,
                         .serialization = static_cast<std::uint8_t>(flags & kSerializationMask),
                         .status = static_cast<std::uint8_t>(header[3]),
                         .id = read_big_endian<std::uint64_t>(header.substr(kIdOffset))},
              .length = static_cast<std::int32_t>(read_big_endian<std::uint32_t>(header.substr(kLengthOffset)))};
  if (frame.length < 0) {
    frame.kind = Body::Negative;
  } else if (static_cast<std::size_t>(frame.length) > body_bytes_max) {
    frame.kind = Body::TooLong;
  }
  return frame;
}

}  // namespace

void append_frame(std::string& out, const FrameHeader& header, std::string_view body) {
  out.reserve(out.size() + kHeaderBytes + body.size());
  out.append(kMagic);
  unsigned flags = header.serialization & kSerializationMask;
  if (header.request) flags |= kRequestFlag;
  if (header.two_way) flags |= kTwoWayFlag;
  if (header.event) flags |= kEventFlag;
  out.push_back(static_cast<char>(flags));
  out.push_back(static_cast<char>(header.status));
  append_big_endian(out, header.id);
  append_big_endian(out, static_cast<std::uint32_t>(body.size()));
  out.append(body);
}

/// True if `bytes` octets are there: in one piece in `in`, or together with what is held. `out` is then the piece.
bool FrameReader::is_complete(std::string_view& in, std::size_t bytes, std::string_view& out) {
  if (held_.empty() && in.size() >= bytes) {
    out = in.substr(0, bytes);
    return true;
  }
  if (held_.size() < bytes) {
    const auto part = in.substr(0, bytes - held_.size());
    held_.append(part);
    in.remove_prefix(part.size());
  }
  out = std::string_view(held_).substr(0, bytes);
  return held_.size() >= bytes;
}

Result<std::optional<Frame>> FrameReader::next(std::string_view& in) {
  if (broken_) return fail(*broken_);
  if (give_back_) {
    held_.clear();
    if (held_.capacity() > kHeldBytesKept) held_.shrink_to_fit();
    give_back_ = false;
  }
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_bytes_, in.size()));
  in.remove_prefix(skipped);
  skip_bytes_ -= skipped;
  if (skip_bytes_ > 0 || in.empty()) return std::nullopt;

  std::string_view header;
  const bool has_header = is_complete(in, kHeaderBytes, header);
  if (!header.empty() && header.substr(0, kMagic.size()) != kMagic.substr(0, header.size())) {
    broken_ = no_frame(header);
    return fail(*broken_);
  }
  if (!has_header) return std::nullopt;
  Frame frame = read_header(header, body_bytes_max_);
  if (frame.kind != Body::Held) {
    if (held_.empty()) in.remove_prefix(kHeaderBytes);
    held_.clear();
    if (frame.kind == Body::TooLong) skip_bytes_ = static_cast<std::uint64_t>(frame.length);
    if (frame.kind == Body::Negative) {
      broken_ = Error{.code = Code::Corruption, .message = fmt::format("read a Dubbo frame: its body has {} octets", frame.length)};
    }
    return frame;
  }
  const std::size_t bytes = kHeaderBytes + static_cast<std::size_t>(frame.length);
  std::string_view whole;
  if (!is_complete(in, bytes, whole)) return std::nullopt;
  if (held_.empty()) {
    in.remove_prefix(bytes);
  } else {
    give_back_ = true;
  }
  frame.body = whole.substr(kHeaderBytes);
  return frame;
}

}  // namespace meepo::dubbo
