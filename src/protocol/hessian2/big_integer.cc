#include "protocol/hessian2/big_integer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ranges>
#include <vector>

#include "protocol/hessian2/limits.h"

namespace meepo::hessian2 {
namespace {

// Nine digits at a time: the most that fit in 32 bits.
constexpr std::size_t kDigitsAtATime = 9;
constexpr std::uint64_t kBase = 1'000'000'000;

// A word of 32 bits is more than 9.63 digits.
constexpr std::size_t kWordsMax = kBigDigitsMax / kDigitsAtATime;

/// The magnitude as words, the lowest first, without zeros at the high end.
std::vector<std::uint32_t> words_of(std::string_view digits) {
  std::vector<std::uint32_t> words;
  while (!digits.empty()) {
    const auto part = digits.substr(0, (digits.size() - 1) % kDigitsAtATime + 1);
    digits.remove_prefix(part.size());
    std::uint64_t carry = 0;
    std::from_chars(part.data(), part.data() + part.size(), carry);
    for (auto& word : words) {
      carry += word * kBase;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32U;
    }
    if (carry != 0) words.push_back(static_cast<std::uint32_t>(carry));
  }
  return words;
}

/// The digits of a magnitude whose highest word comes first.
std::string digits_of(std::vector<std::uint32_t> words) {
  std::string digits;
  auto first = words.begin();
  while (true) {
    while (first != words.end() && *first == 0) ++first;
    if (first == words.end()) return digits;
    std::uint64_t rest = 0;
    for (auto at = first; at != words.end(); ++at) {
      rest = (rest << 32U) | *at;
      *at = static_cast<std::uint32_t>(rest / kBase);
      rest %= kBase;
    }
    const bool is_highest = std::all_of(first, words.end(), [](auto word) { return word == 0; });
    digits.insert(0, is_highest ? fmt::format("{}", rest) : fmt::format("{:09}", rest));
  }
}

}  // namespace

std::optional<Value> big_integer_of(std::string_view decimal, Document& document) {
  const bool is_negative = decimal.starts_with('-');
  if (is_negative) decimal.remove_prefix(1);
  const bool is_whole = !decimal.empty() && std::ranges::all_of(decimal, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_whole || decimal.size() > kBigDigitsMax) return std::nullopt;
  std::vector<Value> magnitude;
  for (const auto word : words_of(decimal) | std::views::reverse) magnitude.push_back(Document::integer(static_cast<std::int32_t>(word)));
  const auto signum = magnitude.empty() ? 0 : is_negative ? -1 : 1;
  // Java computes its other fields when they are needed.
  return document.object(kBigInteger, {{"signum", Document::integer(signum)}, {"mag", document.list("[int", magnitude)}});
}

std::optional<std::string> decimal_of(Value big_integer) {
  if (big_integer.kind() != Kind::Object || big_integer.type() != kBigInteger) return std::nullopt;
  const auto signum = big_integer.field("signum");
  const auto magnitude = big_integer.field("mag");
  if (signum.kind() != Kind::Int || magnitude.kind() != Kind::List || magnitude.items().size() > kWordsMax) return std::nullopt;
  std::vector<std::uint32_t> words;
  for (const auto& word : magnitude.items()) {
    if (word.kind() != Kind::Int) return std::nullopt;
    words.push_back(static_cast<std::uint32_t>(word.number()));
  }
  auto digits = digits_of(std::move(words));
  if (digits.empty()) return "0";
  return signum.number() < 0 ? "-" + digits : digits;
}

}  // namespace meepo::hessian2
