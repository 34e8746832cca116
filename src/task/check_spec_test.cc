#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "task/task.h"

namespace meepo {
namespace {

using Change = std::function<void(TaskSpec&)>;

TaskSpec good_spec() {
  TaskSpec spec;
  spec.app_id = "billing";
  spec.target = ServiceTarget{.interface = "com.example.Billing", .method = "settle", .params = {.data = "[1]"}};
  return spec;
}

Result<TaskSpec> checked(const Change& change) {
  TaskSpec spec = good_spec();
  change(spec);
  return check_spec(std::move(spec), "Asia/Shanghai");
}

struct Refused {
  Change change;
  std::string_view field;
  std::string_view part;  ///< of the message
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& one : cases) {
    const auto answer = checked(one.change);
    ASSERT_FALSE(answer.has_value()) << one.field << " " << one.part;
    EXPECT_EQ(answer.error().code, Code::InvalidArgument);
    EXPECT_EQ(answer.error().field, one.field) << answer.error().message;
    EXPECT_NE(answer.error().message.find(one.part), std::string::npos) << answer.error().message << " lacks " << one.part;
    EXPECT_LT(answer.error().message.size(), 1'000U);
  }
}

void expect_taken(const std::vector<Change>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto answer = checked(cases[i]);
    EXPECT_TRUE(answer.has_value()) << "case " << i << ": " << answer.error().message;
  }
}

TEST(CheckSpec, GivesTheDefaultZoneAndChangesNothingElse) {
  TaskSpec expected = good_spec();
  expected.options.zone = "Asia/Shanghai";
  EXPECT_EQ(check_spec(good_spec(), "Asia/Shanghai"), Result<TaskSpec>(expected));
  expected.options.zone = "UTC";
  EXPECT_EQ(check_spec(expected, "Asia/Shanghai"), Result<TaskSpec>(expected));
}

TEST(CheckSpec, AppId) {
  expect_taken({[](TaskSpec& s) { s.app_id = std::string(255, 'a'); }, [](TaskSpec& s) { s.app_id = "计费 service/1"; }});
  expect_refused({
      {[](TaskSpec& s) { s.app_id = ""; }, "appId", R"(appId is "": expected 1 to 255 bytes)"},
      {[](TaskSpec& s) { s.app_id = std::string(256, 'a'); }, "appId", "…\": expected at most 255 bytes, not 256"},
      {[](TaskSpec& s) { s.app_id = "a\nb"; }, "appId", R"(appId is "a\nb": expected no control characters)"},
      {[](TaskSpec& s) { s.app_id = std::string("a\0b", 3); }, "appId", R"("a\x00b")"},
      {[](TaskSpec& s) { s.app_id = "a\xff"; }, "appId", "valid UTF-8"},
  });
}

TEST(CheckSpec, KindAndDefine) {
  expect_taken({[](TaskSpec& s) {
    s.kind = Kind::Ladder;
    s.define = "0, 1,3";
  }});
  expect_refused({
      {[](TaskSpec& s) { s.define = "0"; }, "define", R"(define is "0": expected an empty text)"},
      {[](TaskSpec& s) { s.define = " "; }, "define", "REAL"},
      {[](TaskSpec& s) { s.kind = Kind::Ladder; }, "define", "whole seconds after creation"},
      {[](TaskSpec& s) {
         s.kind = Kind::Ladder;
         s.define = "1,x";
       },
       "define", R"(rung 2 is "x")"},
      {[](TaskSpec& s) { s.kind = Kind::Timing; }, "define", "1 to 1024 bytes"},
      {[](TaskSpec& s) {
         s.kind = Kind::Plan;
         s.define = std::string(1025, '*');
       },
       "define", "at most 1024 bytes, not 1025"},
      {[](TaskSpec& s) { s.options.misfire.kind = Misfire::Kind::Once; }, "misfire",
       "only for a LADDER, TIMING or PLAN, not for a REAL task"},
      {[](TaskSpec& s) { s.options.jitter = milliseconds(1); }, "jitterMs", "only for a LADDER, TIMING or PLAN"},
      {[](TaskSpec& s) { s.options.overlap = Overlap::Skip; }, "overlap", "only for a LADDER or PLAN"},
      {[](TaskSpec& s) { s.options.start = from_unix_ms(0); }, "startAt", "only for a PLAN"},
      {[](TaskSpec& s) { s.options.end = from_unix_ms(0); }, "endAt", "only for a PLAN"},
      {[](TaskSpec& s) { s.options.max_count = 1; }, "maxCount", "only for a PLAN"},
      {[](TaskSpec& s) { s.options.dst = DstRule::Once; }, "dst", "only for a PLAN"},
      {[](TaskSpec& s) { s.kind = static_cast<Kind>(9); }, "kind", "kind is 9: expected REAL, LADDER, TIMING or PLAN"},
      {[](TaskSpec& s) { s.kind = static_cast<Kind>(0); }, "kind", "kind is 0"},
  });
}

TEST(CheckSpec, TextsOfTheOptions) {
  expect_taken({[](TaskSpec& s) { s.options.name = std::string(255, 'a'); }, [](TaskSpec& s) { s.options.unique_key = "order 1/甲"; },
                [](TaskSpec& s) { s.options.request_id = std::string(255, 'r'); }, [](TaskSpec& s) { s.options.zone = "Etc/GMT+8"; }});
  expect_refused({
      {[](TaskSpec& s) { s.options.name = std::string(256, 'a'); }, "name", "at most 255"},
      {[](TaskSpec& s) { s.options.name = "a\x7f"; }, "name", "no control characters"},
      {[](TaskSpec& s) { s.options.unique_key = std::string(256, 'a'); }, "uniqueKey", "at most 255"},
      {[](TaskSpec& s) { s.options.unique_key = "a\tb"; }, "uniqueKey", "no control characters"},
      {[](TaskSpec& s) { s.options.request_id = std::string(256, 'a'); }, "requestId", "at most 255"},
      {[](TaskSpec& s) { s.options.request_id = "a\rb"; }, "requestId", "no control characters"},
      {[](TaskSpec& s) { s.options.zone = "Asia/Shang hai"; }, "zone", "only letters, digits and _+-/"},
      {[](TaskSpec& s) { s.options.zone = "../etc"; }, "zone", "only letters, digits and _+-/"},
      {[](TaskSpec& s) { s.options.zone = std::string(256, 'a'); }, "zone", "at most 255"},
  });
}

TEST(CheckSpec, TimeoutPriorityAndOnLost) {
  expect_taken({[](TaskSpec& s) { s.options.timeout = milliseconds(1); }, [](TaskSpec& s) { s.options.timeout = limits::kTimeoutMax; },
                [](TaskSpec& s) { s.options.priority = 0; }, [](TaskSpec& s) { s.options.priority = 9; },
                [](TaskSpec& s) { s.options.on_lost = OnLost::Unknown; }});
  expect_refused({
      {[](TaskSpec& s) { s.options.timeout = milliseconds(0); }, "timeoutMs", "timeoutMs is 0: expected 1 to 604800000"},
      {[](TaskSpec& s) { s.options.timeout = limits::kTimeoutMax + milliseconds(1); }, "timeoutMs", "timeoutMs is 604800001"},
      {[](TaskSpec& s) { s.options.priority = -1; }, "priority", "priority is -1: expected 0 to 9"},
      {[](TaskSpec& s) { s.options.priority = 10; }, "priority", "priority is 10"},
      {[](TaskSpec& s) { s.options.on_lost = static_cast<OnLost>(2); }, "onLost", "onLost is 2"},
  });
}

TEST(CheckSpec, Labels_AreSortedAndBounded) {
  const auto with_labels = [](std::size_t count) {
    return [count](TaskSpec& s) {
      for (std::size_t i = 0; i < count; ++i) s.options.labels.emplace_back("k" + std::to_string(i), "v");
    };
  };
  expect_taken({with_labels(limits::kLabelsMax), [](TaskSpec& s) { s.options.labels = {{std::string(255, 'k'), std::string(255, 'v')}}; },
                [](TaskSpec& s) { s.options.labels = {{"k", ""}}; }});
  expect_refused({
      {with_labels(limits::kLabelsMax + 1), "labels", "labels is 33 long: expected at most 32 labels"},
      {[](TaskSpec& s) { s.options.labels = {{"", "v"}}; }, "labels", "1 to 255 bytes"},
      {[](TaskSpec& s) { s.options.labels = {{std::string(256, 'k'), "v"}}; }, "labels", "at most 255"},
      {[](TaskSpec& s) { s.options.labels = {{"k", std::string(256, 'v')}}; }, "labels.k", "at most 255"},
      {[](TaskSpec& s) { s.options.labels = {{"k", "a\nb"}}; }, "labels.k", "no control characters"},
      {[](TaskSpec& s) { s.options.labels = {{"k", "a"}, {"j", "x"}, {"k", "b"}}; }, "labels", R"(labels is "k": expected each key once)"},
  });
  const auto answer = checked([](TaskSpec& s) { s.options.labels = {{"b", "1"}, {"a", "2"}}; });
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->options.labels, (std::vector<std::pair<std::string, std::string>>{{"a", "2"}, {"b", "1"}}));
}

