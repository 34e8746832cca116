#include "task/status.h"

namespace meepo {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::Create: return "CREATE";
    case Status::Schedule: return "SCHEDULE";
    case Status::Running: return "RUNNING";
    case Status::Done: return "DONE";
    case Status::Success: return "SUCCESS";
    case Status::Cancel: return "CANCEL";
    case Status::Fail: return "FAIL";
  }
  return "";
}

std::optional<Status> parse_status(std::string_view text) {
  for (const Status status :
       {Status::Create, Status::Schedule, Status::Running, Status::Done, Status::Success, Status::Cancel, Status::Fail}) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

Status derive_status(const StatusFacts& facts) {
  const bool ended_once = facts.last_outcome != Outcome::None;
  const bool ended_well = facts.last_outcome == Outcome::Success;
  if (facts.running > 0) return Status::Running;
  if (facts.armed > 0) {
    if (!ended_once) return Status::Schedule;
    return ended_well ? Status::Success : Status::Fail;
  }
  if (facts.cancelled) return Status::Cancel;
  if (!ended_once) return Status::Create;
  return ended_well ? Status::Done : Status::Fail;
}

}  // namespace meepo
