// meepo task trigger, rerun, backfill, update

#include <memory>

#include "spec_flags.h"
#include "task_commands.h"

namespace meepo::cli {

namespace {

struct TriggerFlags {
  ServerFlags server;
  std::string id;
  std::string params;
  std::string request_id;
};

int trigger(const TriggerFlags& flags, const Invocation& invocation) {
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  v1::TriggerTaskRequest request;
  request.set_id(flags.id);
  request.set_request_id(flags.request_id);
  if (!flags.params.empty()) request.mutable_params()->set_json(flags.params);
  return show((*client)->trigger(request), invocation,
              [](const v1::TriggerTaskResponse& triggered) { return "firing  " + triggered.firing_id() + "\n"; });
}

struct AgainFlags {
  ServerFlags server;
  std::string id, tick, params, request_id, from, to;
  bool dry_run = false;
};

int rerun(const AgainFlags& flags, const Invocation& invocation) {
  v1::RerunRequest request;
  request.set_id(flags.id);
  request.set_tick(flags.tick);
  request.set_request_id(flags.request_id);
  if (!flags.params.empty()) request.mutable_params()->set_json(flags.params);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->rerun(request), invocation,
              [](const v1::RerunResponse& response) { return "firing  " + response.firing_id() + "\n"; });
}

int backfill(const AgainFlags& flags, const Invocation& invocation) {
  v1::BackfillRequest request;
  request.set_id(flags.id);
  request.set_from(flags.from);
  request.set_to(flags.to);
  request.set_dry_run(flags.dry_run);
  request.set_request_id(flags.request_id);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->backfill(request), invocation, [](const v1::BackfillResponse& response) { return describe(response); });
}

struct UpdateFlags {
  ServerFlags server;
  std::string id;
  std::uint32_t version = 0;
  SpecFlags spec;
};

int update(const UpdateFlags& flags, const CLI::App& command, const Invocation& invocation) {
  auto request = update_from(command, flags.spec);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  request->set_id(flags.id);
  request->set_version(flags.version);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->update(*request), invocation, [](const v1::UpdateTaskResponse& response) { return describe(response); });
}

}  // namespace

void add_task_trigger(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<TriggerFlags>();
  CLI::App& command = add_command(task, "trigger", "Run a task once more, now, by hand", "  meepo task trigger 0a1b2c3d4e5f6g7h8j9");
  command.add_option("id", flags->id, "The task's id")->required();
  command.add_option("--params", flags->params, "In place of the task's own: one JSON array");
  command.add_option("--request-id", flags->request_id, "A repeat answers the same firing");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return trigger(*flags, invocation); }; });
}

void add_task_rerun(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<AgainFlags>();
  CLI::App& command = add_command(task, "rerun", "Run an old tick again, as a firing of its own",
                                  "  meepo task rerun 0a1b2c3d4e5f6g7h8j9 r3\n  meepo task rerun 0a1b2c3d4e5f6g7h8j9 1795856400000");
  command.add_option("id", flags->id, "The task's id")->required();
  command.add_option("tick", flags->tick, "As in the ledger: 0, r3, m1 or 1795856400000")->required();
  command.add_option("--params", flags->params, "In place of the task's own: one JSON array");
  command.add_option("--request-id", flags->request_id, "A repeat answers the same firing");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return rerun(*flags, invocation); }; });
}

void add_task_backfill(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<AgainFlags>();
  CLI::App& command =
      add_command(task, "backfill", "Run the ticks of a past range of a plan",
                  "  meepo task backfill 0a1b2c3d4e5f6g7h8j9 --from 2026-11-01T00:00:00+08:00 --to 2026-11-02T00:00:00+08:00 --dry-run");
  command.add_option("id", flags->id, "The task's id")->required();
  command.add_option("--from", flags->from, "ISO 8601, inclusive")->required();
  command.add_option("--to", flags->to, "ISO 8601, inclusive, not in the future")->required();
  command.add_flag("--dry-run", flags->dry_run, "Only show which ticks it would run");
  command.add_option("--request-id", flags->request_id, "A repeat answers the same firings");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return backfill(*flags, invocation); }; });
}

void add_task_update(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<UpdateFlags>();
  CLI::App& command = add_command(task, "update", "Change what a task does, under its id; its next tick follows the new schedule",
                                  "  meepo task update 0a1b2c3d4e5f6g7h8j9 --define '0 30 9 * * MON-FRI'\n"
                                  "  meepo task update 0a1b2c3d4e5f6g7h8j9 --version 3 --params '[\"new\"]' --timeout 2m");
  command.add_option("id", flags->id, "The task's id")->required();
  command.add_option("--version", flags->version,
                     "The version that the change is based on; another one is refused (default: whatever it is)");
  add_update_flags(command, flags->spec);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback(
      [flags, &command, &invocation] { invocation.run = [flags, &command, &invocation] { return update(*flags, command, invocation); }; });
}

}  // namespace meepo::cli
