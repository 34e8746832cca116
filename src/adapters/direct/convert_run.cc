#include "adapters/direct/convert_run.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "convert/convert.h"

namespace meepo::adapters::direct {
namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kTargetKeyCharsMax = 3 * limits::kNameCharsMax + sizeof("service:::");
constexpr std::uint32_t kTimeoutMsMax = std::chrono::duration_cast<milliseconds>(limits::kTimeoutMax).count();

/// Where in a message a value stands; the text is made for errors only.
struct Place {
  std::string_view list;
  int index = 0;
  std::string_view member;
  std::string text() const {
    return std::string(list) + "[" + std::to_string(index) + "]" + (member.empty() ? "" : ".") + std::string(member);
  }
};

std::unexpected<Error> invalid(std::string field, std::string_view found, std::string_view expected) {
  std::string message = field + " is " + std::string(found) + ", expected " + std::string(expected);
  return fail(Code::InvalidArgument, std::move(message), std::move(field));
}

std::unexpected<Error> too_many(std::string field, std::size_t found, std::size_t most) {
  std::string message = field + " is " + std::to_string(found) + ", at most " + std::to_string(most) + " is allowed";
  return fail(Code::Exhausted, std::move(message), std::move(field));
}

// ---- tokens: 16 bytes, high half first, big-endian ----

std::string token_bytes(const RunToken& token) {
  std::string bytes(kTokenBytes, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(token.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(token.low >> (56 - 8 * i));
  }
  return bytes;
}

std::optional<RunToken> token_from(std::string_view bytes) {
  if (bytes.size() != kTokenBytes) return std::nullopt;
  RunToken token;
  for (std::size_t i = 0; i < 8; ++i) {
    token.high = token.high << 8U | static_cast<unsigned char>(bytes[i]);
    token.low = token.low << 8U | static_cast<unsigned char>(bytes[8 + i]);
  }
  if (token.empty()) return std::nullopt;
  return token;
}

Result<ports::RunRef> ref_from(const std::string& firing_id, const std::string& token, Place place) {
  auto id = FiringId::parse(firing_id);
  if (!id) {
    place.member = place.member.empty() ? "firingId" : "run.firingId";
    return invalid(place.text(), quoted(firing_id), "a firing id, <task id>@<tick>");
  }
  const auto parsed = token_from(token);
  if (!parsed) {
    place.member = place.member.empty() ? "token" : "run.token";
    return invalid(place.text(), std::to_string(token.size()) + " bytes or all zero", "16 bytes, not all zero");
  }
  return ports::RunRef{.id = *std::move(id), .token = *parsed};
}

Result<ports::RunRef> ref_from(const v1::RunRef& run, Place place) { return ref_from(run.firing_id(), run.token(), place); }

ports::AttemptReport report_from(const v1::Report& report) {
  ports::AttemptReport out;
  if (report.has_progress()) out.progress = report.progress();
  out.log = report.log();
  return out;
}

void write_report(const ports::AttemptReport& report, v1::Report& out) {
  if (report.progress) out.set_progress(*report.progress);
  out.set_log(report.log);
}

bool has_content(const ports::AttemptReport& report) { return report.progress || !report.log.empty(); }

// ---- parts of messages ----

Result<ports::RunRenewal> item_from(const v1::RunRenewal& renewal, Place place) {
  place.member = "run";
  auto ref = ref_from(renewal.run(), place);
  if (!ref) return fail(std::move(ref.error()));
  return ports::RunRenewal{.run = *std::move(ref),
                           .started = renewal.started(),
                           .cancel_acknowledged = renewal.cancel_acknowledged(),
                           .report = report_from(renewal.report())};
}

Result<ports::RunEnd> item_from(const v1::RunEnd& end, Place place) {
  place.member = "run";
  auto ref = ref_from(end.run(), place);
  if (!ref) return fail(std::move(ref.error()));
  const auto outcome = convert::outcome_from(end.outcome());
  if (!outcome ||
      (*outcome != Outcome::Success && *outcome != Outcome::Fail && *outcome != Outcome::Timeout && *outcome != Outcome::Stopped)) {
    place.member = "outcome";
    return invalid(place.text(), std::to_string(end.outcome()), "SUCCESS, FAIL, TIMEOUT or STOPPED");
  }
  ports::RunEnd out{
      .run = *std::move(ref), .outcome = *outcome, .result = std::nullopt, .error = end.error(), .report = report_from(end.report())};
  if (end.result().data_case() != v1::Payload::DATA_NOT_SET) {
    out.result = convert::payload_from(end.result());
    if (out.result->data.size() > limits::kPayloadBytesMax) {
      place.member = "result";
      return too_many(place.text(), out.result->data.size(), limits::kPayloadBytesMax);
    }
  }
  return out;
}

Result<ports::Run> item_from(const v1::Run& run, Place place) {
  auto ref = ref_from(run.firing_id(), run.token(), place);
  if (!ref) return fail(std::move(ref.error()));
  if (run.attempt() == 0) {
    place.member = "attempt";
    return invalid(place.text(), "0", "1 or more");
  }
  if (run.timeout_ms() == 0 || run.timeout_ms() > kTimeoutMsMax) {
    place.member = "timeoutMs";
    return invalid(place.text(), std::to_string(run.timeout_ms()), "1 to " + std::to_string(kTimeoutMsMax));
  }
  place.member = "target";
  auto target = convert::target_from(run.target(), place.text());
  if (!target) return fail(std::move(target.error()));
  return ports::Run{.id = std::move(ref->id),
                    .token = ref->token,
                    .attempt = run.attempt(),
                    .due = from_unix_ms(run.due_ms()),
                    .lease_until = from_unix_ms(run.lease_until_ms()),
                    .timeout = milliseconds(run.timeout_ms()),
                    .suspect = run.suspect(),
                    .target = *std::move(target),
                    .app_id = run.app_id(),
                    .not_before = run.not_before_ms() == 0 ? std::nullopt : std::optional(from_unix_ms(run.not_before_ms()))};
}

Result<ports::RunRef> item_from(const v1::RunRef& run, Place place) { return ref_from(run, place); }

Result<ports::EndVerdict> item_from(const v1::EndVerdict& verdict, Place place) {
  using Verdict = ports::EndRequest::ItemAnswer::Verdict;
  place.member = "run";
  auto ref = ref_from(verdict.run(), place);
  if (!ref) return fail(std::move(ref.error()));
  switch (verdict.verdict()) {
    case v1::EndVerdict::ACCEPTED: return ports::EndVerdict{.run = *std::move(ref), .verdict = Verdict::Accepted};
    case v1::EndVerdict::REPEATED: return ports::EndVerdict{.run = *std::move(ref), .verdict = Verdict::Repeated};
    case v1::EndVerdict::STALE: return ports::EndVerdict{.run = *std::move(ref), .verdict = Verdict::Stale};
    default: break;
  }
  place.member = "verdict";
  return invalid(place.text(), std::to_string(verdict.verdict()), "ACCEPTED, REPEATED or STALE");
}

Result<ports::RenewVerdict> item_from(const v1::RenewVerdict& verdict, Place place) {
  place.member = "run";
  auto ref = ref_from(verdict.run(), place);
  if (!ref) return fail(std::move(ref.error()));
  ports::RenewVerdict out{.run = *std::move(ref), .answer = ports::RenewAnswer::Ok, .lease_until = from_unix_ms(verdict.lease_until_ms())};
  switch (verdict.answer()) {
    case v1::RenewVerdict::OK: return out;
    case v1::RenewVerdict::CANCEL_ASKED: out.answer = ports::RenewAnswer::CancelAsked; return out;
    case v1::RenewVerdict::LOST: out.answer = ports::RenewAnswer::Lost; return out;
    default: break;
  }
  place.member = "answer";
  return invalid(place.text(), std::to_string(verdict.answer()), "OK, CANCEL_ASKED or LOST");
}

template <class Message, class Item>
Result<void> read_all(const google::protobuf::RepeatedPtrField<Message>& messages, std::string_view list, std::vector<Item>& out) {
  out.reserve(static_cast<std::size_t>(messages.size()));
  for (int index = 0; index < messages.size(); ++index) {
    auto item = item_from(messages[index], Place{.list = list, .index = index, .member = {}});
    if (!item) return fail(std::move(item.error()));
    out.push_back(*std::move(item));
  }
  return {};
}

Result<void> check_target_key(const std::string& key, std::string_view list, int index) {
  Place place{.list = list, .index = index, .member = {}};
  if (key.size() > kTargetKeyCharsMax) return too_many(place.text() + " (characters)", key.size(), kTargetKeyCharsMax);
  const std::string_view interface = std::string_view(key).substr(0, key.rfind(':', key.rfind(':') - 1));
  const bool service =
      key.starts_with("service:") && std::count(key.begin(), key.end(), ':') >= 3 && interface.size() > sizeof("service:") - 1;
  if (service || key == "http" || key == "command") return {};
  return invalid(place.text(), quoted(key), "service:<interface>:<version>:<group>, http or command");
}

Result<std::vector<std::string>> target_keys_from(const google::protobuf::RepeatedPtrField<std::string>& keys, std::string_view list) {
  const auto count = static_cast<std::size_t>(keys.size());
  if (count > limits::kExecutorServicesMax) return too_many(std::string(list) + " (items)", count, limits::kExecutorServicesMax);
  for (int index = 0; index < keys.size(); ++index) {
    if (auto checked = check_target_key(keys[index], list, index); !checked) return fail(std::move(checked.error()));
  }
  return std::vector<std::string>(keys.begin(), keys.end());
}

Result<ports::ExecutorHello> hello_from(const v1::ExecutorHello& hello) {
  const auto count = [](const auto& list) { return static_cast<std::size_t>(list.size()); };
  if (hello.instance().empty()) return invalid("hello.instance", "empty", "a name that is unique per process start");
  if (hello.instance().size() > limits::kNameCharsMax) {
    return too_many("hello.instance (characters)", hello.instance().size(), limits::kNameCharsMax);
  }
  if (has_control_character(hello.instance())) return invalid("hello.instance", quoted(hello.instance()), "no control characters");
  if (hello.name().size() > limits::kNameCharsMax) return too_many("hello.name (characters)", hello.name().size(), limits::kNameCharsMax);
  auto target_keys = target_keys_from(hello.target_keys(), "hello.targetKeys");
  if (!target_keys) return fail(std::move(target_keys.error()));
  if (hello.credits() > limits::kExecutorCreditsMax) return too_many("hello.credits", hello.credits(), limits::kExecutorCreditsMax);
  if (count(hello.running()) > limits::kExecutorCreditsMax + limits::kEndsKeptMax) {
    return too_many("hello.running (items)", count(hello.running()), limits::kExecutorCreditsMax + limits::kEndsKeptMax);
  }
  if (count(hello.ends()) > limits::kEndsKeptMax) return too_many("hello.ends (items)", count(hello.ends()), limits::kEndsKeptMax);
  ports::ExecutorHello out{.instance = hello.instance(),
                           .name = hello.name(),
                           .target_keys = *std::move(target_keys),
                           .credits = hello.credits(),
                           .complete = hello.complete(),
                           .running = {},
                           .ends = {}};
  if (auto done = read_all(hello.running(), "hello.running", out.running); !done) return fail(std::move(done.error()));
  if (auto done = read_all(hello.ends(), "hello.ends", out.ends); !done) return fail(std::move(done.error()));
  return out;
}

}  // namespace

Result<FromExecutor> read(const v1::FromExecutor& message, bool first) {
  if (message.has_hello() != first) {
    return first ? invalid("hello", "missing", "a hello in the first message")
                 : invalid("hello", "sent again", "it in the first message only");
  }
  if (message.credits() > limits::kExecutorCreditsMax) return too_many("credits", message.credits(), limits::kExecutorCreditsMax);
  FromExecutor out;
  out.credits = message.credits();
  out.time_question = message.time_question();
  if (first) {
    auto hello = hello_from(message.hello());
    if (!hello) return fail(std::move(hello.error()));
    out.hello = *std::move(hello);
  }
  if (message.has_offer()) {
    auto offer = target_keys_from(message.offer().target_keys(), "offer.targetKeys");
    if (!offer) return fail(std::move(offer.error()));
    out.offer = *std::move(offer);
  }
  if (auto done = read_all(message.started(), "started", out.started); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.renewals(), "renewals", out.renewals); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.ends(), "ends", out.ends); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.handed_back(), "handedBack", out.handed_back); !done) return fail(std::move(done.error()));
  return out;
}

