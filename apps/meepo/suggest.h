#pragma once
// What a mistyped word may have meant. Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace meepo::cli {

/// The known word that is nearest to `word` by edit distance (a swap of neighbours is one edit); nothing if none is near: more than a third
/// of the word's length and more than one edit away.
std::optional<std::string> suggest(std::string_view word, std::span<const std::string> known);

}  // namespace meepo::cli
