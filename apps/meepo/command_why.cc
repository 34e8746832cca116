// meepo why

#include <memory>

#include "task_commands.h"

namespace meepo::cli {

namespace {

struct WhyFlags {
  ServerFlags server;
  std::string id;
  std::string time;
};

int why(const WhyFlags& flags, const Invocation& invocation) {
  v1::WhyRequest request;
  request.set_id(flags.id);
  request.set_time(flags.time);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->why(request), invocation, [](const v1::WhyResponse& response) { return describe(response); });
}

}  // namespace

void add_why(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<WhyFlags>();
  CLI::App& command = add_command(app, "why", "Say why a task did or did not run",
                                  "  meepo why 0a1b2c3d4e5f6g7h8j9\n"
                                  "  meepo why 0a1b2c3d4e5f6g7h8j9 2026-11-26T09:30:00+08:00\n"
                                  "  meepo why 0a1b2c3d4e5f6g7h8j9 r3");
  command.add_option("task", flags->id, "The task's id")->required();
  command.add_option("time", flags->time, "ISO 8601: the planned tick at or before it; or a tick (default: the newest)");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return why(*flags, invocation); }; });
}

}  // namespace meepo::cli
