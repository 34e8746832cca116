#include "spec.h"

#include <limits>
#include <utility>

namespace meepo::inline sdk {

namespace {

Result<std::uint32_t> milliseconds_of(std::chrono::milliseconds value, const char* field) {
  if (value.count() < 0 || value.count() > std::numeric_limits<std::uint32_t>::max()) {
    return fail(Code::InvalidArgument, std::string(field) + " is " + std::to_string(value.count()) + " ms; expected 0 to 4,294,967,295",
                field);
  }
  return static_cast<std::uint32_t>(value.count());
}

void set_target(const ServiceCall& call, v1::Target& out) {
  v1::ServiceTarget& service = *out.mutable_service();
  service.set_interface(call.interface);
  service.set_method(call.method);
  service.set_version(call.service_version);
  service.set_group(call.service_group);
  for (const std::string& type : call.types) service.add_param_types(type);
  if (!call.params.empty()) service.mutable_params()->set_json(call.params);
}

Result<void> set_retry(const Retry& retry, v1::RetryPolicy& out) {
  std::vector<std::uint32_t> delays;
  for (const auto delay : retry.delays) {
    const auto checked = milliseconds_of(delay, "retry");
    if (!checked) return fail(checked.error());
    delays.push_back(*checked);
  }
  const std::uint32_t first = delays.empty() ? 0 : delays.front();
  switch (retry.kind) {
    case Retry::Kind::None: return {};
    case Retry::Kind::Ladder: out.mutable_ladder()->mutable_delays_ms()->Add(delays.begin(), delays.end()); return {};
    case Retry::Kind::Fixed:
      out.mutable_fixed()->set_max_retries(retry.max_retries);
      out.mutable_fixed()->set_delay_ms(first);
      return {};
    case Retry::Kind::Exponential: {
      const auto cap = milliseconds_of(retry.cap, "retry.exponential.capMs");
      if (!cap) return fail(cap.error());
      auto& exponential = *out.mutable_exponential();
      exponential.set_max_retries(retry.max_retries);
      exponential.set_delay_ms(first);
      exponential.set_factor(retry.factor);
      exponential.set_cap_ms(*cap);
      exponential.set_jitter(retry.jitter);
      return {};
    }
  }
  return {};
}

void set_instant(Task::Instant time, google::protobuf::Timestamp& out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - seconds).count()));
}

Result<void> set_timing(const Task::Fields& fields, v1::TaskSpec& spec) {
  const auto window = fields.misfire.window.count();
  if (window < 0 || window > std::numeric_limits<std::uint32_t>::max()) {
    return fail(Code::InvalidArgument, "the misfire window is " + std::to_string(window) + " s; expected 0 to 4,294,967,295",
                "misfire.windowSeconds");
  }
  if (fields.misfire.kind != Misfire::Kind::Default || fields.misfire.max != 0 || window != 0) {
    auto& misfire = *spec.mutable_misfire();
    misfire.set_policy(static_cast<v1::Misfire::Policy>(fields.misfire.kind));
    misfire.set_max(fields.misfire.max);
    misfire.set_window_seconds(static_cast<std::uint32_t>(window));
  }
  spec.set_overlap(static_cast<v1::Overlap::Policy>(fields.overlap));
  if (fields.start) set_instant(*fields.start, *spec.mutable_start_at());
  if (fields.end) set_instant(*fields.end, *spec.mutable_end_at());
  spec.set_max_count(fields.max_count);
  const auto jitter = milliseconds_of(fields.jitter, "jitterMs");
  if (!jitter) return fail(jitter.error());
  spec.set_jitter_ms(*jitter);
  spec.set_dst(fields.dst_once ? v1::Dst::ONCE : v1::Dst::SPRING);
  return {};
}

std::string name_of(v1::Firing::State state) { return state == v1::Firing::STATE_UNSPECIFIED ? "" : v1::Firing::State_Name(state); }
std::string name_of(v1::Firing::Outcome outcome) {
  return outcome == v1::Firing::OUTCOME_UNSPECIFIED ? "" : v1::Firing::Outcome_Name(outcome);
}

FiringInfo to_firing_info(const v1::Firing& firing) {
  return {.id = firing.id(),
          .state = name_of(firing.state()),
          .outcome = name_of(firing.outcome()),
          .reason = firing.reason(),
          .attempt = firing.attempt(),
          .result_json = firing.result().json(),
          .error = firing.error()};
}

}  // namespace

Result<v1::TaskSpec> to_spec(const Task& task, const std::string& default_app_id) {
  const Task::Fields& fields = task.fields();
  v1::TaskSpec spec;
  spec.set_app_id(fields.app_id.empty() ? default_app_id : fields.app_id);
  v1::Kind::Value kind = v1::Kind::KIND_UNSPECIFIED;
  if (!v1::Kind::Value_Parse(fields.kind, &kind)) {
    return fail(Code::InvalidArgument, "the kind is \"" + fields.kind + "\"; expected REAL, LADDER, TIMING or PLAN", "kind");
  }
  spec.set_kind(kind);
  spec.set_define(fields.define);
  set_target(fields.target, *spec.mutable_target());
  for (const ServiceCall& next : fields.next) set_target(next, *spec.add_next());
  spec.set_run_once(fields.run_once);
  if (fields.retry.kind != Retry::Kind::None) {
    const auto retry = set_retry(fields.retry, *spec.mutable_retry());
    if (!retry) return fail(retry.error());
  }
  if (fields.timeout) {
    const auto timeout = milliseconds_of(*fields.timeout, "timeoutMs");
    if (!timeout) return fail(timeout.error());
    // On the wire 0 stands for the default; whoever asks for no time at all must hear that it is too little.
    if (*timeout == 0) return fail(Code::InvalidArgument, "the timeout is 0 ms; expected at least 1", "timeoutMs");
    spec.set_timeout_ms(*timeout);
  }
  spec.set_on_lost(fields.rerun_when_lost ? v1::RERUN : v1::ON_LOST_UNKNOWN);
  if (fields.priority) spec.set_priority(*fields.priority);
  spec.set_unique_key(fields.unique_key);
  spec.set_request_id(fields.request_id);
  spec.set_name(fields.name);
  spec.set_zone(fields.zone);
  for (const auto& [key, value] : fields.labels) (*spec.mutable_labels())[key] = value;
  if (auto set = set_timing(fields, spec); !set) return fail(std::move(set.error()));
  return spec;
}

Created to_created(v1::CreateTaskResponse response) {
  return {.id = std::move(*response.mutable_id()),
          .first_due = std::move(*response.mutable_first_due()),
          .zone = std::move(*response.mutable_zone()),
          .warnings = {response.warnings().begin(), response.warnings().end()},
          .existed = response.existed()};
}

TaskInfo to_task_info(const v1::Task& task) {
  TaskInfo info{.id = task.id(),
                .app_id = task.spec().app_id(),
                .name = task.spec().name(),
                .status = v1::Status::Value_Name(task.status()),
                .paused = task.paused(),
                .ended = task.has_ended_at(),
                .latest = {},
                .armed = {}};
  if (task.has_latest()) info.latest = to_firing_info(task.latest());
  if (task.has_armed()) info.armed = to_firing_info(task.armed());
  return info;
}

}  // namespace meepo::inline sdk
