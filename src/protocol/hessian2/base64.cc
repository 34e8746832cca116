#include "protocol/hessian2/base64.h"

#include <algorithm>
#include <cstdint>

namespace meepo::hessian2 {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (; !octets.empty(); octets.remove_prefix(std::min<std::size_t>(3, octets.size()))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8U | (i < octets.size() ? static_cast<std::uint8_t>(octets[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= octets.size() ? kDigits[(group >> (18U - 6U * i)) & 0x3FU] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string octets;
  for (auto rest = text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(4, rest.size()))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto digit = i < rest.size() ? kDigits.find(rest[i]) : std::string_view::npos;
      group = group << 6U | static_cast<std::uint32_t>(digit == std::string_view::npos ? 0 : digit);
    }
    for (unsigned i = 0; i < 3; ++i) octets += static_cast<char>(group >> (16U - 8U * i));
  }
  for (auto rest = text; rest.ends_with('=') && !octets.empty(); rest.remove_suffix(1)) octets.pop_back();
  // What was no digit, no padding or left over shows when it is written again.
  if (to_base64(octets) != text) return std::nullopt;
  return octets;
}

}  // namespace meepo::hessian2
