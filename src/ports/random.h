#pragma once
// Where ids and run tokens get their randomness from: by constructor, so that a simulation can repeat it.

#include <cstdint>

namespace meepo::ports {

class Random {
 public:
  virtual ~Random() = default;
  /// 64 random bits. The thread of the object's owner only.
  virtual std::uint64_t next() = 0;
};

}  // namespace meepo::ports
