// meepo task get, list, ledger

#include <memory>

#include "parse.h"
#include "task_commands.h"

namespace meepo::cli {

namespace {

struct ReadFlags {
  ServerFlags server;
  std::string id;
  std::string kind;
  std::string status;
  bool wait = false;
  std::string app_id, interface, method, from, to, page_token;
  std::uint32_t limit = 50;
};

int get(const ReadFlags& flags, const Invocation& invocation) {
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  if (flags.wait) return follow(**client, flags.id, invocation);
  v1::GetTaskRequest request;
  request.set_id(flags.id);
  return show((*client)->get(request), invocation, [](const v1::Task& task) { return describe(task); });
}

int list(const ReadFlags& flags, const Invocation& invocation) {
  v1::ListTasksRequest request;
  request.set_app_id(flags.app_id);
  request.set_interface(flags.interface);
  request.set_method(flags.method);
  request.set_created_from(flags.from);
  request.set_created_to(flags.to);
  request.set_page_token(flags.page_token);
  request.set_page_size(flags.limit);
  if (!flags.kind.empty()) {
    const auto kind = parse_kind(flags.kind);
    if (!kind) return tell(kind.error(), invocation.json, kUsage);
    request.set_kind(*kind);
  }
  if (!flags.status.empty()) {
    v1::Status::Value status = v1::Status::STATUS_UNSPECIFIED;
    if (!v1::Status::Value_Parse(flags.status, &status) || status == v1::Status::STATUS_UNSPECIFIED) {
      return tell({.code = Code::InvalidArgument,
                   .message = "--status is \"" + flags.status + "\"; expected CREATE, SCHEDULE, RUNNING, SUCCESS, DONE, FAIL or CANCEL",
                   .field = "--status",
                   .cause = {}},
                  invocation.json, kUsage);
    }
    request.set_status(status);
  }
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->list(request), invocation, [](const v1::ListTasksResponse& page) { return describe(page); });
}

int ledger(const ReadFlags& flags, const Invocation& invocation) {
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  v1::LedgerRequest request;
  request.set_id(flags.id);
  request.set_page_size(flags.limit);
  request.set_page_token(flags.page_token);
  return show((*client)->ledger(request), invocation, [](const v1::LedgerResponse& page) { return describe(page); });
}

void add_page_flags(CLI::App& command, ReadFlags& flags) {
  command.add_option("--limit", flags.limit, "Rows a page")->check(CLI::Range(1, 1'000))->capture_default_str();
  command.add_option("--page-token", flags.page_token, "Where the page before ended");
}

}  // namespace

void add_task_get(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<ReadFlags>();
  CLI::App& command =
      add_command(task, "get", "Show one task", "  meepo task get 0a1b2c3d4e5f6g7h8j9\n  meepo task get 0a1b2c3d4e5f6g7h8j9 --wait --json");
  command.add_option("id", flags->id, "The task's id")->required();
  command.add_flag("--wait", flags->wait, "Follow it until it has ended; exit 0 only if it ended DONE");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return get(*flags, invocation); }; });
}

void add_task_list(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<ReadFlags>();
  CLI::App& command =
      add_command(task, "list", "List tasks, the newest first",
                  "  meepo task list --app shop --status FAIL\n  meepo task list --from 2026-11-24T00:00:00Z --limit 200 --json");
  command.add_option("--app", flags->app_id, "Of this application");
  command.add_option("--interface", flags->interface, "That call this interface");
  command.add_option("--method", flags->method, "That call this method");
  command.add_option("--kind", flags->kind, "real, ladder, timing or plan");
  command.add_option("--status", flags->status, "CREATE, SCHEDULE, RUNNING, SUCCESS, DONE, FAIL or CANCEL");
  command.add_option("--from", flags->from, "Created at or after, ISO 8601");
  command.add_option("--to", flags->to, "Created before, ISO 8601");
  add_page_flags(command, *flags);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return list(*flags, invocation); }; });
}

void add_task_ledger(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<ReadFlags>();
  CLI::App& command = add_command(task, "ledger", "Show what became of each tick of a task, with its attempts, the newest first",
                                  "  meepo task ledger 0a1b2c3d4e5f6g7h8j9");
  command.add_option("id", flags->id, "The task's id")->required();
  add_page_flags(command, *flags);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return ledger(*flags, invocation); }; });
}

}  // namespace meepo::cli
