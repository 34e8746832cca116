#pragma once
// Text as it meets people: UTF-8 checks, quoting for error messages, JSON strings. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace meepo {

/// Valid UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. Empty text is valid.
bool is_utf8(std::string_view text);

/// True if `text` holds a control character: U+0000–U+001F or U+007F–U+009F.
bool has_control_character(std::string_view text);

/// The value in double quotes for an error message: control characters, quotes, backslashes and bytes that are no UTF-8 are escaped,
/// and what is longer than `bytes_max` is cut between characters and marked "…". The answer is always valid UTF-8 on one line.
std::string quoted(std::string_view value, std::size_t bytes_max = 64);
// Exact matches, so that an unqualified call never means std::quoted.
inline std::string quoted(const char* value, std::size_t bytes_max = 64) { return quoted(std::string_view(value), bytes_max); }
inline std::string quoted(const std::string& value, std::size_t bytes_max = 64) { return quoted(std::string_view(value), bytes_max); }

/// Appends `value` as a JSON string, with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view value);

}  // namespace meepo
