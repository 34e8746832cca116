// What clients see: times, statuses, firings, tasks, ledger rows.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "convert/convert.h"

namespace meepo::convert {
namespace {

v1::Firing::State to_proto(State state) {
  switch (state) {
    case State::Due: return v1::Firing::DUE;
    case State::Waiting: return v1::Firing::WAITING;
    case State::Claimed: return v1::Firing::CLAIMED;
    case State::Sent: return v1::Firing::SENT;
    case State::Running: return v1::Firing::RUNNING;
    case State::Ended: return v1::Firing::ENDED;
  }
  return v1::Firing::STATE_UNSPECIFIED;
}

v1::Firing::Fate to_proto(Fate fate) {
  switch (fate) {
    case Fate::Open: return v1::Firing::OPEN;
    case Fate::Fired: return v1::Firing::FIRED;
    case Fate::Skipped: return v1::Firing::SKIPPED;
    case Fate::Cancelled: return v1::Firing::CANCELLED;
  }
  return v1::Firing::FATE_UNSPECIFIED;
}

std::uint32_t to_uint32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

/// How far the wish to stop the attempt has come. An attempt that ended by itself keeps the last word.
std::string_view cancel_word(const Firing& firing) {
  if (firing.state == State::Ended && firing.outcome == Outcome::Stopped) return "stopped";
  if (firing.cancel_acknowledged_at) return "acknowledged";
  if (firing.cancel_asked_at) return "asked";
  return "";
}

std::string_view reason(const Firing& firing) {
  return firing.state == State::Waiting ? to_string(firing.wait_reason) : to_string(firing.skip_reason);
}

void to_proto(const Attempt& attempt, v1::Attempt& out) {
  out.set_number(attempt.number);
  out.set_executor(attempt.executor);
  if (attempt.begun_at) *out.mutable_begun_at() = convert::to_proto(*attempt.begun_at);
  if (attempt.ended_at) *out.mutable_ended_at() = convert::to_proto(*attempt.ended_at);
  out.set_outcome(convert::to_proto(attempt.outcome));
  out.set_error(attempt.error);
  out.set_progress(attempt.progress);
  out.set_log(attempt.log);
}

}  // namespace

google::protobuf::Timestamp to_proto(SysTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  google::protobuf::Timestamp out;
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - seconds).count()));
  return out;
}

v1::Firing::Outcome to_proto(Outcome outcome) {
  switch (outcome) {
    case Outcome::None: return v1::Firing::OUTCOME_UNSPECIFIED;
    case Outcome::Success: return v1::Firing::SUCCESS;
    case Outcome::Fail: return v1::Firing::FAIL;
    case Outcome::Timeout: return v1::Firing::TIMEOUT;
    case Outcome::Quarantined: return v1::Firing::QUARANTINED;
    case Outcome::Unknown: return v1::Firing::UNKNOWN;
    case Outcome::Stopped: return v1::Firing::STOPPED;
  }
  return v1::Firing::OUTCOME_UNSPECIFIED;
}