Change retry(RetryPolicy policy) {
  return [policy](TaskSpec& s) { s.options.retry = policy; };
}

TEST(CheckSpec, RetryPolicies) {
  using Kind = RetryPolicy::Kind;
  constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const milliseconds longest = limits::kRetryDelayMax;
  const milliseconds longer = longest + milliseconds(1);
  const std::vector<milliseconds> most(limits::kRetriesMax, longest);
  std::vector<milliseconds> more = most;
  more.emplace_back(0);
  expect_taken({retry({.kind = Kind::Ladder, .ladder = most}), retry({.kind = Kind::Fixed, .max_retries = 1'000, .delay = longest}),
                retry({.kind = Kind::Fixed}),
                retry({.kind = Kind::Exponential, .max_retries = 1'000, .delay = longest, .factor = 1, .cap = longest, .jitter = 1})});
  expect_refused({
      {retry({.kind = Kind::Ladder}), "retry.ladder.delaysMs", "retry.ladder.delaysMs is 0 long: expected 1 to 1000 delays"},
      {retry({.kind = Kind::Ladder, .ladder = more}), "retry.ladder.delaysMs", "1001 long"},
      {retry({.kind = Kind::Ladder, .ladder = {milliseconds(0), longer}}), "retry.ladder.delaysMs[1]", "expected 0 to 2678400000"},
      {retry({.kind = Kind::Ladder, .ladder = {milliseconds(-1)}}), "retry.ladder.delaysMs[0]", "is -1"},
      {retry({.kind = Kind::Fixed, .max_retries = 1'001}), "retry.fixed.maxRetries", "is 1001: expected 0 to 1000"},
      {retry({.kind = Kind::Fixed, .max_retries = 1, .delay = longer}), "retry.fixed.delayMs", "2678400001"},
      {retry({.kind = Kind::Exponential, .max_retries = 1'001}), "retry.exponential.maxRetries", "1001"},
      {retry({.kind = Kind::Exponential, .delay = longer}), "retry.exponential.delayMs", "2678400001"},
      {retry({.kind = Kind::Exponential, .cap = longer}), "retry.exponential.capMs", "2678400001"},
      {retry({.kind = Kind::Exponential, .factor = 0.99}), "retry.exponential.factor", "is 0.99: expected 1 to 1000"},
      {retry({.kind = Kind::Exponential, .factor = 1000.5}), "retry.exponential.factor", "is 1000.5"},
      {retry({.kind = Kind::Exponential, .factor = kNoNumber}), "retry.exponential.factor", "is nan"},
      {retry({.kind = Kind::Exponential, .factor = kInfinity}), "retry.exponential.factor", "is inf"},
      {retry({.kind = Kind::Exponential, .jitter = 1.01}), "retry.exponential.jitter", "is 1.01: expected 0 to 1"},
      {retry({.kind = Kind::Exponential, .jitter = -0.1}), "retry.exponential.jitter", "is -0.1"},
      {retry({.kind = Kind::Exponential, .jitter = kNoNumber}), "retry.exponential.jitter", "is nan"},
      {retry({.kind = static_cast<Kind>(4)}), "retry", "retry is 4: expected ladder, fixed or exponential"},
  });
  const auto answer = checked(retry({.kind = Kind::None, .max_retries = 7, .delay = milliseconds(5)}));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->options.retry, RetryPolicy{}) << "no policy is written one way only";
}

TEST(CheckSpec, ChainIsAtMost32TargetsEachChecked) {
  const auto chain_of = [](std::size_t count) {
    return [count](TaskSpec& s) { s.next.assign(count, ServiceTarget{.interface = "a.A", .method = "b"}); };
  };
  expect_taken({chain_of(limits::kChainDepthMax)});
  expect_refused({
      {chain_of(limits::kChainDepthMax + 1), "next", "next is 33 long: expected at most 32 targets"},
      {[](TaskSpec& s) {
         s.next.assign(4, ServiceTarget{.interface = "a.A", .method = "b"});
         std::get<ServiceTarget>(s.next[3]).method = "b-c";
       },
       "next[3].service.method", R"(next[3].service.method is "b-c")"},
      {[](TaskSpec& s) { s.next = {HttpTarget{.method = "get", .url = "http://a/"}}; }, "next[0].http.method", "GET"},
  });
}

TEST(CheckSpec, OptionsOfTime) {
  const auto plan = [](const std::function<void(Options&)>& change) {
    TaskSpec spec{.app_id = "app", .kind = Kind::Plan, .define = "* * * * * *", .target = ServiceTarget{.interface = "a.B", .method = "c"}};
    change(spec.options);
    return check_spec(spec, "UTC");
  };
  using Seconds = std::chrono::seconds;
  const Seconds window_most = limits::kMisfireWindowMax;
  const milliseconds jitter_most = limits::kJitterMax;
  EXPECT_TRUE(plan([&](Options& o) { o.misfire = {.kind = Misfire::Kind::All, .max = limits::kMisfireTicksMax, .window = window_most}; }));
  EXPECT_TRUE(plan([&](Options& o) { o.jitter = jitter_most; }));
  EXPECT_TRUE(plan([](Options& o) { o.start = o.end = from_unix_ms(5); }));
  struct Bad {
    std::function<void(Options&)> change;
    const char* field;
  };
  for (const auto& [change, field] : std::vector<Bad>{
           {[](Options& o) { o.misfire = {.kind = Misfire::Kind::All, .max = limits::kMisfireTicksMax + 1}; }, "misfire.max"},
           {[](Options& o) { o.misfire = {.kind = Misfire::Kind::Once, .max = 1}; }, "misfire.max"},
           {[](Options& o) { o.misfire.kind = static_cast<Misfire::Kind>(4); }, "misfire.policy"},
           {[&](Options& o) { o.misfire.window = window_most + Seconds(1); }, "misfire.windowSeconds"},
           {[](Options& o) { o.misfire.window = Seconds(-1); }, "misfire.windowSeconds"},
           {[](Options& o) { o.overlap = static_cast<Overlap>(6); }, "overlap"},
           {[&](Options& o) { o.jitter = jitter_most + milliseconds(1); }, "jitterMs"},
           {[](Options& o) { o.jitter = milliseconds(-1); }, "jitterMs"},
           {[](Options& o) { o.start = from_unix_ms(5), o.end = from_unix_ms(4); }, "endAt"},
       }) {
    const auto refused = plan(change);
    ASSERT_FALSE(refused) << field;
    EXPECT_EQ(refused.error().code, Code::InvalidArgument);
    EXPECT_EQ(refused.error().field, field);
  }
}

}  // namespace
}  // namespace meepo
