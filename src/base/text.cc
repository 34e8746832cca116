#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace meepo {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

/// How many bytes the character at the front of `in` takes; 0 if it is no UTF-8. `in` is not empty.
std::size_t character_length(std::string_view in) {
  const auto first = static_cast<unsigned char>(in[0]);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (in.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(in[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(in[1]);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool beyond = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || beyond ? 0 : length;
}

/// `character` is one character, or one byte that is none.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7f) return true;
  return character.size() == 2 && first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

void append_escaped(std::string& out, std::string_view character) {
  if (character == "\n") {
    out += "\\n";
  } else if (character == "\r") {
    out += "\\r";
  } else if (character == "\t") {
    out += "\\t";
  } else if (character == "\"" || character == "\\") {
    out += '\\';
    out += character;
  } else {
    for (const char c : character) fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
  }
}

void append_json_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool has_control_character(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(character_length(text), 1);
    if (is_control(text.substr(0, length))) return true;
    text.remove_prefix(length);
  }
  return false;
}

std::string quoted(std::string_view value, std::size_t bytes_max) {
  std::string out = "\"";
  std::size_t taken = 0;
  while (!value.empty()) {
    const std::size_t length = character_length(value);
    const std::string_view character = value.substr(0, std::max<std::size_t>(length, 1));
    if (taken + character.size() > bytes_max) {
      out += "…";
      break;
    }
    if (length == 0 || is_control(character) || character == "\"" || character == "\\") {
      append_escaped(out, character);
    } else {
      out += character;
    }
    taken += character.size();
    value.remove_prefix(character.size());
  }
  out += '"';
  return out;
}

void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  while (!value.empty()) {
    const std::size_t length = character_length(value);
    const char first = value[0];
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (length == 1 && (is_control(value.substr(0, 1)) || first == '"' || first == '\\')) {
      append_json_escaped(out, first);
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

}  // namespace meepo
