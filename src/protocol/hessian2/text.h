#pragma once
// Strings of Hessian. Java counts and sends them in UTF-16 units, each unit as 1 to 3 octets of its own: a character beyond U+FFFF is two
// units and six octets, and half of one may stand alone. That form ("text as it travels", known as CESU-8) is kept, because UTF-8 has no
// room for lone halves. For text without characters beyond U+FFFF it is the same as UTF-8. Pure.

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
