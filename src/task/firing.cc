#include "task/firing.h"

namespace meepo {

std::string_view to_string(State state) {
  switch (state) {
    case State::Due: return "DUE";
    case State::Waiting: return "WAITING";
    case State::Claimed: return "CLAIMED";
    case State::Sent: return "SENT";
    case State::Running: return "RUNNING";
    case State::Ended: return "ENDED";
  }
  return "";
}

std::string_view to_string(WaitReason reason) {
  switch (reason) {
    case WaitReason::None: return "";
    case WaitReason::NoExecutor: return "no executor";
    case WaitReason::Overlap: return "overlap";
    case WaitReason::Paused: return "paused";
    case WaitReason::Backlog: return "backlog";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::None: return "";
    case Outcome::Success: return "SUCCESS";
    case Outcome::Fail: return "FAIL";
    case Outcome::Timeout: return "TIMEOUT";
    case Outcome::Quarantined: return "QUARANTINED";
    case Outcome::Unknown: return "UNKNOWN";
    case Outcome::Stopped: return "STOPPED";
  }
  return "";
}

std::string_view to_string(SkipReason reason) {
  switch (reason) {
    case SkipReason::None: return "";
    case SkipReason::Misfire: return "misfire";
    case SkipReason::Overlap: return "overlap";
    case SkipReason::Paused: return "paused";
    case SkipReason::RunOnce: return "run_once";
    case SkipReason::MaxCount: return "max_count";
    case SkipReason::Ended: return "ended";
  }
  return "";
}

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::Open: return "OPEN";
    case Fate::Fired: return "FIRED";
    case Fate::Skipped: return "SKIPPED";
    case Fate::Cancelled: return "CANCELLED";
  }
  return "";
}

std::string_view to_string(Move move) {
  switch (move) {
    case Move::Claim: return "claim";
    case Move::Park: return "park";
    case Move::Unpark: return "unpark";
    case Move::Mark: return "mark";
    case Move::Begin: return "begin";
    case Move::Renew: return "renew";
    case Move::End: return "end";
    case Move::Retry: return "retry";
    case Move::Cancel: return "cancel";
    case Move::Skip: return "skip";
    case Move::ReapToDue: return "reap to DUE";
    case Move::ReapToClaimed: return "reap to CLAIMED";
    case Move::ReapToEnd: return "reap to ENDED";
  }
  return "";
}

}  // namespace meepo
