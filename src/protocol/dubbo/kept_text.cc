#include "protocol/dubbo/kept_text.h"

#include <utility>

#include "base/text.h"
#include "protocol/hessian2/text.h"

namespace meepo::dubbo {
namespace {

constexpr std::string_view kCut = "…";

}  // namespace

std::string cut_text(std::string utf8, std::size_t bytes_max) {
  if (utf8.size() <= bytes_max) return utf8;
  std::size_t end = bytes_max - kCut.size();
  while (end > 0 && (static_cast<unsigned char>(utf8[end]) & 0xc0U) == 0x80U) --end;
  utf8.resize(end);
  return utf8 += kCut;
}

std::string kept_text(std::string_view hessian_text, std::size_t bytes_max) {
  // UTF-8 has at least two thirds of the octets, so of twice as many the last ones are cut off again, whole or not.
  return cut_text(hessian2::to_utf8(hessian_text.substr(0, 2 * bytes_max)), bytes_max);
}

std::string hessian_text(std::string_view text, std::size_t bytes_max) {
  if (!is_utf8(text)) return hessian2::from_utf8(quoted(text, bytes_max - kCut.size()));
  return hessian2::from_utf8(cut_text(std::string(text.substr(0, bytes_max + 1)), bytes_max));
}

}  // namespace meepo::dubbo
