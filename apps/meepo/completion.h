#pragma once
// A script that completes meepo's commands and flags in a shell, made of the command line's own definition. Pure.

#include <CLI/App.hpp>

#include <string>

namespace meepo::cli {

/// For bash; zsh runs the same script through its bashcompinit.
std::string completion_script(const CLI::App& app, bool zsh);

}  // namespace meepo::cli
