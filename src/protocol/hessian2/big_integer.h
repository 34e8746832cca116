#pragma once
// java.math.BigInteger: an object {signum, mag} with the magnitude as ints of 32 bits, the highest first. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

inline constexpr std::string_view kBigInteger = "java.math.BigInteger";

/// Of digits with or without a minus before them. Nothing if it is no whole number or has more than kBigDigitsMax digits.
std::optional<Value> big_integer_of(std::string_view decimal, Document& document);

/// The digits of such an object. Nothing if it is none, or has more than kBigDigitsMax digits.
std::optional<std::string> decimal_of(Value big_integer);

}  // namespace meepo::hessian2
