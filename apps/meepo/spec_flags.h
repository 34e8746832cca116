#pragma once
// The flags of `meepo task create` and `update` that describe one task, and the spec they make.

#include <cstdint>
#include <string>
#include <vector>

#include "command.h"
#include "meepo/v1/task_service.pb.h"
#include "meepo/v1/types.pb.h"

namespace meepo::cli {

struct SpecFlags {
  std::string app;
  std::string kind = "real";
  std::string define;
  std::string service;
  std::string params;
  std::vector<std::string> next;
  bool run_once = false;
  std::string retry = "none";
  std::string timeout;
  std::string on_lost = "rerun";
  int priority = -1;  ///< -1: the server's default
  std::string unique_key;
  std::string request_id;
  std::string name;
  std::vector<std::string> labels;
  std::string zone;
  std::string misfire;
  std::string overlap;
  std::string start;
  std::string end;
  std::uint32_t max_count = 0;
  std::string jitter;
  std::string dst;
};

void add_spec_flags(CLI::App& app, SpecFlags& flags);

/// InvalidArgument: a flag does not read; `field` names it. What the texts mean is checked by the scheduler.
Result<v1::TaskSpec> spec_from(const SpecFlags& flags);

/// `meepo task update`: the same flags without those that name a task, and the request of those that were given. `params` alone changes
/// only the arguments. InvalidArgument as above.
void add_update_flags(CLI::App& app, SpecFlags& flags);
Result<v1::UpdateTaskRequest> update_from(const CLI::App& app, const SpecFlags& flags);

}  // namespace meepo::cli
