// meepo task get, list, search, ledger

#include <memory>

#include "filter_flags.h"
#include "task_commands.h"

namespace meepo::cli {

namespace {

struct ReadFlags {
  ServerFlags server;
  std::string id;
  FilterFlags filter;
  bool wait = false;
  bool count = false;
  std::string page_token;
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
  auto request = list_request(flags.filter);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  request->set_page_token(flags.page_token);
  request->set_page_size(flags.limit);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  return show((*client)->list(*request), invocation, [](const v1::ListTasksResponse& page) { return describe(page); });
}

int count(const ReadFlags& flags, const Invocation& invocation) {
  const auto request = count_request(flags.filter);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  const auto counted = count_tasks(**client, *request);
  if (!counted) return tell(counted.error(), invocation.json);
  std::printf(invocation.json ? "{\"tasks\":%llu}\n" : "%llu\n", static_cast<unsigned long long>(*counted));
  return kOk;
}

int search(const ReadFlags& flags, const Invocation& invocation) {
  if (flags.count) return count(flags, invocation);
  auto request = list_request(flags.filter);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  request->set_page_token(flags.page_token);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  auto found = find_tasks(**client, *request, flags.limit);
  if (!found) return tell(found.error(), invocation.json);
  v1::ListTasksResponse page;
  for (auto& task : found->tasks) *page.add_tasks() = std::move(task);
  if (found->more) page.set_next_page_token(page.tasks().rbegin()->id());
  return show(Result<v1::ListTasksResponse>(std::move(page)), invocation, [](const v1::ListTasksResponse& all) { return describe(all); });
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
  add_filter_flags(command, flags->filter);
  add_page_flags(command, *flags);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return list(*flags, invocation); }; });
}

void add_task_search(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<ReadFlags>();
  CLI::App& command = add_command(task, "search", "Find tasks, the newest first, looking as far back as is needed; or count them",
                                  "  meepo task search --name nightly --label team=pay\n"
                                  "  meepo task search --app shop --status FAIL --count");
  add_filter_flags(command, flags->filter);
  command.add_option("--limit", flags->limit, "Tasks to show")->check(CLI::Range(1, 100'000))->capture_default_str();
  command.add_option("--page-token", flags->page_token, "Where the search before ended");
  command.add_flag("--count", flags->count, "Only say how many there are");
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return search(*flags, invocation); }; });
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
