#pragma once
// What `meepo demo` shows: tasks on a running scheduler with an executor for meepo.demo.Echo, each with what is expected of it.

#include "client/client.h"

namespace meepo::cli {

/// Runs the whole story and prints a line an expectation: ✓ or ✗, what was expected, and what was seen if that differs.
/// Returns the number of expectations that failed.
int tell_story(client::Client& client);

}  // namespace meepo::cli
