#include "convert/convert.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace meepo::convert {
namespace {

std::string text() { return *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '\x7f')); }

std::vector<std::pair<std::string, std::string>> pairs() {
  std::map<std::string, std::string> map;
  const auto count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) map[text()] = text();
  return {map.begin(), map.end()};
}

/// Empty payloads have one form: that of an absent one.
Payload payload() {
  const auto encoding = *rc::gen::element(Encoding::Json, Encoding::Hessian2, Encoding::Bytes);
  auto data = encoding == Encoding::Json ? text() : *rc::gen::arbitrary<std::string>();
  return data.empty() ? Payload{} : Payload{.encoding = encoding, .data = std::move(data)};
}

Target target() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0: {
      ServiceTarget service{
          .interface = text(), .method = text(), .version = text(), .group = text(), .param_types = {}, .params = payload()};
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) service.param_types.push_back(text());
      return service;
    }
    case 1: return HttpTarget{.method = text(), .url = text(), .headers = pairs(), .body = payload()};
    default: return CommandTarget{.argv = {text(), text()}, .env = pairs()};
  }
}

RetryPolicy retry() {
  using PolicyKind = RetryPolicy::Kind;
  RetryPolicy policy;
  policy.kind = *rc::gen::element(PolicyKind::None, PolicyKind::Ladder, PolicyKind::Fixed, PolicyKind::Exponential);
  const auto delay = [] { return milliseconds(*rc::gen::inRange<std::int64_t>(0, 2'678'400'001)); };
  switch (policy.kind) {
    case PolicyKind::None: break;
    case PolicyKind::Ladder:
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) policy.ladder.push_back(delay());
      break;
    case PolicyKind::Exponential:
      policy.factor = *rc::gen::element(1.0, 1.5, 2.0, 10.0);
      policy.cap = delay();
      policy.jitter = *rc::gen::element(0.0, 0.1, 1.0);
      [[fallthrough]];
    case PolicyKind::Fixed:
      policy.max_retries = *rc::gen::inRange(0U, 1'001U);
      policy.delay = delay();
      break;
  }
  return policy;
}

TaskSpec spec() {
  TaskSpec spec{.app_id = text(),
                .kind = *rc::gen::element(Kind::Real, Kind::Ladder, Kind::Timing, Kind::Plan),
                .define = text(),
                .target = target(),
                .next = {},
                .options = {}};
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) spec.next.push_back(target());
  auto& options = spec.options;
  options.name = text();
  options.zone = text();
  options.run_once = *rc::gen::arbitrary<bool>();
  options.retry = retry();
  options.timeout = milliseconds(*rc::gen::inRange<std::int64_t>(1, 604'800'001));
  options.on_lost = *rc::gen::element(OnLost::Rerun, OnLost::Unknown);
  options.priority = *rc::gen::inRange(0, 10);
  options.unique_key = text();
  options.request_id = text();
  options.labels = pairs();
  return spec;
}

RC_GTEST_PROP(Convert, ASpecComesBackFromItsMessageUnchanged, ()) {
  const auto before = spec();
  v1::TaskSpec message;
  to_proto(before, message);
  v1::TaskSpec read;
  RC_ASSERT(read.ParseFromString(message.SerializeAsString()));
  const auto after = spec_from(read);
  RC_ASSERT(after.has_value());
  RC_ASSERT(*after == before);
}

TEST(Convert, AnOmittedOptionIsItsDefault) {
  v1::TaskSpec message;
  message.set_kind(v1::Kind::REAL);
  message.mutable_target()->mutable_service()->set_interface("a.B");
  const auto spec = spec_from(message);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->options, Options{});
  message.mutable_retry()->mutable_exponential()->set_max_retries(3);
  EXPECT_EQ(spec_from(message)->options.retry.factor, 2.0);
  message.set_priority(4'000'000'000);
  EXPECT_GT(spec_from(message)->options.priority, limits::kPriorityMax);
  message.set_priority(0);
  EXPECT_EQ(spec_from(message)->options.priority, 0);
}

TEST(Convert, ABadShapeIsRefusedNamingTheField) {
  v1::TaskSpec good;
  good.set_kind(v1::Kind::REAL);
  good.mutable_target()->mutable_service()->set_interface("a.B");

  struct Case {
    const char* field;
    const char* value;
    void (*spoil)(v1::TaskSpec&);
  };
  const Case cases[] = {
      {"kind", "not given", [](v1::TaskSpec& spec) { spec.clear_kind(); }},
      {"kind", "17", [](v1::TaskSpec& spec) { spec.set_kind(static_cast<v1::Kind::Value>(17)); }},
      {"onLost", "9", [](v1::TaskSpec& spec) { spec.set_on_lost(static_cast<v1::OnLost>(9)); }},
      {"target", "service, http, command", [](v1::TaskSpec& spec) { spec.clear_target(); }},
      {"next[1]", "service, http, command",
       [](v1::TaskSpec& spec) {
         *spec.add_next() = spec.target();
         spec.add_next();
       }},
  };
  ASSERT_TRUE(spec_from(good));
  for (const auto& [field, value, spoil] : cases) {
    auto bad = good;
    spoil(bad);
    const auto spec = spec_from(bad);
    ASSERT_FALSE(spec) << field;
    EXPECT_EQ(spec.error().code, Code::InvalidArgument);
    EXPECT_EQ(spec.error().field, field);
    EXPECT_NE(spec.error().message.find(value), std::string::npos) << spec.error().message;
  }
}

TEST(Convert, EnumsComeBackAndUnknownNumbersAreRefused) {
  for (const auto outcome : {Outcome::Success, Outcome::Fail, Outcome::Timeout, Outcome::Quarantined, Outcome::Unknown, Outcome::Stopped}) {
    EXPECT_EQ(outcome_from(to_proto(outcome)), outcome);
  }
  EXPECT_EQ(outcome_from(v1::Firing::OUTCOME_UNSPECIFIED).error().field, "outcome");
  EXPECT_EQ(outcome_from(static_cast<v1::Firing::Outcome>(99)).error().field, "outcome");
  for (const auto status :
       {Status::Create, Status::Schedule, Status::Running, Status::Done, Status::Success, Status::Cancel, Status::Fail}) {
    EXPECT_EQ(*status_from(to_proto(status)), status);
  }
  EXPECT_EQ(*status_from(v1::Status::STATUS_UNSPECIFIED), std::nullopt);
  EXPECT_EQ(status_from(static_cast<v1::Status::Value>(11)).error().field, "status");
  EXPECT_EQ(*kind_from(v1::Kind::KIND_UNSPECIFIED), std::nullopt);
}

TEST(Convert, ATimeBefore1970KeepsItsMilliseconds) {
  const auto stamp = to_proto(from_unix_ms(-1));
  EXPECT_EQ(stamp.seconds(), -1);
  EXPECT_EQ(stamp.nanos(), 999'000'000);
}

v1::Firing message_of(const Firing& firing) {
  v1::Firing out;
  to_proto(firing, out);
  return out;
}

TEST(Convert, AFiringSaysHowFarItsCancellationHasCome) {
  Firing firing;
  firing.state = State::Running;
  EXPECT_EQ(message_of(firing).cancel(), "");
  firing.cancel_asked_at = from_unix_ms(5);
  EXPECT_EQ(message_of(firing).cancel(), "asked");
  firing.cancel_acknowledged_at = from_unix_ms(6);
  EXPECT_EQ(message_of(firing).cancel(), "acknowledged");
  firing.state = State::Ended;
  firing.outcome = Outcome::Stopped;
  EXPECT_EQ(message_of(firing).cancel(), "stopped");
}

TEST(Convert, OnlyAFiringThatBeganHasARetryInstant) {
  Firing firing;
  firing.score = from_unix_ms(7'000);
  EXPECT_FALSE(message_of(firing).has_retry_at());
  firing.attempt = 1;
  EXPECT_EQ(message_of(firing).retry_at().seconds(), 7);
  firing.state = State::Running;
  EXPECT_FALSE(message_of(firing).has_retry_at());
}

TEST(Convert, AFiringSaysWhyItWaitsOrWasSkipped) {
  Firing firing;
  firing.state = State::Waiting;
  firing.wait_reason = WaitReason::NoExecutor;
  firing.waiting_since = from_unix_ms(3'000);
  EXPECT_EQ(message_of(firing).reason(), "no executor");
  EXPECT_EQ(message_of(firing).waiting_since().seconds(), 3);
  firing = Firing{};
  firing.state = State::Ended;
  firing.fate = Fate::Skipped;
  firing.skip_reason = SkipReason::RunOnce;
  EXPECT_EQ(message_of(firing).reason(), "run_once");
  EXPECT_EQ(message_of(firing).fate(), v1::Firing::SKIPPED);
  EXPECT_EQ(message_of(firing).state(), v1::Firing::ENDED);
}

TEST(Convert, ALedgerRowIsAFiringOrARange) {
  ports::LedgerRow row;
  row.firing = Firing{};
  row.attempts.push_back(
      {.number = 1, .executor = "e-1", .begun_at = {}, .ended_at = {}, .outcome = Outcome::Fail, .error = "no", .progress = {}, .log = {}});
  v1::LedgerRow out;
  to_proto(row, out);
  EXPECT_TRUE(out.has_firing());
  EXPECT_FALSE(out.has_range());
  EXPECT_EQ(out.attempts(0).outcome(), v1::Firing::FAIL);

  row = {};
  row.range = TickRange{.first = Tick::rung(1), .last = Tick::rung(9), .count = 9};
  row.range_reason = SkipReason::Misfire;
  out.Clear();
  to_proto(row, out);
  EXPECT_FALSE(out.has_firing());
  EXPECT_EQ(out.range().last(), "r9");
  EXPECT_EQ(out.range_fate(), v1::Firing::SKIPPED);
  EXPECT_EQ(out.range_reason(), "misfire");
}

}  // namespace
}  // namespace meepo::convert
