// meepo task export

#include <cstdio>
#include <memory>

#include "base/limits.h"
#include "filter_flags.h"
#include "task_commands.h"

namespace meepo::cli {
namespace {

struct ExportFlags {
  ServerFlags server;
  FilterFlags filter;
};

/// A spec as `task create --file` takes it. Imported twice within 24 hours it creates one task: its request id names the one it came from.
std::string line_of(const v1::Task& task) {
  v1::TaskSpec spec = task.spec();
  if (spec.request_id().empty()) spec.set_request_id("export " + task.id());
  return to_json(spec) + "\n";
}

int export_tasks(const ExportFlags& flags, const Invocation& invocation) {
  auto request = list_request(flags.filter);
  if (!request) return tell(request.error(), invocation.json, kUsage);
  const auto client = connect(flags.server);
  if (!client) return tell(client.error(), invocation.json, kUsage);
  request->set_page_size(static_cast<std::uint32_t>(limits::kPageSizeMax));
  const bool ended_too = !flags.filter.status.empty();
  std::size_t written = 0;
  std::size_t paused = 0;
  do {
    const auto page = (*client)->list(*request);
    if (!page) return tell(page.error(), invocation.json);
    for (const auto& task : page->tasks()) {
      if (task.has_ended_at() && !ended_too) continue;
      std::fputs(line_of(task).c_str(), stdout);
      ++written;
      if (task.paused()) ++paused;
    }
    request->set_page_token(page->next_page_token());
  } while (!request->page_token().empty());
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return tell(
        {.code = Code::Unavailable, .message = "write the tasks to standard output: it does not take them", .field = {}, .cause = {}},
        invocation.json);
  }
  std::fprintf(stderr, "%zu tasks%s\n", written,
               paused > 0 ? (", " + std::to_string(paused) + " of them paused: a pause is not exported").c_str() : "");
  return kOk;
}

}  // namespace

void add_task_export(CLI::App& task, Invocation& invocation) {
  const auto flags = std::make_shared<ExportFlags>();
  CLI::App& command =
      add_command(task, "export", "Write the specs of tasks that have not ended, or of those with a --status, a JSON line each",
                  "  meepo task export --app shop > tasks.jsonl\n"
                  "  meepo task create --file tasks.jsonl --server 127.0.0.1:17789   (twice within 24 hours creates no task twice)");
  add_filter_flags(command, flags->filter);
  add_server_flags(command, flags->server);
  add_json(command, invocation);
  command.callback([flags, &invocation] { invocation.run = [flags, &invocation] { return export_tasks(*flags, invocation); }; });
}

}  // namespace meepo::cli
