// meepo task cancel, pause, resume, retry: of one task, or of all that a filter finds

#include <memory>

#include "many.h"
#include "task_commands.h"

namespace meepo::cli {
namespace {

struct Flags {
  ServerFlags server;
  std::string id;
  ManyFlags many;
};

/// One of these commands: of a task by its id, and of one that a filter found.
struct Verb {
  const char* name;
  const char* help;
  const char* examples;
  int (*one)(client::Client& client, const std::string& id, const Invocation& invocation);
  Result<bool> (*each)(client::Client& client, const v1::Task& task);
};

template <class Request>
Request of_task(const std::string& id) {
  Request request;
  request.set_id(id);
  return request;
}

int cancel(client::Client& client, const std::string& id, const Invocation& invocation) {
  return show(client.cancel(of_task<v1::CancelTaskRequest>(id)), invocation,
              [](const v1::CancelTaskResponse& cancelled) { return describe(cancelled); });
}

Result<bool> cancel_each(client::Client& client, const v1::Task& task) {
  const auto cancelled = client.cancel(of_task<v1::CancelTaskRequest>(task.id()));
  if (!cancelled) return fail(cancelled.error());
  return cancelled->cancelled();
}

int pause(client::Client& client, const std::string& id, const Invocation& invocation) {
  return show(client.pause(of_task<v1::PauseTaskRequest>(id)), invocation,
              [](const v1::PauseTaskResponse& paused) { return std::string(paused.changed() ? "paused\n" : "it was paused before\n"); });
}

Result<bool> pause_each(client::Client& client, const v1::Task& task) {
  if (task.paused() || task.has_ended_at()) return false;
  const auto paused = client.pause(of_task<v1::PauseTaskRequest>(task.id()));
  if (!paused) return fail(paused.error());
  return paused->changed();
}

int resume(client::Client& client, const std::string& id, const Invocation& invocation) {
  return show(client.resume(of_task<v1::ResumeTaskRequest>(id)), invocation,
              [](const v1::ResumeTaskResponse&) { return std::string("resumed\n"); });
}

Result<bool> resume_each(client::Client& client, const v1::Task& task) {
  if (!task.paused()) return false;
  const auto resumed = client.resume(of_task<v1::ResumeTaskRequest>(task.id()));
  if (!resumed) return fail(resumed.error());
  return true;
}

/// The last firing once more, if it has ended and not well. Repeated, it answers the same firing: its request id names what it repeats.
Result<v1::RerunResponse> run_last_again(client::Client& client, const v1::Task& task) {
  const auto& last = task.latest();
  const auto& id = last.id();
  if (id.empty() || last.state() != v1::Firing::ENDED || last.outcome() == v1::Firing::SUCCESS) {
    return fail(Code::Conflict, "task " + task.id() + " has no failed firing to retry: its last one " +
                                    (id.empty() ? std::string("has not begun") : "is " + standing_of(last)));
  }
  auto request = of_task<v1::RerunRequest>(task.id());
  const auto tick = id.substr(id.find('@') + 1);
  request.set_tick(tick.substr(0, tick.find('+')));  // a re-run is of the tick that it was made for
  request.set_request_id("retry " + id);
  return client.rerun(request);
}

int retry(client::Client& client, const std::string& id, const Invocation& invocation) {
  const auto task = client.get(of_task<v1::GetTaskRequest>(id));
  if (!task) return tell(task.error(), invocation.json);
  return show(run_last_again(client, *task), invocation,
              [](const v1::RerunResponse& response) { return "firing  " + response.firing_id() + "\n"; });
}

Result<bool> retry_each(client::Client& client, const v1::Task& task) {
  const auto again = run_last_again(client, task);
  if (again) return true;
  if (again.error().code == Code::Conflict) return false;
  return fail(again.error());
}

void add_verb(CLI::App& task, Invocation& invocation, const Verb& verb) {
  const auto flags = std::make_shared<Flags>();
  CLI::App& command = add_command(task, verb.name, verb.help, verb.examples);
  command.add_option("id", flags->id, "The task's id; without one, all tasks that the filter finds");
  add_many_flags(command, flags->many);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation, verb] {
    invocation.run = [flags, &invocation, verb] {
      if (!flags->id.empty() && !flags->many.filter.empty()) {
        return tell(
            {.code = Code::InvalidArgument, .message = "there are an ID and a filter: expected one of them", .field = "id", .cause = {}},
            invocation.json, kUsage);
      }
      const auto client = connect(flags->server);
      if (!client) return tell(client.error(), invocation.json, kUsage);
      if (!flags->id.empty()) return verb.one(**client, flags->id, invocation);
      return change_many(**client, flags->many, verb.name, verb.each, invocation);
    };
  });
}

}  // namespace

void add_task_cancel(CLI::App& task, Invocation& invocation) {
  add_verb(task, invocation,
           {.name = "cancel",
            .help = "End tasks: what is armed never runs, what runs is asked to stop",
            .examples = "  meepo task cancel 0a1b2c3d4e5f6g7h8j9\n  meepo task cancel --app shop --label season=winter --dry-run",
            .one = cancel,
            .each = cancel_each});
}

void add_task_pause(CLI::App& task, Invocation& invocation) {
  add_verb(task, invocation,
           {.name = "pause",
            .help = "Hold the ticks of tasks back until they are resumed",
            .examples = "  meepo task pause 0a1b2c3d4e5f6g7h8j9\n  meepo task pause --app shop --kind plan",
            .one = pause,
            .each = pause_each});
}

void add_task_resume(CLI::App& task, Invocation& invocation) {
  add_verb(task, invocation,
           {.name = "resume",
            .help = "Let paused tasks go on",
            .examples = "  meepo task resume 0a1b2c3d4e5f6g7h8j9\n  meepo task resume --app shop --kind plan --yes",
            .one = resume,
            .each = resume_each});
}

void add_task_retry(CLI::App& task, Invocation& invocation) {
  add_verb(
      task, invocation,
      {.name = "retry",
       .help = "Run the last firing of tasks again if it failed; a repeat of the command runs nothing twice",
       .examples = "  meepo task retry 0a1b2c3d4e5f6g7h8j9\n  meepo task retry --app shop --status FAIL --from 2026-11-24T00:00:00+08:00",
       .one = retry,
       .each = retry_each});
}

}  // namespace meepo::cli
