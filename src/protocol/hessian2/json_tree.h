#pragma once
// JSON in memory with the text of its numbers, which no conversion to a double may touch. Used by the conversion from JSON alone.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meepo::hessian2 {

struct Json {
  enum class Kind { Null, Bool, Number, String, Array, Object };

  Kind kind = Kind::Null;
  bool truth = false;     ///< Bool
  std::string text{};     ///< Number: as it was written; String: UTF-8
  std::vector<Json> items{};                             ///< Array
  std::vector<std::pair<std::string, Json>> members{};   ///< Object, in the order of the text

  /// The last member with this name, or null pointer.
  [[nodiscard]] const Json* find(std::string_view name) const;
};

/// InvalidArgument with `field`: no JSON, longer than kJsonInputBytesMax, or nested deeper than kJsonDepthMax.
Result<Json> parse_json(std::string_view text, std::string_view field);

}  // namespace meepo::hessian2
