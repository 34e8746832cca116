#include "api/http/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace meepo::api {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::uint32_t take_hex4(std::string_view& text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + 4, value, 16);
  text.remove_prefix(4);
  return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | (code >> 6U));
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3FU));
    put(0x80U | ((code >> 6U) & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

/// After "\u". The second half of a pair follows the first: the syntax check refused anything else.
std::uint32_t take_unicode(std::string_view& text) {
  const auto first = take_hex4(text);
  if (first < 0xD800 || first > 0xDBFF) return first;
  text.remove_prefix(2);
  return 0x10000U + ((first - 0xD800U) << 10U) + (take_hex4(text) - 0xDC00U);
}

}  // namespace

void JsonText::skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

bool JsonText::take(char mark) {
  if (peek() != mark) return false;
  rest_.remove_prefix(1);
  skip_blanks();
  return true;
}

bool JsonText::take_comma_or(char closing) {
  if (take(',')) return true;
  take(closing);
  return false;
}

/// With both quotes.
std::size_t JsonText::string_size() const {
  std::size_t at = 1;
  while (at < rest_.size() && rest_[at] != '"') at += rest_[at] == '\\' ? 2 : 1;
  return std::min(at + 1, rest_.size());
}

std::string JsonText::take_string() {
  const auto size = string_size();
  auto text = rest_.substr(1, size - 2);
  rest_.remove_prefix(size);
  skip_blanks();
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char escaped = text[1];
    text.remove_prefix(2);
    switch (escaped) {
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'u': append_utf8(out, take_unicode(text)); break;
      default: out += escaped;
    }
  }
  return out;
}

std::string_view JsonText::take_value() {
  const auto whole = rest_;
  std::size_t size = 0;
  if (peek() == '"') {
    size = string_size();
  } else if (peek() != '{' && peek() != '[') {
    size = std::min(rest_.find_first_of(",]} \t\r\n"), rest_.size());
  } else {
    int depth = 0;
    do {
      if (peek() == '"') {
        rest_.remove_prefix(string_size());
        continue;
      }
      depth += peek() == '{' || peek() == '[' ? 1 : peek() == '}' || peek() == ']' ? -1 : 0;
      rest_.remove_prefix(1);
    } while (depth > 0);
    size = whole.size() - rest_.size();
    rest_ = whole;
  }
  rest_.remove_prefix(size);
  skip_blanks();
  return whole.substr(0, size);
}

}  // namespace meepo::api
