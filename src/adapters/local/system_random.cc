#include "adapters/local/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace meepo::adapters::local {

std::uint64_t SystemRandom::next() {
  if (used_ == kBuffered) refill();
  // A number given out leaves no copy behind.
  return std::exchange(buffer_[used_++], 0);
}

void SystemRandom::refill() {
  auto* const bytes = reinterpret_cast<unsigned char*>(buffer_.data());
  std::size_t filled = 0;
  while (filled < sizeof(buffer_)) {
    const ssize_t count = ::getrandom(bytes + filled, sizeof(buffer_) - filled, 0);
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      std::fprintf(stderr, "meepo: reading random bytes from the kernel failed: %s\n", std::strerror(errno));
      std::abort();
    }
  }
  used_ = 0;
}

}  // namespace meepo::adapters::local
