#pragma once
// The virtual loop of src/simulate under the name that tests use, and seeded random numbers.

#include "simulate/seeded_random.h"
#include "simulate/virtual_loop.h"

namespace meepo::test {

class VirtualLoop : public simulate::VirtualLoop {
 public:
  explicit VirtualLoop(SysTime start = from_unix_ms(1'800'000'000'000)) : simulate::VirtualLoop(start) {}
};

using simulate::SeededRandom;

}  // namespace meepo::test
