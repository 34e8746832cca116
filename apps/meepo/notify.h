#pragma once
// Tells systemd how this process stands (sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names).

#include <string>

namespace meepo::cli {

/// "READY=1", "STOPPING=1". Nothing happens where no socket is named; a failure is of no consequence.
void notify_systemd(const std::string& state);

}  // namespace meepo::cli