Result<ToExecutor> read(const v1::ToExecutor& message, bool first) {
  if (message.has_welcome() != first) {
    return first ? invalid("welcome", "missing", "a welcome in the first message")
                 : invalid("welcome", "sent again", "it in the first message only");
  }
  ToExecutor out;
  if (first) out.welcome = from_unix_ms(message.welcome().now_ms());
  if (message.has_store_time()) {
    out.store_time = {.question = message.store_time().question(),
                      .now = ports::ExactTime(std::chrono::microseconds(message.store_time().now_us()))};
  }
  if (auto done = read_all(message.end_verdicts(), "endVerdicts", out.end_verdicts); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.renew_verdicts(), "renewVerdicts", out.renew_verdicts); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.runs(), "runs", out.runs); !done) return fail(std::move(done.error()));
  if (auto done = read_all(message.cancel_asked(), "cancelAsked", out.cancel_asked); !done) return fail(std::move(done.error()));
  return out;
}

std::size_t write(const ports::RunRef& run, v1::RunRef& out) {
  out.set_firing_id(run.id.text());
  out.set_token(token_bytes(run.token));
  return out.firing_id().size() + kTokenBytes + 6;
}

std::size_t write(const ports::RunEnd& end, v1::RunEnd& out) {
  std::size_t bytes = write(end.run, *out.mutable_run()) + end.error.size() + 16;
  out.set_outcome(convert::to_proto(end.outcome));
  if (end.result) {
    *out.mutable_result() = convert::to_proto(*end.result);
    bytes += end.result->data.size();
  }
  out.set_error(end.error);
  if (has_content(end.report)) {
    write_report(end.report, *out.mutable_report());
    bytes += out.report().ByteSizeLong();
  }
  return bytes;
}

