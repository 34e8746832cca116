#pragma once
// What `meepo dev` and `meepo server` share: their flags, the ready line, the wait for a signal and the way down.

#include <string>

#include "command.h"
#include "wiring.h"

namespace meepo::cli {

struct ServeFlags {
  ServerSettings settings;
  std::string log_level = "info";
  std::string log_format = "text";
  bool ephemeral = false;
  bool no_executor = false;
  bool is_dev = false;
};

void add_serve_flags(CLI::App& app, ServeFlags& flags);

/// Runs until SIGINT or SIGTERM; the exit code.
int serve(ServeFlags flags, bool json);

/// $XDG_DATA_HOME/meepo, or ~/.local/share/meepo; empty if neither variable is set.
std::string default_data_dir();

}  // namespace meepo::cli
