#include "command.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "suggest.h"

namespace meepo::cli {

std::string environment_name(const std::string& flag) {
  std::string name = "MEEPO_";
  for (const char c : std::string_view(flag).substr(flag.find_first_not_of('-'))) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

CLI::Option* add_switch(CLI::App& app, const std::string& flag, bool& value, const std::string& help) {
  return app.add_flag(flag, value, help)->envname(environment_name(flag));
}

CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& help, const std::string& examples) {
  CLI::App& command = *parent.add_subcommand(name, help);
  command.fallthrough();
  if (!examples.empty()) command.footer("Examples:\n" + examples);
  return command;
}

void add_json(CLI::App& app, Invocation& invocation) {
  app.add_flag("--json", invocation.json, "Print JSON: results on standard output, errors on standard error");
}

void add_server_flags(CLI::App& app, ServerFlags& flags) {
  add_setting(app, "--server", flags.server, "gRPC address of a scheduler, HOST:PORT")->capture_default_str();
  add_setting(app, "--token", flags.token, "Credential; better in the environment than in the process list");
  add_setting(app, "--token-file", flags.token_file, "File whose first line begins with the credential; --token goes before it");
}

Result<std::string> read_secret(const std::string& path, const std::string& flag) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (!word.starts_with('#')) return word;
    std::getline(file, word);  // the rest of a comment
  }
  return fail(Code::InvalidArgument, flag + " is \"" + path + "\"; expected a readable file with a secret", flag);
}

Result<std::string> read_token(const ServerFlags& flags) {
  if (!flags.token.empty() || flags.token_file.empty()) return flags.token;
  return read_secret(flags.token_file, "--token-file");
}

Result<std::unique_ptr<client::Client>> connect(const ServerFlags& flags) {
  auto token = read_token(flags);
  if (!token) return fail(std::move(token.error()));
  auto connected = client::Client::connect({.address = flags.server, .token = std::move(*token), .writer = {}});
  if (!connected) {
    return fail(Code::InvalidArgument, "--server is \"" + flags.server + "\"; expected HOST:PORT, for example 127.0.0.1:7789", "--server");
  }
  return connected;
}

int tell(const Error& error, bool json, int exit_code) {
  if (json) {
    const boost::json::object object{{"code", to_string(error.code)}, {"message", error.message}, {"field", error.field}};
    std::fprintf(stderr, "%s\n", boost::json::serialize(object).c_str());
  } else if (error.field.empty() || error.message.contains(error.field)) {
    std::fprintf(stderr, "meepo: %s\n", error.message.c_str());
  } else {
    std::fprintf(stderr, "meepo: %s (%s)\n", error.message.c_str(), error.field.c_str());
  }
  return exit_code;
}

namespace {

std::vector<std::string> flags_of(const CLI::App* app) {
  std::vector<std::string> flags;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  return flags;
}

bool takes_value(const CLI::App* app, const std::string& flag) {
  for (; app != nullptr; app = app->get_parent()) {
    const CLI::Option* option = app->get_option_no_throw(flag);
    if (option != nullptr) return option->get_items_expected_max() > 0 && option->get_expected_max() > 0;
  }
  return false;
}

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::string meant(const std::string& word, const std::vector<std::string>& known) {
  const auto nearest = suggest(word, known);
  return nearest ? "did you mean " + *nearest + "?" : std::string();
}

}  // namespace

std::string suggestion_for(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* command = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--")) {
      const std::string flag = word.substr(0, word.find('='));
      const auto known = flags_of(command);
      if (std::ranges::find(known, flag) == known.end()) return meant(flag, known);
      if (flag == word && takes_value(command, flag)) ++i;
      continue;
    }
    const auto below = command->get_subcommands([](const CLI::App*) { return true; });
    if (below.empty()) continue;
    const CLI::App* next = subcommand(*command, word);
    if (next == nullptr) {
      std::vector<std::string> names;
      for (const CLI::App* each : below) names.push_back(each->get_name());
      return meant(word, names);
    }
    command = next;
  }
  return {};
}

}  // namespace meepo::cli
