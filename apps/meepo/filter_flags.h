#pragma once
// Which tasks are meant: the flags of list, search and of changes to many tasks.

#include <string>
#include <vector>

#include "command.h"

namespace meepo::cli {

struct FilterFlags {
  std::string app_id, interface, method, kind, status, name, from, to;
  std::vector<std::string> labels;

  bool empty() const {
    return app_id.empty() && interface.empty() && method.empty() && kind.empty() && status.empty() && name.empty() && from.empty() &&
           to.empty() && labels.empty();
  }
};

void add_filter_flags(CLI::App& command, FilterFlags& flags);

/// InvalidArgument names the flag.
Result<v1::ListTasksRequest> list_request(const FilterFlags& flags);
Result<v1::CountTasksRequest> count_request(const FilterFlags& flags);

/// All pages until `most` tasks were found.
struct Found {
  std::vector<v1::Task> tasks;
  bool more = false;  ///< there are more than `most`
};
Result<Found> find_tasks(client::Client& client, v1::ListTasksRequest request, std::size_t most);
Result<std::uint64_t> count_tasks(client::Client& client, v1::CountTasksRequest request);

}  // namespace meepo::cli
