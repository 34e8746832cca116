#pragma once
// The ways "flood" and "beside" of bench/load.cc: far more creates than the server can write, and another client meanwhile.

#include "bench/load.h"

namespace meepo::bench {

/// Batches of `batch` creates, `rate` creates a second, for `seconds`, whatever becomes of them. Prints one JSON object.
int pour(const Options& options);

/// A create every 5 ms for `seconds`: how long the refused ones take. Prints one JSON object.
int ask_beside(const Options& options);

}  // namespace meepo::bench
