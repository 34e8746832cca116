#pragma once
// The Random of real processes: the kernel's generator, read a buffer at a time. Run tokens are proofs, so nobody may guess the next.

#include <array>
#include <cstddef>
#include <cstdint>

#include "ports/random.h"

namespace meepo::adapters::local {

class SystemRandom final : public ports::Random {
 public:
  /// A kernel without randomness ends the process: there is no safe way on.
  std::uint64_t next() override;

 private:
  static constexpr std::size_t kBuffered = 512;  ///< numbers a system call: 4 KiB
  void refill();

  std::array<std::uint64_t, kBuffered> buffer_{};
  std::size_t used_ = kBuffered;
};

}  // namespace meepo::adapters::local
