#include "sdk/cpp/src/spec.h"

#include <gtest/gtest.h>

namespace meepo {
namespace {

using namespace std::chrono_literals;

TEST(ToSpec, ToSpec_CarriesEveryOption) {
  auto task = sdk::Task::ladder(
      "0,1", service("com.x.Pay", "settle").version("1.0").group("blue").param_types({"long"}).params_json("[9007199254740993]"));
  task.next(service("com.x.Mail", "send")).run_once().retry(Retry::exponential(5, 1s, 3.0, 60s, 0.1)).timeout(2s).never_rerun_when_lost();
  task.priority(9).unique_key("u").request_id("r").name("n").zone("Asia/Shanghai").label("a", "b");
  const auto spec = to_spec(task, "shop");
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->app_id(), "shop");
  EXPECT_EQ(spec->kind(), v1::Kind::LADDER);
  EXPECT_EQ(spec->define(), "0,1");
  EXPECT_EQ(spec->target().service().interface(), "com.x.Pay");
  EXPECT_EQ(spec->target().service().method(), "settle");
  EXPECT_EQ(spec->target().service().version(), "1.0");
  EXPECT_EQ(spec->target().service().group(), "blue");
  EXPECT_EQ(spec->target().service().param_types(0), "long");
  EXPECT_EQ(spec->target().service().params().json(), "[9007199254740993]");
  ASSERT_EQ(spec->next_size(), 1);
  EXPECT_FALSE(spec->next(0).service().has_params());
  EXPECT_TRUE(spec->run_once());
  EXPECT_EQ(spec->retry().exponential().max_retries(), 5U);
  EXPECT_EQ(spec->retry().exponential().delay_ms(), 1'000U);
  EXPECT_EQ(spec->retry().exponential().factor(), 3.0);
  EXPECT_EQ(spec->retry().exponential().cap_ms(), 60'000U);
  EXPECT_EQ(spec->retry().exponential().jitter(), 0.1);
  EXPECT_EQ(spec->timeout_ms(), 2'000U);
  EXPECT_EQ(spec->on_lost(), v1::ON_LOST_UNKNOWN);
  EXPECT_EQ(spec->priority(), 9U);
  EXPECT_EQ(spec->unique_key(), "u");
  EXPECT_EQ(spec->request_id(), "r");
  EXPECT_EQ(spec->name(), "n");
  EXPECT_EQ(spec->zone(), "Asia/Shanghai");
  EXPECT_EQ(spec->labels().at("a"), "b");
}

TEST(ToSpec, ToSpec_LeavesOutWhatTheTaskDoesNotSay) {
  const auto spec = to_spec(sdk::Task::real(service("com.x.Pay", "settle")), "shop");
  ASSERT_TRUE(spec.has_value());
  EXPECT_FALSE(spec->has_retry());
  EXPECT_FALSE(spec->has_priority());
  EXPECT_EQ(spec->timeout_ms(), 0U);
}

TEST(ToSpec, ToSpec_TakesTheTasksOwnAppId) {
  auto task = sdk::Task::real(service("com.x.Pay", "settle"));
  task.app_id("other");
  EXPECT_EQ(to_spec(task, "shop")->app_id(), "other");
}

TEST(ToSpec, ToSpec_RefusesDurationsThatDoNotFit) {
  struct Case {
    std::chrono::milliseconds timeout;
    bool good;
  };
  for (const Case& c : {Case{-1ms, false}, Case{0ms, false}, Case{1ms, true}, Case{4'294'967'295ms, true}, Case{4'294'967'296ms, false}}) {
    auto task = sdk::Task::real(service("com.x.Pay", "settle"));
    task.timeout(c.timeout);
    const auto spec = to_spec(task, "shop");
    EXPECT_EQ(spec.has_value(), c.good) << c.timeout.count();
    if (!spec) EXPECT_EQ(spec.error().field, "timeoutMs");
  }
}

TEST(ToTaskInfo, ToTaskInfo_NamesStatesAndOutcomes) {
  v1::Task task;
  task.set_id("t");
  task.set_status(v1::Status::DONE);
  task.mutable_ended_at()->set_seconds(1);
  auto& latest = *task.mutable_latest();
  latest.set_id("t@0");
  latest.set_state(v1::Firing::ENDED);
  latest.set_outcome(v1::Firing::SUCCESS);
  latest.mutable_result()->set_json("0.10");
  const TaskInfo info = to_task_info(task);
  EXPECT_EQ(info.status, "DONE");
  EXPECT_TRUE(info.ended);
  EXPECT_EQ(info.latest.state, "ENDED");
  EXPECT_EQ(info.latest.outcome, "SUCCESS");
  EXPECT_EQ(info.latest.result_json, "0.10");
  EXPECT_EQ(info.armed.id, "");
}

}  // namespace
}  // namespace meepo
