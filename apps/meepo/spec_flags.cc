#include "spec_flags.h"

#include <array>
#include <tuple>
#include <utility>

#include "convert/short_text.h"

namespace meepo::cli {

namespace {

/// What `update` may change too.
void add_changeable_flags(CLI::App& app, SpecFlags& flags) {
  app.add_option(
      "--define", flags.define,
      "Of a ladder: seconds after its creation, \"0,1,3,5\"; of a timing: yyyyMMddHHmmss in --zone; of a plan: a Spring cron of six "
      "fields, \"0 30 9 * * MON-FRI\"");
  app.add_option("--service", flags.service, "What to call: INTERFACE#METHOD[:VERSION[:GROUP]]");
  app.add_option("--params", flags.params, "Its arguments: one JSON array");
  app.add_option("--next", flags.next, "What each success calls next, as a task of its own; repeat for a chain")->take_all();
  app.add_flag("--run-once,!--no-run-once", flags.run_once, "No tick after the first success");
  app.add_option("--retry", flags.retry, "none, fixed:3:1s, exponential:5:1s:2:60s:0.1 or ladder:1s,5s,30s")->capture_default_str();
  app.add_option("--timeout", flags.timeout, "Of one attempt: 500ms, 60s, 2m (default: the server's 60s)");
  app.add_option("--on-lost", flags.on_lost, "When an executor is lost: rerun, or unknown for what must never run twice")
      ->capture_default_str();
  app.add_option("--priority", flags.priority, "0 to 9, higher first (default 5)")->check(CLI::Range(0, 9));
  app.add_option("--name", flags.name, "For people");
  app.add_option("--label", flags.labels, "KEY=VALUE; repeat for more")->take_all();
  app.add_option("--zone", flags.zone, "IANA time zone (default: the server's)");
  app.add_option("--misfire", flags.misfire, "Ticks that nobody could fire in time: once, skip, all or all:N; with a window once,30m");
  app.add_option("--overlap", flags.overlap, "A tick that is due while another runs: skip, buffer-one, buffer-all, cancel-other or allow");
  app.add_option("--start", flags.start, "Of a plan: no tick before this ISO 8601 instant");
  app.add_option("--end", flags.end, "Of a plan: no tick after this ISO 8601 instant");
  app.add_option("--max-count", flags.max_count, "Of a plan: so many ticks begin, then it has ended");
  app.add_option("--jitter", flags.jitter, "Each tick is due later by up to this: 500ms, 30s");
  app.add_option("--dst", flags.dst, "What a clock change does to local times: spring or once");
}

Result<void> put_timing(const SpecFlags& flags, v1::TaskSpec& spec) {
  if (!flags.misfire.empty()) {
    auto misfire = convert::parse_misfire(flags.misfire, "--misfire");
    if (!misfire) return fail(std::move(misfire.error()));
    *spec.mutable_misfire() = *misfire;
  }
  if (!flags.overlap.empty()) {
    const auto overlap = convert::parse_overlap(flags.overlap, "--overlap");
    if (!overlap) return fail(overlap.error());
    spec.set_overlap(*overlap);
  }
  for (const auto& [text, flag, out] : {std::tuple(&flags.start, "--start", &v1::TaskSpec::mutable_start_at),
                                        std::tuple(&flags.end, "--end", &v1::TaskSpec::mutable_end_at)}) {
    if (text->empty()) continue;
    const auto time = convert::parse_instant(*text, flag);
    if (!time) return fail(time.error());
    *(spec.*out)() = *time;
  }
  spec.set_max_count(flags.max_count);
  if (!flags.jitter.empty()) {
    const auto jitter = convert::parse_duration(flags.jitter, "--jitter");
    if (!jitter) return fail(jitter.error());
    spec.set_jitter_ms(static_cast<std::uint32_t>(jitter->count()));
  }
  if (flags.dst.empty()) return {};
  const auto dst = convert::parse_dst(flags.dst, "--dst");
  if (!dst) return fail(dst.error());
  spec.set_dst(*dst);
  return {};
}

/// All but what names the task and what it calls.
Result<void> put_options(const SpecFlags& flags, v1::TaskSpec& spec) {
  spec.set_run_once(flags.run_once);
  auto retry = convert::parse_retry(flags.retry, "--retry");
  if (!retry) return fail(std::move(retry.error()));
  if (retry->policy_case() != v1::RetryPolicy::POLICY_NOT_SET) *spec.mutable_retry() = std::move(*retry);
  if (!flags.timeout.empty()) {
    const auto timeout = convert::parse_duration(flags.timeout, "--timeout");
    if (!timeout) return fail(timeout.error());
    if (timeout->count() == 0)
      return fail(Code::InvalidArgument, "--timeout is \"" + flags.timeout + "\"; expected at least 1ms", "--timeout");
    spec.set_timeout_ms(static_cast<std::uint32_t>(timeout->count()));
  }
  const auto on_lost = convert::parse_on_lost(flags.on_lost, "--on-lost");
  if (!on_lost) return fail(on_lost.error());
  spec.set_on_lost(*on_lost);
  if (flags.priority >= 0) spec.set_priority(static_cast<std::uint32_t>(flags.priority));
  spec.set_name(flags.name);
  spec.set_zone(flags.zone);
  for (const std::string& text : flags.labels) {
    auto label = convert::parse_label(text, "--label");
    if (!label) return fail(std::move(label.error()));
    (*spec.mutable_labels())[label->first] = label->second;
  }
  for (const std::string& text : flags.next) {
    auto next = convert::parse_service(text, "", "--next");
    if (!next) return fail(std::move(next.error()));
    *spec.add_next() = std::move(*next);
  }
  return put_timing(flags, spec);
}

}  // namespace

void add_spec_flags(CLI::App& app, SpecFlags& flags) {
  add_setting(app, "--app", flags.app, "Application that the task belongs to");
  app.add_option("--kind", flags.kind, "real (now), ladder (after each rung), timing (at a time) or plan (on a cron)")
      ->capture_default_str();
  add_changeable_flags(app, flags);
  app.add_option("--unique-key", flags.unique_key, "One unended task per app and key");
  app.add_option("--request-id", flags.request_id, "A repeat within 24 hours answers the first task");
}

Result<v1::TaskSpec> spec_from(const SpecFlags& flags) {
  v1::TaskSpec spec;
  spec.set_app_id(flags.app);
  const auto kind = convert::parse_kind(flags.kind, "--kind");
  if (!kind) return fail(kind.error());
  spec.set_kind(*kind);
  spec.set_define(flags.define);
  auto target = convert::parse_service(flags.service, flags.params, "--service");
  if (!target) return fail(std::move(target.error()));
  *spec.mutable_target() = std::move(*target);
  if (auto put = put_options(flags, spec); !put) return fail(std::move(put.error()));
  spec.set_unique_key(flags.unique_key);
  spec.set_request_id(flags.request_id);
  return spec;
}

void add_update_flags(CLI::App& app, SpecFlags& flags) { add_changeable_flags(app, flags); }

Result<v1::UpdateTaskRequest> update_from(const CLI::App& app, const SpecFlags& flags) {
  static constexpr std::array<std::pair<const char*, const char*>, 18> kFields = {{{"--define", "define"},
                                                                                   {"--service", "target"},
                                                                                   {"--next", "next"},
                                                                                   {"--run-once", "runOnce"},
                                                                                   {"--retry", "retry"},
                                                                                   {"--timeout", "timeoutMs"},
                                                                                   {"--on-lost", "onLost"},
                                                                                   {"--priority", "priority"},
                                                                                   {"--name", "name"},
                                                                                   {"--label", "labels"},
                                                                                   {"--zone", "zone"},
                                                                                   {"--misfire", "misfire"},
                                                                                   {"--overlap", "overlap"},
                                                                                   {"--start", "startAt"},
                                                                                   {"--end", "endAt"},
                                                                                   {"--max-count", "maxCount"},
                                                                                   {"--jitter", "jitterMs"},
                                                                                   {"--dst", "dst"}}};
  v1::UpdateTaskRequest request;
  for (const auto& [flag, field] : kFields) {
    if (app.count(flag) > 0) request.add_fields(field);
  }
  v1::TaskSpec& spec = *request.mutable_spec();
  spec.set_define(flags.define);
  if (!flags.service.empty()) {
    auto target = convert::parse_service(flags.service, flags.params, "--service");
    if (!target) return fail(std::move(target.error()));
    *spec.mutable_target() = std::move(*target);
  } else if (app.count("--params") > 0) {
    request.mutable_params()->set_json(flags.params);
  }
  if (auto put = put_options(flags, spec); !put) return fail(std::move(put.error()));
  return request;
}

}  // namespace meepo::cli
