#pragma once
// Why a tick did or did not run, in sentences, from what the scheduler and the ledger know. Pure.

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "meepo/v1/task_service.pb.h"
#include "ports/store_requests.h"
#include "task/task.h"

namespace meepo::api {

struct Evidence {
  const ports::TaskView& view;
  std::optional<DueTick> tick;                ///< the tick that is meant; nothing: none was found for the time asked for
  std::optional<SysTime> asked;               ///< the time asked for
  std::optional<DueTick> next;                ///< after the time asked for
  const std::vector<ports::LedgerRow>& rows;  ///< of the tick, its re-runs, and the range that holds it
  SysTime now;
  bool served = false;                        ///< an executor serves the target now
};

v1::WhyResponse explain(const Evidence& evidence);

}  // namespace meepo::api
