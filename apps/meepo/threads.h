#pragma once
// Whether the system gives this process the threads that it needs: found out before anything starts, because nothing that is half started
// could be taken back without them.

#include <cstddef>

#include "base/result.h"

namespace meepo::cli {

/// More than a server, or an executor with its default options, has under any load.
inline constexpr std::size_t kThreadsNeeded = 32;

/// Starts so many threads at once and ends them. Exhausted: the system refused one; the message says which limits to look at.
Result<void> check_threads(std::size_t count = kThreadsNeeded);

}  // namespace meepo::cli
