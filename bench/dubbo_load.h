#pragma once
// Single creates over dubbo://, on one connection, from one thread.

#include "bench/load.h"

namespace meepo::bench {

Figures create_over_dubbo(const Options& options);

}  // namespace meepo::bench