std::size_t write(const ports::RunRenewal& renewal, v1::RunRenewal& out) {
  std::size_t bytes = write(renewal.run, *out.mutable_run()) + 8;
  out.set_started(renewal.started);
  out.set_cancel_acknowledged(renewal.cancel_acknowledged);
  if (has_content(renewal.report)) {
    write_report(renewal.report, *out.mutable_report());
    bytes += out.report().ByteSizeLong();
  }
  return bytes;
}

std::size_t write(const ports::Run& run, v1::Run& out) {
  out.set_firing_id(run.id.text());
  out.set_token(token_bytes(run.token));
  out.set_attempt(run.attempt);
  out.set_due_ms(to_unix_ms(run.due));
  out.set_lease_until_ms(to_unix_ms(run.lease_until));
  out.set_timeout_ms(static_cast<std::uint32_t>(run.timeout.count()));
  out.set_suspect(run.suspect);
  out.set_app_id(run.app_id);
  if (run.not_before) out.set_not_before_ms(to_unix_ms(*run.not_before));
  convert::to_proto(run.target, *out.mutable_target());
  return out.ByteSizeLong();
}

std::size_t write(const ports::EndVerdict& verdict, v1::EndVerdict& out) {
  using Verdict = ports::EndRequest::ItemAnswer::Verdict;
  switch (verdict.verdict) {
    case Verdict::Accepted: out.set_verdict(v1::EndVerdict::ACCEPTED); break;
    case Verdict::Repeated: out.set_verdict(v1::EndVerdict::REPEATED); break;
    case Verdict::Stale: out.set_verdict(v1::EndVerdict::STALE); break;
  }
  return write(verdict.run, *out.mutable_run()) + 4;
}

std::size_t write(const ports::RenewVerdict& verdict, v1::RenewVerdict& out) {
  switch (verdict.answer) {
    case ports::RenewAnswer::Ok: out.set_answer(v1::RenewVerdict::OK); break;
    case ports::RenewAnswer::CancelAsked: out.set_answer(v1::RenewVerdict::CANCEL_ASKED); break;
    case ports::RenewAnswer::Lost: out.set_answer(v1::RenewVerdict::LOST); break;
  }
  out.set_lease_until_ms(to_unix_ms(verdict.lease_until));
  return write(verdict.run, *out.mutable_run()) + 12;
}

}  // namespace meepo::adapters::direct
