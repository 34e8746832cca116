#pragma once
// SIGINT and SIGTERM as a wait of the main thread: the first asks to stop in order, the second ends the process at once with 1.

namespace meepo::cli {

/// Before any thread starts: they are delivered to wait_for_stop() only. SIGPIPE is ignored.
void hold_stop_signals();

/// Returns at the first signal. From then on a second one ends the process.
void wait_for_stop();

}  // namespace meepo::cli
