#pragma once
// Decimal numbers as texts, and when a double is the same number. Pure.

#include <optional>
#include <string_view>

namespace meepo::hessian2 {

/// Whether java.math.BigDecimal reads it: digits with an optional sign, point and exponent of at most nine digits; at most kBigDigitsMax
/// characters.
bool is_decimal(std::string_view text);

/// The nearest double; 0 for what is too small for one. Nothing if it is no decimal or too large.
std::optional<double> to_double(std::string_view decimal);

/// The double whose shortest text is the same number, digit for digit. Nothing if there is none: a double would lose digits.
std::optional<double> to_exact_double(std::string_view decimal);

}  // namespace meepo::hessian2
