#include "protocol/hessian2/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "protocol/hessian2/limits.h"

namespace meepo::hessian2 {
namespace {

constexpr std::size_t kExponentDigitsMax = 9;

std::size_t take_digits(std::string_view& text) {
  const auto count = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(count);
  return count;
}

void take_sign(std::string_view& text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
}

/// Sign and digits without zeros at either end, and the power of ten of the last digit: equal for texts of the same number.
std::pair<std::string, std::int64_t> normal_form(std::string_view decimal) {
  std::string digits;
  std::int64_t exponent = 0;
  const bool is_negative = decimal.starts_with('-');
  take_sign(decimal);
  const auto mark = std::min(decimal.find_first_of("eE"), decimal.size());
  auto written = decimal.substr(std::min(mark + 1, decimal.size()));
  if (written.starts_with('+')) written.remove_prefix(1);
  std::from_chars(written.data(), written.data() + written.size(), exponent);
  bool is_behind_point = false;
  for (const char c : decimal.substr(0, mark)) {
    if (c == '.') {
      is_behind_point = true;
    } else {
      digits += c;
      exponent -= is_behind_point ? 1 : 0;
    }
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  for (; digits.ends_with('0'); digits.pop_back()) ++exponent;
  if (digits.empty()) return {"0", 0};
  return {(is_negative ? "-" : "") + digits, exponent};
}

}  // namespace

bool is_decimal(std::string_view text) {
  if (text.size() > kBigDigitsMax) return false;
  take_sign(text);
  auto digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits(text);
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (!text.starts_with('e') && !text.starts_with('E')) return false;
  text.remove_prefix(1);
  take_sign(text);
  const auto exponent_digits = take_digits(text);
  return text.empty() && exponent_digits > 0 && exponent_digits <= kExponentDigitsMax;
}

std::optional<double> to_double(std::string_view decimal) {
  if (!is_decimal(decimal)) return std::nullopt;
  if (decimal.starts_with('+')) decimal.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), number);
  if (error == std::errc()) return number;
  // Out of range: too small or too large.
  const auto [digits, exponent] = normal_form(decimal);
  if (exponent + static_cast<std::int64_t>(digits.size()) < 0) return 0.0;
  return std::nullopt;
}

std::optional<double> to_exact_double(std::string_view decimal) {
  const auto number = to_double(decimal);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  char shortest[32];
  const auto [end, error] = std::to_chars(shortest, shortest + sizeof(shortest), *number);
  if (error != std::errc() || normal_form({shortest, end}) != normal_form(decimal)) return std::nullopt;
  return number;
}

}  // namespace meepo::hessian2
