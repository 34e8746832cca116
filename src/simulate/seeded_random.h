#pragma once
// Random numbers that are the same for the same seed everywhere: splitmix64.

#include <cstdint>

#include "ports/random.h"

namespace meepo::simulate {

class SeededRandom final : public ports::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace meepo::simulate
