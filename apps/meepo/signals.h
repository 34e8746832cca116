#pragma once
// SIGINT and SIGTERM as a wait of the main thread: the first asks to stop in order, the second ends the process at once with 1.

#include <chrono>

namespace meepo::cli {

/// Before any thread starts: they are delivered to wait_for_stop() only. SIGPIPE is ignored.
void hold_stop_signals();

/// Returns at the first signal. From then on a second one ends the process.
void wait_for_stop();

/// When all of ours has stopped: ends the process with `code` if it is still there after kEndWait. gRPC 1.51 waits at its end for the threads
/// that the system refused it, for ever.
void end_by_force_later(int code);
inline constexpr std::chrono::seconds kEndWait{5};

}  // namespace meepo::cli