Result<Outcome> outcome_from(v1::Firing::Outcome outcome) {
  switch (outcome) {
    case v1::Firing::OUTCOME_UNSPECIFIED: break;
    case v1::Firing::SUCCESS: return Outcome::Success;
    case v1::Firing::FAIL: return Outcome::Fail;
    case v1::Firing::TIMEOUT: return Outcome::Timeout;
    case v1::Firing::QUARANTINED: return Outcome::Quarantined;
    case v1::Firing::UNKNOWN: return Outcome::Unknown;
    case v1::Firing::STOPPED: return Outcome::Stopped;
    case v1::Firing_Outcome_Firing_Outcome_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Firing_Outcome_Firing_Outcome_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return fail(Code::InvalidArgument,
              fmt::format("outcome is {}: expected SUCCESS, FAIL, TIMEOUT, QUARANTINED, UNKNOWN or STOPPED", std::to_underlying(outcome)),
              "outcome");
}

Result<std::optional<Status>> status_from(v1::Status::Value status) {
  switch (status) {
    case v1::Status::STATUS_UNSPECIFIED: return std::nullopt;
    case v1::Status::CREATE: return Status::Create;
    case v1::Status::SCHEDULE: return Status::Schedule;
    case v1::Status::RUNNING: return Status::Running;
    case v1::Status::DONE: return Status::Done;
    case v1::Status::SUCCESS: return Status::Success;
    case v1::Status::CANCEL: return Status::Cancel;
    case v1::Status::FAIL: return Status::Fail;
    case v1::Status_Value_Status_Value_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Status_Value_Status_Value_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return fail(Code::InvalidArgument,
              fmt::format("status is {}: expected CREATE, SCHEDULE, RUNNING, DONE, SUCCESS, CANCEL or FAIL", std::to_underlying(status)),
              "status");
}

v1::Status::Value to_proto(Status status) {
  switch (status) {
    case Status::Create: return v1::Status::CREATE;
    case Status::Schedule: return v1::Status::SCHEDULE;
    case Status::Running: return v1::Status::RUNNING;
    case Status::Done: return v1::Status::DONE;
    case Status::Success: return v1::Status::SUCCESS;
    case Status::Cancel: return v1::Status::CANCEL;
    case Status::Fail: return v1::Status::FAIL;
  }
  return v1::Status::STATUS_UNSPECIFIED;
}

void to_proto(const Firing& firing, v1::Firing& out) {
  out.set_id(firing.id.text());
  out.set_state(to_proto(firing.state));
  out.set_fate(to_proto(firing.fate));
  out.set_outcome(to_proto(firing.outcome));
  out.set_reason(std::string(reason(firing)));
  *out.mutable_due() = to_proto(firing.due);
  if (firing.begun_at) *out.mutable_begun_at() = to_proto(*firing.begun_at);
  if (firing.ended_at) *out.mutable_ended_at() = to_proto(*firing.ended_at);
  out.set_attempt(firing.attempt);
  out.set_failures(firing.failures);
  out.set_crashes(firing.crashes);
  out.set_suspect(firing.suspect);
  out.set_started(firing.started);
  out.set_executor(firing.executor);
  out.set_cancel(std::string(cancel_word(firing)));
  if (firing.cancel_asked_at) *out.mutable_cancel_asked_at() = to_proto(*firing.cancel_asked_at);
  if (firing.cancel_acknowledged_at) *out.mutable_cancel_acknowledged_at() = to_proto(*firing.cancel_acknowledged_at);
  if (firing.params) *out.mutable_params() = to_proto(*firing.params);
  if (firing.result) *out.mutable_result() = to_proto(*firing.result);
  out.set_error(firing.error);
  if (firing.chained) out.set_chained_task_id(std::string(firing.chained->text()));
  if (firing.state == State::Due && firing.attempt >= 1) *out.mutable_retry_at() = to_proto(firing.score);
  if (firing.waiting_since) *out.mutable_waiting_since() = to_proto(*firing.waiting_since);
}

void to_proto(const ports::TaskView& view, v1::Task& out) {
  out.set_id(std::string(view.task->id.text()));
  to_proto(view.task->spec, *out.mutable_spec());
  out.set_status(to_proto(view.status));
  out.set_paused(view.paused);
  out.set_version(view.task->version);
  *out.mutable_created_at() = to_proto(view.task->created);
  if (view.ended_at) *out.mutable_ended_at() = to_proto(*view.ended_at);
  if (view.task->parent) out.set_parent_firing_id(view.task->parent->text());
  if (view.armed) to_proto(*view.armed, *out.mutable_armed());
  if (view.planned) to_proto(*view.planned, *out.mutable_planned());
  if (view.latest) to_proto(*view.latest, *out.mutable_latest());
  out.set_firings(to_uint32(view.firings));
}

void to_proto(const ports::LedgerRow& row, v1::LedgerRow& out) {
  if (row.firing) to_proto(*row.firing, *out.mutable_firing());
  for (const auto& attempt : row.attempts) to_proto(attempt, *out.add_attempts());
  if (!row.range) return;
  auto& range = *out.mutable_range();
  range.set_first(row.range->first.text());
  range.set_last(row.range->last.text());
  range.set_count(to_uint32(row.range->count));
  out.set_range_fate(to_proto(row.range_fate));
  out.set_range_reason(std::string(to_string(row.range_reason)));
  *out.mutable_range_at() = to_proto(row.range_at);
}

}  // namespace meepo::convert
