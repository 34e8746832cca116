// What clients say: payloads, targets, specs, enum values.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "convert/convert.h"

namespace meepo::convert {
namespace {

using StringPairs = std::vector<std::pair<std::string, std::string>>;

/// A protobuf map has no order: by key, so that one content always gives one spec (its hash tells a repeated request id).
StringPairs pairs_from(const google::protobuf::Map<std::string, std::string>& map) {
  StringPairs pairs(map.begin(), map.end());
  std::ranges::sort(pairs);
  return pairs;
}

void put_pairs(const StringPairs& pairs, google::protobuf::Map<std::string, std::string>& out) {
  for (const auto& [key, value] : pairs) out[key] = value;
}

std::uint32_t to_uint32_ms(milliseconds time) {
  return static_cast<std::uint32_t>(std::clamp<milliseconds::rep>(time.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

ServiceTarget service_from(const v1::ServiceTarget& service) {
  return {.interface = service.interface(),
          .method = service.method(),
          .version = service.version(),
          .group = service.group(),
          .param_types = {service.param_types().begin(), service.param_types().end()},
          .params = payload_from(service.params())};
}

struct TargetWriter {
  v1::Target& out;

  void operator()(const ServiceTarget& target) const {
    auto& service = *out.mutable_service();
    service.set_interface(target.interface);
    service.set_method(target.method);
    service.set_version(target.version);
    service.set_group(target.group);
    for (const auto& type : target.param_types) service.add_param_types(type);
    if (!target.params.empty()) *service.mutable_params() = to_proto(target.params);
  }
  void operator()(const HttpTarget& target) const {
    auto& http = *out.mutable_http();
    http.set_method(target.method);
    http.set_url(target.url);
    put_pairs(target.headers, *http.mutable_headers());
    if (!target.body.empty()) *http.mutable_body() = to_proto(target.body);
  }
  void operator()(const CommandTarget& target) const {
    auto& command = *out.mutable_command();
    for (const auto& argument : target.argv) command.add_argv(argument);
    put_pairs(target.env, *command.mutable_env());
  }
};

RetryPolicy retry_from(const v1::RetryPolicy& retry) {
  RetryPolicy policy;
  switch (retry.policy_case()) {
    case v1::RetryPolicy::POLICY_NOT_SET: break;
    case v1::RetryPolicy::kLadder:
      policy.kind = RetryPolicy::Kind::Ladder;
      for (const auto delay : retry.ladder().delays_ms()) policy.ladder.emplace_back(delay);
      break;
    case v1::RetryPolicy::kFixed:
      policy.kind = RetryPolicy::Kind::Fixed;
      policy.max_retries = retry.fixed().max_retries();
      policy.delay = milliseconds(retry.fixed().delay_ms());
      break;
    case v1::RetryPolicy::kExponential:
      policy.kind = RetryPolicy::Kind::Exponential;
      policy.max_retries = retry.exponential().max_retries();
      policy.delay = milliseconds(retry.exponential().delay_ms());
      if (retry.exponential().factor() != 0.0) policy.factor = retry.exponential().factor();
      policy.cap = milliseconds(retry.exponential().cap_ms());
      policy.jitter = retry.exponential().jitter();
      break;
  }
  return policy;
}

void to_proto(const RetryPolicy& policy, v1::TaskSpec& spec) {
  switch (policy.kind) {
    case RetryPolicy::Kind::None: break;
    case RetryPolicy::Kind::Ladder: {
      auto& ladder = *spec.mutable_retry()->mutable_ladder();
      for (const auto delay : policy.ladder) ladder.add_delays_ms(to_uint32_ms(delay));
      break;
    }
    case RetryPolicy::Kind::Fixed: {
      auto& fixed = *spec.mutable_retry()->mutable_fixed();
      fixed.set_max_retries(policy.max_retries);
      fixed.set_delay_ms(to_uint32_ms(policy.delay));
      break;
    }
    case RetryPolicy::Kind::Exponential: {
      auto& exponential = *spec.mutable_retry()->mutable_exponential();
      exponential.set_max_retries(policy.max_retries);
      exponential.set_delay_ms(to_uint32_ms(policy.delay));
      exponential.set_factor(policy.factor);
      exponential.set_cap_ms(to_uint32_ms(policy.cap));
      exponential.set_jitter(policy.jitter);
      break;
    }
  }
}

Result<OnLost> on_lost_from(v1::OnLost on_lost) {
  if (on_lost == v1::RERUN) return OnLost::Rerun;
  if (on_lost == v1::ON_LOST_UNKNOWN) return OnLost::Unknown;
  return fail(Code::InvalidArgument, fmt::format("onLost is {}: expected RERUN or ON_LOST_UNKNOWN", std::to_underlying(on_lost)), "onLost");
}

v1::OnLost to_proto(OnLost on_lost) {
  switch (on_lost) {
    case OnLost::Rerun: return v1::RERUN;
    case OnLost::Unknown: return v1::ON_LOST_UNKNOWN;
  }
  return v1::RERUN;
}

v1::Kind::Value to_proto(Kind kind) {
  switch (kind) {
    case Kind::Real: return v1::Kind::REAL;
    case Kind::Ladder: return v1::Kind::LADDER;
    case Kind::Timing: return v1::Kind::TIMING;
    case Kind::Plan: return v1::Kind::PLAN;
  }
  return v1::Kind::KIND_UNSPECIFIED;
}

SysTime time_from(const google::protobuf::Timestamp& time) {
  return SysTime(std::chrono::seconds(time.seconds()) + std::chrono::floor<milliseconds>(std::chrono::nanoseconds(time.nanos())));
}

/// Enum values are the same numbers on both sides; check_spec refuses what is none.
void timing_from(const v1::TaskSpec& spec, Options& options) {
  options.misfire.kind = static_cast<Misfire::Kind>(spec.misfire().policy());
  options.misfire.max = spec.misfire().max();
  options.misfire.window = std::chrono::seconds(spec.misfire().window_seconds());
  options.overlap = static_cast<Overlap>(spec.overlap());
  if (spec.has_start_at()) options.start = time_from(spec.start_at());
  if (spec.has_end_at()) options.end = time_from(spec.end_at());
  options.max_count = spec.max_count();
  options.jitter = milliseconds(spec.jitter_ms());
}

void timing_to_proto(const Options& options, v1::TaskSpec& out) {
  if (options.misfire != Misfire{}) {
    auto& misfire = *out.mutable_misfire();
    misfire.set_policy(static_cast<v1::Misfire::Policy>(options.misfire.kind));
    misfire.set_max(options.misfire.max);
    misfire.set_window_seconds(static_cast<std::uint32_t>(std::max<std::int64_t>(options.misfire.window.count(), 0)));
  }
  out.set_overlap(static_cast<v1::Overlap::Policy>(options.overlap));
  if (options.start) *out.mutable_start_at() = convert::to_proto(*options.start);
  if (options.end) *out.mutable_end_at() = convert::to_proto(*options.end);
  out.set_max_count(options.max_count);
  out.set_jitter_ms(to_uint32_ms(options.jitter));
  out.set_dst(options.dst == DstRule::Once ? v1::Dst::ONCE : v1::Dst::SPRING);
}

Result<void> check_enums(const v1::TaskSpec& spec) {
  const auto refuse = [](std::string_view field, int value, std::string_view expected) {
    return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {}", field, value, expected), std::string(field));
  };
  if (!v1::Misfire::Policy_IsValid(spec.misfire().policy())) return refuse("misfire.policy", spec.misfire().policy(), "ONCE, SKIP or ALL");
  if (!v1::Overlap::Policy_IsValid(spec.overlap())) {
    return refuse("overlap", spec.overlap(), "SKIP, BUFFER_ONE, BUFFER_ALL, CANCEL_OTHER or ALLOW");
  }
  if (!v1::Dst::Rule_IsValid(spec.dst())) return refuse("dst", spec.dst(), "SPRING or ONCE");
  return {};
}

constexpr std::uint32_t kPriorityDefault = 5;

Options options_from(const v1::TaskSpec& spec) {
  Options options;
  options.name = spec.name();
  options.zone = spec.zone();
  options.run_once = spec.run_once();
  options.retry = retry_from(spec.retry());
  if (spec.timeout_ms() != 0) options.timeout = milliseconds(spec.timeout_ms());
  const auto priority = spec.has_priority() ? spec.priority() : kPriorityDefault;
  options.priority = static_cast<std::int32_t>(std::min(priority, static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max())));
  options.unique_key = spec.unique_key();
  options.request_id = spec.request_id();
  options.labels = pairs_from(spec.labels());
  timing_from(spec, options);
  options.dst = spec.dst() == v1::Dst::ONCE ? DstRule::Once : DstRule::Spring;
  return options;
}

void to_proto(const Options& options, v1::TaskSpec& out) {
  out.set_name(options.name);
  out.set_zone(options.zone);
  out.set_run_once(options.run_once);
  to_proto(options.retry, out);
  out.set_timeout_ms(to_uint32_ms(options.timeout));
  out.set_on_lost(to_proto(options.on_lost));
  out.set_priority(static_cast<std::uint32_t>(std::max(options.priority, 0)));
  out.set_unique_key(options.unique_key);
  out.set_request_id(options.request_id);
  put_pairs(options.labels, *out.mutable_labels());
  timing_to_proto(options, out);
}

}  // namespace

Payload payload_from(const v1::Payload& payload) {
  switch (payload.data_case()) {
    case v1::Payload::DATA_NOT_SET: break;
    case v1::Payload::kJson: return {.encoding = Encoding::Json, .data = payload.json()};
    case v1::Payload::kHessian2: return {.encoding = Encoding::Hessian2, .data = payload.hessian2()};
    case v1::Payload::kBytes: return {.encoding = Encoding::Bytes, .data = payload.bytes()};
  }
  return {};
}

v1::Payload to_proto(const Payload& payload) {
  v1::Payload out;
  if (payload.empty()) return out;
  switch (payload.encoding) {
    case Encoding::Json: out.set_json(payload.data); break;
    case Encoding::Hessian2: out.set_hessian2(payload.data); break;
    case Encoding::Bytes: out.set_bytes(payload.data); break;
  }
  return out;
}

Result<Target> target_from(const v1::Target& target, std::string_view field) {
  switch (target.target_case()) {
    case v1::Target::TARGET_NOT_SET: break;
    case v1::Target::kService: return service_from(target.service());
    case v1::Target::kHttp:
      return HttpTarget{.method = target.http().method(),
                        .url = target.http().url(),
                        .headers = pairs_from(target.http().headers()),
                        .body = payload_from(target.http().body())};
    case v1::Target::kCommand:
      return CommandTarget{.argv = {target.command().argv().begin(), target.command().argv().end()},
                           .env = pairs_from(target.command().env())};
  }
  return fail(Code::InvalidArgument, fmt::format("{} is empty: expected one of service, http, command", field), std::string(field));
}

void to_proto(const Target& target, v1::Target& out) { std::visit(TargetWriter{out}, target); }

Result<TaskSpec> spec_from(const v1::TaskSpec& spec) {
  TaskSpec out;
  out.app_id = spec.app_id();
  const auto kind = kind_from(spec.kind());
  if (!kind) return fail(kind.error());
  if (!*kind) return fail(Code::InvalidArgument, "kind is not given: expected REAL, LADDER, TIMING or PLAN", "kind");
  out.kind = **kind;
  out.define = spec.define();
  auto target = target_from(spec.target(), "target");
  if (!target) return fail(std::move(target.error()));
  out.target = *std::move(target);
  out.next.reserve(static_cast<std::size_t>(spec.next_size()));
  for (int i = 0; i < spec.next_size(); ++i) {
    auto next = target_from(spec.next(i), fmt::format("next[{}]", i));
    if (!next) return fail(std::move(next.error()));
    out.next.push_back(*std::move(next));
  }
  if (auto checked = check_enums(spec); !checked) return fail(std::move(checked.error()));
  out.options = options_from(spec);
  const auto on_lost = on_lost_from(spec.on_lost());
  if (!on_lost) return fail(on_lost.error());
  out.options.on_lost = *on_lost;
  return out;
}

void to_proto(const TaskSpec& spec, v1::TaskSpec& out) {
  out.set_app_id(spec.app_id);
  out.set_kind(to_proto(spec.kind));
  out.set_define(spec.define);
  to_proto(spec.target, *out.mutable_target());
  for (const auto& next : spec.next) to_proto(next, *out.add_next());
  to_proto(spec.options, out);
}

Result<std::optional<Kind>> kind_from(v1::Kind::Value kind) {
  switch (kind) {
    case v1::Kind::KIND_UNSPECIFIED: return std::nullopt;
    case v1::Kind::REAL: return Kind::Real;
    case v1::Kind::LADDER: return Kind::Ladder;
    case v1::Kind::TIMING: return Kind::Timing;
    case v1::Kind::PLAN: return Kind::Plan;
    case v1::Kind_Value_Kind_Value_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::Kind_Value_Kind_Value_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  return fail(Code::InvalidArgument, fmt::format("kind is {}: expected REAL, LADDER, TIMING or PLAN", std::to_underlying(kind)), "kind");
}

}  // namespace meepo::convert
