// meepo task …

#include "task_commands.h"

namespace meepo::cli {

void add_task(CLI::App& app, Invocation& invocation) {
  CLI::App& task = add_command(app, "task", "Create tasks and see what became of them",
                               "  meepo task create --app demo --service meepo.demo.Echo#echo --params '[\"hello\"]' --wait\n"
                               "  meepo task list --status FAIL\n"
                               "  meepo task ledger 0a1b2c3d4e5f6g7h8j9");
  task.require_subcommand(1);
  add_task_create(task, invocation);
  add_task_get(task, invocation);
  add_task_list(task, invocation);
  add_task_search(task, invocation);
  add_task_export(task, invocation);
  add_task_ledger(task, invocation);
  add_task_cancel(task, invocation);
  add_task_pause(task, invocation);
  add_task_resume(task, invocation);
  add_task_retry(task, invocation);
  add_task_trigger(task, invocation);
  add_task_update(task, invocation);
  add_task_rerun(task, invocation);
  add_task_backfill(task, invocation);
}

}  // namespace meepo::cli
