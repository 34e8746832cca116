#pragma once
// Single creates over HTTP/1.1, a connection a create in flight, from one thread: the client's own cost stays small.

#include "bench/load.h"

namespace meepo::bench {

Figures create_over_http(const Options& options);

}  // namespace meepo::bench
