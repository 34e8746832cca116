// meepo task cancel, pause, resume, trigger

#include <memory>

#include "task_commands.h"

namespace meepo::cli {

namespace {

struct ChangeFlags {
  ServerFlags server;
  std::string id;
  std::string params;
  std::string request_id;
};

using Change = int (*)(client::Client&, const ChangeFlags&, const Invocation&);

int cancel(client::Client& client, const ChangeFlags& flags, const Invocation& invocation) {
  v1::CancelTaskRequest request;
  request.set_id(flags.id);
  return show(client.cancel(request), invocation, [](const v1::CancelTaskResponse& cancelled) { return describe(cancelled); });
}

int pause(client::Client& client, const ChangeFlags& flags, const Invocation& invocation) {
  v1::PauseTaskRequest request;
  request.set_id(flags.id);
  return show(client.pause(request), invocation,
              [](const v1::PauseTaskResponse& paused) { return std::string(paused.changed() ? "paused\n" : "it was paused before\n"); });
}

int resume(client::Client& client, const ChangeFlags& flags, const Invocation& invocation) {
  v1::ResumeTaskRequest request;
  request.set_id(flags.id);
  return show(client.resume(request), invocation, [](const v1::ResumeTaskResponse&) { return std::string("resumed\n"); });
}

int trigger(client::Client& client, const ChangeFlags& flags, const Invocation& invocation) {
  v1::TriggerTaskRequest request;
  request.set_id(flags.id);
  request.set_request_id(flags.request_id);
  if (!flags.params.empty()) request.mutable_params()->set_json(flags.params);
  return show(client.trigger(request), invocation,
              [](const v1::TriggerTaskResponse& triggered) { return "firing  " + triggered.firing_id() + "\n"; });
}

void add_change(CLI::App& task, Invocation& invocation, const std::string& name, const std::string& help, Change change) {
  const auto flags = std::make_shared<ChangeFlags>();
  CLI::App& command = add_command(task, name, help, "  meepo task " + name + " 0a1b2c3d4e5f6g7h8j9");
  command.add_option("id", flags->id, "The task's id")->required();
  if (change == trigger) {
    command.add_option("--params", flags->params, "In place of the task's own: one JSON array");
    command.add_option("--request-id", flags->request_id, "A repeat answers the same firing");
  }
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation, change] {
    invocation.run = [flags, &invocation, change] {
      const auto client = connect(flags->server);
      return client ? change(**client, *flags, invocation) : tell(client.error(), invocation.json, kUsage);
    };
  });
}

}  // namespace

void add_task_cancel(CLI::App& task, Invocation& invocation) {
  add_change(task, invocation, "cancel", "End a task: what is armed never runs, what runs is asked to stop", cancel);
}
void add_task_pause(CLI::App& task, Invocation& invocation) {
  add_change(task, invocation, "pause", "Hold a task's ticks back until it is resumed", pause);
}
void add_task_resume(CLI::App& task, Invocation& invocation) { add_change(task, invocation, "resume", "Let a paused task go on", resume); }
void add_task_trigger(CLI::App& task, Invocation& invocation) {
  add_change(task, invocation, "trigger", "Run a task once more, now, by hand", trigger);
}

}  // namespace meepo::cli
