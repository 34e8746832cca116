#include "protocol/hessian2/text.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::uint32_t octet(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

void put(std::string& out, std::uint32_t octet) { out += static_cast<char>(octet); }

void put_three(std::string& out, std::uint32_t unit) {
  put(out, 0xE0U | (unit >> 12U));
  put(out, 0x80U | ((unit >> 6U) & 0x3FU));
  put(out, 0x80U | (unit & 0x3FU));
}

/// The length that a sequence's first octet announces; 1 for what begins none.
std::size_t sequence_size(std::uint32_t first) {
  if (first < 0xC0U) return 1;
  if (first < 0xE0U) return 2;
  return first < 0xF0U ? 3 : 4;
}

/// The unit at `at` if it is half of a pair, `low` or high; 0 if not.
std::uint32_t surrogate(std::string_view text, std::size_t at, bool low) {
  if (at + 3 > text.size() || octet(text, at) != 0xEDU) return 0;
  const auto unit = 0xD000U | ((octet(text, at + 1) & 0x3FU) << 6U) | (octet(text, at + 2) & 0x3FU);
  const auto first = low ? 0xDC00U : 0xD800U;
  return unit >= first && unit < first + 0x400U ? unit : 0;
}

bool is_continuation(std::string_view text, std::size_t at) { return at < text.size() && (octet(text, at) & 0xC0U) == 0x80U; }

/// The code point of a valid sequence of four octets as two units of three.
void put_pair(std::string& out, std::string_view sequence) {
  const auto code = ((octet(sequence, 0) & 0x07U) << 18U) | ((octet(sequence, 1) & 0x3FU) << 12U) | ((octet(sequence, 2) & 0x3FU) << 6U) |
                    (octet(sequence, 3) & 0x3FU);
  put_three(out, 0xD800U + ((code - 0x10000U) >> 10U));
  put_three(out, 0xDC00U + ((code - 0x10000U) & 0x3FFU));
}

/// Whether the sequence of `size` octets at `at` is there and in no longer form than it needs.
bool is_unit(std::string_view octets, std::size_t at, std::size_t size) {
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(octets, at + i)) return false;
  }
  const auto first = octet(octets, at);
  if (size == 2) return first >= 0xC2U || (first == 0xC0U && octet(octets, at + 1) == 0x80U);
  if (size == 3) return first != 0xE0U || octet(octets, at + 1) >= 0xA0U;
  return is_utf8(octets.substr(at, size));
}

/// How many units from the front, `most` at most, take three octets of which no shorter form would do: most of what is not ASCII.
std::size_t three_octet_units(std::string_view octets, std::size_t most) {
  std::size_t units = 0;
  const auto* at = octets.data();
  const auto* const end = at + octets.size();
  for (std::uint32_t word = 0; units < most && end - at >= 4; ++units, at += 3) {
    std::memcpy(&word, at, sizeof(word));
    // E1 to EF, then two continuations.
    if ((word & 0x00C0C0F0U) != 0x008080E0U || (word & 0xFFU) == 0xE0U) break;
  }
  return units;
}

}  // namespace

std::optional<UnitsFound> find_units(std::string_view octets, std::size_t units) {
  if (octets.size() < units) return std::nullopt;
  UnitsFound found{.octets = ascii_octets(octets.substr(0, units))};
  for (units -= found.octets; units > 0; --units) {
    const auto in_three = three_octet_units(octets.substr(found.octets), units);
    units -= in_three;
    found.octets += 3 * in_three;
    if (units == 0) break;
    if (found.octets == octets.size()) return std::nullopt;
    const auto first = octet(octets, found.octets);
    if (first < 0x80U) {
      ++found.octets;
      continue;
    }
    const auto size = sequence_size(first);
    if (size == 1 || !is_unit(octets, found.octets, size)) return std::nullopt;
    if (size == 4 && --units == 0) return std::nullopt;
    found.is_plain = found.is_plain && size < 4 && first != 0xC0U;
    found.octets += size;
  }
  return found;
}

void append_units(std::string& out, std::string_view octets) {
  for (std::size_t at = 0; at < octets.size();) {
    const auto size = sequence_size(octet(octets, at));
    if (size == 4) {
      put_pair(out, octets.substr(at, size));
    } else if (octet(octets, at) == 0xC0U) {
      out += '\0';
    } else {
      out += octets.substr(at, size);
    }
    at += size;
  }
}

std::string from_utf8(std::string_view utf8) {
  const auto plain = ascii_octets(utf8);
  std::string out(utf8.substr(0, plain));
  if (plain == utf8.size()) return out;
  out.reserve(utf8.size());
  for (std::size_t at = plain; at < utf8.size();) {
    const auto size = sequence_size(octet(utf8, at));
    const auto sequence = utf8.substr(at, size);
    if (!is_utf8(sequence)) {
      out += kReplacement;
      ++at;
      continue;
    }
    at += size;
    if (size < 4) {
      out += sequence;
    } else {
      put_pair(out, sequence);
    }
  }
  return out;
}

std::string to_utf8(std::string_view java_text) {
  const auto plain = ascii_octets(java_text);
  std::string out(java_text.substr(0, plain));
  if (plain == java_text.size()) return out;
  out.reserve(java_text.size());
  for (std::size_t at = plain; at < java_text.size();) {
    const auto high = surrogate(java_text, at, false);
    const auto low = high != 0 ? surrogate(java_text, at + 3, true) : 0;
    if (low != 0) {
      const auto code = 0x10000U + ((high - 0xD800U) << 10U) + (low - 0xDC00U);
      put(out, 0xF0U | (code >> 18U));
      put(out, 0x80U | ((code >> 12U) & 0x3FU));
      put(out, 0x80U | ((code >> 6U) & 0x3FU));
      put(out, 0x80U | (code & 0x3FU));
      at += 6;
    } else if (high != 0 || surrogate(java_text, at, true) != 0) {
      out += kReplacement;
      at += 3;
    } else {
      out += java_text[at++];
    }
  }
  return out;
}

std::size_t utf16_units(std::string_view java_text) {
  // Of each unit one octet is no continuation, which has its highest bit and not the next one. Eight octets at a time.
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  std::uint64_t word = 0;
  std::size_t continuations = 0;
  std::size_t at = 0;
  for (; at + sizeof(word) <= java_text.size(); at += sizeof(word)) {
    std::memcpy(&word, java_text.data() + at, sizeof(word));
    continuations += (((word & ~(word << 1U) & kHighBits) >> 7U) * 0x0101010101010101ULL) >> 56U;
  }
  for (; at < java_text.size(); ++at) continuations += is_continuation(java_text, at) ? 1 : 0;
  return java_text.size() - continuations;
}

}  // namespace meepo::hessian2
