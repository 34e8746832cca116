#pragma once
// Text that a handler gave, made fit to be reported: a report must never be refused. Pure; private to src/executor.

#include <string>
#include <string_view>

namespace meepo::executor {

/// Stands where something was cut.
inline constexpr std::string_view kCutMark = "…";

/// Valid UTF-8 of at most `bytes_max` bytes: bytes that are none become U+FFFD; more is cut between characters and marked.
std::string kept_text(std::string text, std::size_t bytes_max);

}  // namespace meepo::executor
