#include "completion.h"

#include <fmt/format.h>

#include <map>

namespace meepo::cli {
namespace {

/// "meepo task" → "create get … --help": what may follow a command.
using Words = std::map<std::string, std::string>;

void collect(const CLI::App& app, const std::string& path, Words& words) {
  std::string flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) flags += (flags.empty() ? "--" : " --") + name;
  }
  std::string commands;
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : all) commands += command->get_name() + " ";
  words[path] = commands + flags;
  for (const CLI::App* command : all) collect(*command, path + " " + command->get_name(), words);
}

constexpr const char* kScript = R"script(_meepo() {{
  local path=meepo words= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$path ${{COMP_WORDS[i]}}" in
      {paths}) path="$path ${{COMP_WORDS[i]}}" ;;
    esac
  done
  case $path in
{cases}  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _meepo meepo
)script";

}  // namespace

std::string completion_script(const CLI::App& app, bool zsh) {
  Words words;
  collect(app, "meepo", words);
  std::string paths;
  std::string cases;
  for (const auto& [path, following] : words) {
    if (path != "meepo") paths += (paths.empty() ? "'" : " | '") + path + "'";
    cases += fmt::format("    '{}') words='{}' ;;\n", path, following);
  }
  const std::string script = fmt::format(kScript, fmt::arg("paths", paths), fmt::arg("cases", cases));
  return zsh ? "autoload -U +X bashcompinit && bashcompinit\n" + script : script;
}

}  // namespace meepo::cli
