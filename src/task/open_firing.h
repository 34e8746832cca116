#pragma once
// An open firing as the owner of its shard sees it: enough to order, match and lease it, without the payload.

#include <cstdint>
#include <string>

#include "task/firing.h"
#include "task/task.h"

namespace meepo {

struct OpenFiring {
  FiringId id;
  State state = State::Due;
  WaitReason wait_reason = WaitReason::None;
  SysTime due;
  SysTime score;
  std::string target_key;
  std::int32_t priority = 5;
  std::uint32_t attempt = 0;
  std::uint32_t failures = 0;
  std::uint32_t crashes = 0;
  bool suspect = false;
  bool started = false;
  bool cancel_asked = false;
  OnLost on_lost = OnLost::Rerun;
  TaskPtr task;             ///< planned DUE and WAITING ticks that never began, not of REAL: the tick after this one is computed from it
  RunToken run_token;       ///< RUNNING only
  std::string executor;     ///< RUNNING only
};

}  // namespace meepo
