#pragma once
// What becomes of a session, in the log: for whoever looks why nothing is found or registered.

#include <string>

#include "adapters/zookeeper/client.h"
#include "base/time.h"
#include "ports/clock.h"

namespace meepo::adapters::zookeeper {

inline constexpr milliseconds kNotReachedAfter{5'000};   ///< without a connection for so long: a warning
inline constexpr milliseconds kNotReachedEvery{60'000};  ///< and another one

/// Logs every change of the client's session, and warns while `servers` are not reached. On the client's loop, or before that runs; the
/// loop must have stopped when the client is destroyed.
void log_session(ports::Loop& loop, Client& client, std::string servers);

}  // namespace meepo::adapters::zookeeper
