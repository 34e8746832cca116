#pragma once
// Strings of Hessian. Java counts and sends them in UTF-16 units, each unit as 1 to 3 octets of its own: a character beyond U+FFFF is two
// units and six octets, and half of one may stand alone. That form ("text as it travels", known as CESU-8) is kept, because UTF-8 has no
// room for lone halves. For text without characters beyond U+FFFF it is the same as UTF-8. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace meepo::hessian2 {

/// Text as it travels, of UTF-8. Octets that are no UTF-8 become U+FFFD.
std::string from_utf8(std::string_view utf8);

/// UTF-8 of text as it travels. Half a pair without the other becomes U+FFFD.
std::string to_utf8(std::string_view java_text);

/// How many octets from the front are ASCII, one unit each: most texts are nothing else. Inline, because every string is looked at.
inline std::size_t ascii_octets(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & 0x8080808080808080ULL) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80U) ++at;
  return at;
}

/// Whether all octets are ASCII. Reads words that overlap, so that short texts take no loop; copy_short() likewise.
inline bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  const auto* const at = text.data();
  const auto size = text.size();
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  if (size >= sizeof(first)) {
    std::memcpy(&last, at + size - sizeof(last), sizeof(last));
    for (std::size_t i = 0; i + sizeof(first) < size; i += sizeof(first)) {
      std::memcpy(&first, at + i, sizeof(first));
      last |= first;
    }
  } else if (size >= sizeof(std::uint32_t)) {
    std::memcpy(&first, at, sizeof(std::uint32_t));
    std::memcpy(&last, at + size - sizeof(std::uint32_t), sizeof(std::uint32_t));
    last |= first;
  } else if (size > 0) {
    last = static_cast<std::uint8_t>(at[0] | at[size / 2] | at[size - 1]);
  }
  return (last & kHighBits) == 0;
}

inline constexpr std::size_t kShortOctets = 32;  ///< of copy_short(): fewer than these

/// Without the call of memcpy.
inline void copy_short(char* to, std::string_view text) {
  const auto* const from = text.data();
  const auto size = text.size();
  const auto both_ends = [&]<std::size_t octets>() {
    std::array<char, octets> last;
    std::memcpy(last.data(), from + size - octets, octets);
    std::memcpy(to, from, octets);
    std::memcpy(to + size - octets, last.data(), octets);
  };
  if (size >= 16) return both_ends.template operator()<16>();
  if (size >= 8) return both_ends.template operator()<8>();
  if (size >= 4) return both_ends.template operator()<4>();
  if (size == 0) return;
  to[0] = from[0];
  to[size / 2] = from[size / 2];
  to[size - 1] = from[size - 1];
}

/// The number of UTF-16 units: Java's length().
std::size_t utf16_units(std::string_view java_text);

struct UnitsFound {
  std::size_t octets = 0;
  bool is_plain = true;  ///< in the form in which text is kept; if not, append_units makes it of these octets
};

/// Where the first `units` UTF-16 units of `octets` end. Taken are 1 to 3 octets a unit, halves of pairs alone or not, and what others
/// write: 4 octets of UTF-8 for two units, C0 80 for U+0000. Nothing if they are cut or anything else.
std::optional<UnitsFound> find_units(std::string_view octets, std::size_t units);

/// Appends text as it travels, made of octets that find_units has found good.
void append_units(std::string& out, std::string_view octets);

}  // namespace meepo::hessian2
