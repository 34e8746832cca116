#include "executor/kept_text.h"

#include <algorithm>

#include "base/text.h"

namespace meepo::executor {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the valid character at the front of `text`, or 0.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

std::string kept_text(std::string text, std::size_t bytes_max) {
  // What is far beyond the limit is cut first, so that a huge text costs no more than a long one. U+FFFD may be longer than what it
  // stands for, never shorter: the bytes kept here are enough.
  const bool cut = text.size() > bytes_max;
  if (cut) text.resize(bytes_max);
  if (!is_utf8(text)) text = repaired(text);
  if (!cut && text.size() <= bytes_max) return text;
  std::size_t end = std::min(text.size(), bytes_max - kCutMark.size());
  // Back to the start of a character (no continuation byte, 10xxxxxx).
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += kCutMark;
  return text;
}

}  // namespace meepo::executor
