// meepo completion

#include <cstdio>
#include <memory>

#include "command.h"
#include "completion.h"

namespace meepo::cli {

void add_completion(CLI::App& app, Invocation& invocation) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = add_command(app, "completion", "Print a script that completes commands and flags in a shell",
                                  "  source <(meepo completion bash)\n"
                                  "  meepo completion bash > /etc/bash_completion.d/meepo\n"
                                  "  meepo completion zsh >> ~/.zshrc");
  command.add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command.callback([&app, shell, &invocation] {
    invocation.run = [&app, shell] {
      std::fputs(completion_script(app, *shell == "zsh").c_str(), stdout);
      return kOk;
    };
  });
}

}  // namespace meepo::cli
