// meepo: one program for the scheduler, the executor, and those who create tasks and look after them.

#include <cstdio>
#include <string>

#include "command.h"

namespace {

using meepo::cli::Invocation;

void describe(CLI::App& app, Invocation& invocation) {
  app.name("meepo");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_config("--config", "", "TOML file with settings, a table a command: [dev], [task.create]");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.footer(
      "Examples:\n"
      "  meepo dev\n"
      "  meepo task create --app demo --service meepo.demo.Echo#echo --params '[\"hello\"]' --wait\n"
      "  meepo dev --help\n\n"
      "Settings may also stand in a TOML file (--config) and in the environment (MEEPO_HTTP for --http);\n"
      "the command line wins over the file, the file over the environment.\n"
      "Exit codes: 0 done, 1 it did not work, 2 the command line is wrong.");
  meepo::cli::add_dev(app, invocation);
  meepo::cli::add_server(app, invocation);
  meepo::cli::add_executor(app, invocation);
  meepo::cli::add_task(app, invocation);
  meepo::cli::add_why(app, invocation);
  meepo::cli::add_cron(app, invocation);
  meepo::cli::add_simulate(app, invocation);
  meepo::cli::add_demo(app, invocation);
  meepo::cli::add_backup(app, invocation);
  meepo::cli::add_restore(app, invocation);
  meepo::cli::add_fsck(app, invocation);
  meepo::cli::add_completion(app, invocation);
  meepo::cli::add_version(app, invocation);
}

/// The command that was being read: for the hint where help is.
std::string command_path(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* command = &app; !command->get_subcommands().empty();) {
    command = command->get_subcommands().front();
    path += " " + command->get_name();
  }
  return path;
}

int refuse(const CLI::App& app, const CLI::ParseError& error, bool json, int argc, const char* const* argv) {
  std::string message = error.what();
  const std::string suggestion = meepo::cli::suggestion_for(app, argc, argv);
  if (!suggestion.empty()) message += "; " + suggestion;
  meepo::cli::tell({.code = meepo::Code::InvalidArgument, .message = message, .field = {}, .cause = {}}, json, meepo::cli::kUsage);
  if (!json) std::fprintf(stderr, "See: %s --help\n", command_path(app).c_str());
  return meepo::cli::kUsage;
}

bool asks_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--json") return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Meepo: runs tasks now, after each rung of a ladder, at a time or on a cron, and keeps a record of every due instant.");
  Invocation invocation;
  describe(app, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // help
  } catch (const CLI::ParseError& error) {
    return refuse(app, error, asks_json(argc, argv), argc, argv);
  }
  return invocation.run();
}
