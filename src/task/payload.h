#pragma once
// Arguments and results as bytes with their encoding. Nobody but the edges and the converter looks inside: JSON keeps its digits.

#include <cstdint>
#include <string>

namespace meepo {

enum class Encoding : std::uint8_t {
  Json = 1,      ///< one JSON value as text, exactly as it came (no number is ever parsed)
  Hessian2 = 2,  ///< one self-contained Hessian 2 stream
  Bytes = 3,     ///< opaque
};

struct Payload {
  Encoding encoding = Encoding::Json;
  std::string data;

  bool empty() const { return data.empty(); }
  friend bool operator==(const Payload&, const Payload&) = default;
};

}  // namespace meepo
