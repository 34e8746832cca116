#pragma once
// Text of a peer on its way to people: UTF-8, and no longer than what is worth keeping. Only for this library.

#include <cstddef>
#include <string>
#include <string_view>

namespace meepo::dubbo {

/// UTF-8 cut between characters to at most `bytes_max` octets, with "…" where it was cut.
std::string cut_text(std::string utf8, std::size_t bytes_max);

/// The text of a Hessian string as UTF-8, cut likewise.
std::string kept_text(std::string_view hessian_text, std::size_t bytes_max);

/// `text` as a Hessian string's octets, cut likewise. Octets that are no UTF-8 are escaped.
std::string hessian_text(std::string_view text, std::size_t bytes_max);

}  // namespace meepo::dubbo
