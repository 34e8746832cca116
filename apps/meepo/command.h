#pragma once
// What every subcommand uses: exit codes, the flags they share, and how errors are told. Each command_*.cc adds one subcommand, whose
// callback leaves what is to run in Invocation::run; main() runs it once everything was parsed.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/client.h"

namespace meepo::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailure = 1;  ///< it was tried and did not work
inline constexpr int kUsage = 2;    ///< the command line is wrong; nothing was tried

struct Invocation {
  bool json = false;
  std::function<int()> run;
};

/// Where a scheduler is, and with which credential. Shared by all `meepo task` commands.
struct ServerFlags {
  std::string server = "127.0.0.1:7789";
  std::string token;
  std::string token_file;
};

/// "--data-dir" → "MEEPO_DATA_DIR".
std::string environment_name(const std::string& flag);

/// A flag that may also stand in the environment and in the configuration file.
template <class Value>
CLI::Option* add_setting(CLI::App& app, const std::string& flag, Value& value, const std::string& help) {
  return app.add_option(flag, value, help)->envname(environment_name(flag));
}
CLI::Option* add_switch(CLI::App& app, const std::string& flag, bool& value, const std::string& help);

/// A subcommand with its examples under its help.
CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& help, const std::string& examples);
void add_json(CLI::App& app, Invocation& invocation);
void add_server_flags(CLI::App& app, ServerFlags& flags);

/// The first word of a file, comments (#) left out. InvalidArgument names the flag.
Result<std::string> read_secret(const std::string& path, const std::string& flag);
/// The token of --token, else the first line of --token-file, else none.
Result<std::string> read_token(const ServerFlags& flags);
Result<std::unique_ptr<client::Client>> connect(const ServerFlags& flags);

/// Writes the error to standard error, as one JSON object if so asked, and returns `exit_code`.
int tell(const Error& error, bool json, int exit_code = kFailure);

/// The place of a mistake in the command line, for main(): the word and what was meant, or nothing.
std::string suggestion_for(const CLI::App& app, int argc, const char* const* argv);

void add_dev(CLI::App& app, Invocation& invocation);
void add_server(CLI::App& app, Invocation& invocation);
void add_executor(CLI::App& app, Invocation& invocation);
void add_task(CLI::App& app, Invocation& invocation);
void add_why(CLI::App& app, Invocation& invocation);
void add_cron(CLI::App& app, Invocation& invocation);
void add_simulate(CLI::App& app, Invocation& invocation);
void add_demo(CLI::App& app, Invocation& invocation);
void add_backup(CLI::App& app, Invocation& invocation);
void add_restore(CLI::App& app, Invocation& invocation);
void add_fsck(CLI::App& app, Invocation& invocation);
void add_completion(CLI::App& app, Invocation& invocation);
void add_version(CLI::App& app, Invocation& invocation);

}  // namespace meepo::cli
