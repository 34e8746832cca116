// meepo server

#include <memory>

#include "serve.h"

namespace meepo::cli {

void add_server(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ServeFlags>();
  CLI::App& command = add_command(app, "server", "Run a scheduler; executors connect to it",
                                  "  meepo server --data-dir /var/lib/meepo\n"
                                  "  meepo server --http 0.0.0.0:7788 --grpc 0.0.0.0:7789 --token-file /etc/meepo/tokens\n"
                                  "  meepo --config /etc/meepo/meepo.toml server");
  add_serve_flags(command, *flags);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return serve(*flags, invocation.json); }; });
}

}  // namespace meepo::cli
