#pragma once
// Plain byte helpers: hexadecimal text, little-endian varints as used by the record codec. All decoders are bounded.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meepo {

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(std::string_view bytes);

/// The bytes of hexadecimal text in either case; nothing if its length is odd or a character is no digit.
std::optional<std::string> from_hex(std::string_view text);

/// Appends an unsigned LEB128 number: 7 bits a byte, low bits first, 1 to 10 bytes.
void append_varint(std::string& out, std::uint64_t value);

/// Takes a number written by append_varint off the front of `in`. Nothing (and `in` unchanged) if it is cut or over 64 bits.
std::optional<std::uint64_t> take_varint(std::string_view& in);

/// 64-bit FNV-1a with splitmix64's final mix: a stable hash for shard choice and derived ids; not for secrets.
std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0xcbf29ce484222325ULL);

}  // namespace meepo
