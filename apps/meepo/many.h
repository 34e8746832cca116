#pragma once
// A change to many tasks at once: which ones is shown first, then it is asked, then each is changed and what failed is told.

#include <functional>
#include <string>

#include "filter_flags.h"

namespace meepo::cli {

/// Tasks of one command: beyond that, the filter wants to be narrower, or the command to be run again.
inline constexpr std::size_t kTasksAtOnceMax = 10'000;
inline constexpr std::size_t kTasksPreviewed = 10;

struct ManyFlags {
  FilterFlags filter;
  bool all = false;      ///< the filter may be empty
  bool dry_run = false;
  bool yes = false;
};

void add_many_flags(CLI::App& command, ManyFlags& flags);

/// True: the task was changed; false: there was nothing to do.
using ChangeOne = std::function<Result<bool>(client::Client& client, const v1::Task& task)>;

/// @param verb  "cancel": for people
/// kUsage: no filter, or nobody to ask and no --yes. kFailure: some were not changed.
int change_many(client::Client& client, const ManyFlags& flags, const std::string& verb, const ChangeOne& change,
                const Invocation& invocation);

}  // namespace meepo::cli
