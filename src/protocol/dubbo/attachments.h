#pragma once
// The attachments of a request or a response: texts by name, as Java sends them, but other values occur and are kept.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/value.h"

namespace meepo::dubbo {

inline constexpr std::size_t kAttachmentsMax = 1'000;  ///< of one body: Java peers send about ten

struct Attachments {
  std::vector<std::pair<std::string, hessian2::Value>> entries;  ///< in the order of the wire; of two with one name the last counts

  /// Null if there is none with this name.
  [[nodiscard]] hessian2::Value find(std::string_view name) const;

  /// The text with this name, or a whole number as decimal text; "" if there is none or it is another value.
  [[nodiscard]] std::string text(std::string_view name) const;
};

/// Takes the map at the end of a body: typed, untyped or null.
/// Corruption: no octets are left, it is another value, a name is no string, or there are more than kAttachmentsMax.
Result<Attachments> read_attachments(hessian2::Decoder& decoder);

/// The attachments as an untyped map of `document`.
hessian2::Value map_of(const Attachments& attachments, hessian2::Document& document);

}  // namespace meepo::dubbo
