#pragma once
// The way "flood" of bench/load.cc: far more creates than the server can write.

#include "bench/load.h"

namespace meepo::bench {

/// `in_flight` threads send batches of `batch` creates for `seconds`, each as soon as the one before it is answered; single creates beside
/// them show how long a refusal takes. Prints one JSON object.
int flood(const Options& options);

}  // namespace meepo::bench
