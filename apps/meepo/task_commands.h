#pragma once
// The commands below `meepo task`; each adds one.

#include <cstdio>
#include <string>

#include "command.h"
#include "json.h"
#include "print.h"

namespace meepo::cli {

void add_task_create(CLI::App& task, Invocation& invocation);
void add_task_get(CLI::App& task, Invocation& invocation);
void add_task_list(CLI::App& task, Invocation& invocation);
void add_task_search(CLI::App& task, Invocation& invocation);
void add_task_export(CLI::App& task, Invocation& invocation);
void add_task_ledger(CLI::App& task, Invocation& invocation);
void add_task_cancel(CLI::App& task, Invocation& invocation);
void add_task_pause(CLI::App& task, Invocation& invocation);
void add_task_resume(CLI::App& task, Invocation& invocation);
void add_task_retry(CLI::App& task, Invocation& invocation);
void add_task_trigger(CLI::App& task, Invocation& invocation);
void add_task_rerun(CLI::App& task, Invocation& invocation);
void add_task_backfill(CLI::App& task, Invocation& invocation);
void add_task_update(CLI::App& task, Invocation& invocation);

/// Prints an answer as it was asked for, or tells its error.
template <class Response, class Describe>
int show(const Result<Response>& response, const Invocation& invocation, Describe describe_it) {
  if (!response) return tell(response.error(), invocation.json);
  const std::string text = invocation.json ? to_json(*response) + "\n" : describe_it(*response);
  std::fputs(text.c_str(), stdout);
  return kOk;
}

/// Waits until a task has ended and prints on the way what changes: to standard output for people, to standard error with --json.
/// kOk: it ended DONE. The last thing on standard output is the task.
int follow(client::Client& client, const std::string& id, const Invocation& invocation);

}  // namespace meepo::cli
