#pragma once
// Base 64 (RFC 4648 §4), with padding. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace meepo::hessian2 {

std::string to_base64(std::string_view octets);

/// Nothing unless it is what to_base64 writes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace meepo::hessian2
