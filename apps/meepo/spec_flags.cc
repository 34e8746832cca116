#include "spec_flags.h"

#include "parse.h"

namespace meepo::cli {

void add_spec_flags(CLI::App& app, SpecFlags& flags) {
  add_setting(app, "--app", flags.app, "Application that the task belongs to");
  app.add_option("--kind", flags.kind, "real (now) or ladder (after each rung)")->capture_default_str();
  app.add_option("--define", flags.define, "Of a ladder: seconds after its creation, \"0,1,3,5\"");
  app.add_option("--service", flags.service, "What to call: INTERFACE#METHOD[:VERSION[:GROUP]]");
  app.add_option("--params", flags.params, "Its arguments: one JSON array");
  app.add_option("--next", flags.next, "What each success calls next, as a task of its own; repeat for a chain")->take_all();
  app.add_flag("--run-once", flags.run_once, "No tick after the first success");
  app.add_option("--retry", flags.retry, "none, fixed:3:1s, exponential:5:1s:2:60s:0.1 or ladder:1s,5s,30s")->capture_default_str();
  app.add_option("--timeout", flags.timeout, "Of one attempt: 500ms, 60s, 2m (default: the server's 60s)");
  app.add_option("--on-lost", flags.on_lost, "When an executor is lost: rerun, or unknown for what must never run twice")
      ->capture_default_str();
  app.add_option("--priority", flags.priority, "0 to 9, higher first (default 5)")->check(CLI::Range(0, 9));
  app.add_option("--unique-key", flags.unique_key, "One unended task per app and key");
  app.add_option("--request-id", flags.request_id, "A repeat within 24 hours answers the first task");
  app.add_option("--name", flags.name, "For people");
  app.add_option("--label", flags.labels, "KEY=VALUE; repeat for more")->take_all();
  app.add_option("--zone", flags.zone, "IANA time zone (default: the server's)");
}

Result<v1::TaskSpec> spec_from(const SpecFlags& flags) {
  v1::TaskSpec spec;
  spec.set_app_id(flags.app);
  const auto kind = parse_kind(flags.kind);
  if (!kind) return fail(kind.error());
  spec.set_kind(*kind);
  spec.set_define(flags.define);
  auto target = parse_service(flags.service, flags.params, "--service");
  if (!target) return fail(std::move(target.error()));
  *spec.mutable_target() = std::move(*target);
  for (const std::string& text : flags.next) {
    auto next = parse_service(text, "", "--next");
    if (!next) return fail(std::move(next.error()));
    *spec.add_next() = std::move(*next);
  }
  spec.set_run_once(flags.run_once);
  auto retry = parse_retry(flags.retry);
  if (!retry) return fail(std::move(retry.error()));
  if (retry->policy_case() != v1::RetryPolicy::POLICY_NOT_SET) *spec.mutable_retry() = std::move(*retry);
  if (!flags.timeout.empty()) {
    const auto timeout = parse_duration(flags.timeout, "--timeout");
    if (!timeout) return fail(timeout.error());
    if (timeout->count() == 0)
      return fail(Code::InvalidArgument, "--timeout is \"" + flags.timeout + "\"; expected at least 1ms", "--timeout");
    spec.set_timeout_ms(static_cast<std::uint32_t>(timeout->count()));
  }
  const auto on_lost = parse_on_lost(flags.on_lost);
  if (!on_lost) return fail(on_lost.error());
  spec.set_on_lost(*on_lost);
  if (flags.priority >= 0) spec.set_priority(static_cast<std::uint32_t>(flags.priority));
  spec.set_unique_key(flags.unique_key);
  spec.set_request_id(flags.request_id);
  spec.set_name(flags.name);
  spec.set_zone(flags.zone);
  for (const std::string& text : flags.labels) {
    auto label = parse_label(text);
    if (!label) return fail(std::move(label.error()));
    (*spec.mutable_labels())[label->first] = label->second;
  }
  return spec;
}

}  // namespace meepo::cli
