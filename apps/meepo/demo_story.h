#pragma once
// What `meepo demo` shows: tasks on a running scheduler with an executor for meepo.demo.Echo, each with what is expected of it.

#include <functional>

#include "client/client.h"

namespace meepo::cli {

/// Stops the scheduler, waits that long, and starts it again on the same folder and address.
using Restart = std::function<Result<void>(milliseconds down)>;

/// Runs the whole story and prints a line an expectation: ✓ or ✗, what was expected, and what was seen if that differs.
/// Returns the number of expectations that failed.
int tell_story(client::Client& client, const Restart& restart);

}  // namespace meepo::cli
