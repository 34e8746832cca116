#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "task/check.h"

namespace meepo::check {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

Checked length(std::string_view field, std::string_view value, TextRule rule) {
  if (value.size() < rule.bytes_min) return refuse(field, value, fmt::format("{} to {} bytes", rule.bytes_min, rule.bytes_max));
  if (value.size() > rule.bytes_max) {
    return refuse(field, value, fmt::format("at most {} bytes, not {}", rule.bytes_max, value.size()));
  }
  return {};
}

}  // namespace

std::unexpected<Error> refuse(std::string_view field, std::string_view value, std::string_view expected) {
  return refuse_number(field, quoted(value), expected);
}

std::unexpected<Error> refuse_number(std::string_view field, std::string_view value, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {}", field, value, expected), std::string(field));
}

Checked text(std::string_view field, std::string_view value, TextRule rule) {
  if (auto checked = length(field, value, rule); !checked) return checked;
  if (!is_utf8(value)) return refuse(field, value, "valid UTF-8");
  if (has_control_character(value)) return refuse(field, value, "no control characters");
  return {};
}

Checked name(std::string_view field, std::string_view value, std::string_view others, TextRule rule) {
  if (auto checked = length(field, value, rule); !checked) return checked;
  const bool allowed =
      std::ranges::all_of(value, [others](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
  if (!allowed) return refuse(field, value, fmt::format("only letters, digits and {}", others));
  return {};
}

Checked payload_size(std::string_view field, const Payload& payload) {
  if (payload.data.size() <= limits::kPayloadBytesMax) return {};
  return refuse_number(field, fmt::format("{} bytes long", payload.data.size()), fmt::format("at most {} bytes", limits::kPayloadBytesMax));
}

}  // namespace meepo::check
