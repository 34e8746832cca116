// meepo dev

#include <memory>

#include "serve.h"

namespace meepo::cli {

void add_dev(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<ServeFlags>();
  flags->is_dev = true;
  CLI::App& command = add_command(
      app, "dev", "Run everything in one process: scheduler, embedded store, and an executor for meepo.demo.Echo and HTTP targets",
      "  meepo dev\n"
      "  meepo dev --http-allow localhost:8080\n"
      "  meepo dev --ephemeral --http 127.0.0.1:0 --grpc 127.0.0.1:0 --json\n"
      "  MEEPO_HTTP=127.0.0.1:8080 meepo dev --data-dir ./data");
  add_serve_flags(command, *flags);
  add_switch(command, "--no-executor", flags->no_executor, "No executor inside");
  add_setting(command, "--http-allow", flags->settings.http_allow,
              "A host that is no public address and that HTTP targets may reach: HOST, HOST:PORT, *.DOMAIN, an IP address or network")
      ->take_all();
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return serve(*flags, invocation.json); }; });
}

}  // namespace meepo::cli
