// Timeouts, leases and their renewal.
#include "executor/tests/executor_fixture.h"

namespace meepo::executor {
namespace {

using namespace std::chrono_literals;
using ports::RenewAnswer;

TEST_F(ExecutorTest, RunningRuns_AreRenewedEveryInterval_WithWhatTheyReported) {
  start();
  open(1);
  const auto first = begun(1, 1);
  send_one(1, 2);
  call(0).context().log("a");
  take(1);
  loop.advance(5s);
  auto said = take(1);
  ASSERT_EQ(said.renewals.size(), 2U);
  EXPECT_EQ(said.calls, 1);
  for (const auto& renewal : said.renewals) {
    EXPECT_EQ(renewal.started, renewal.run == ref(first));
    EXPECT_EQ(renewal.report.log, renewal.run == ref(first) ? "a" : "");
    EXPECT_FALSE(renewal.cancel_acknowledged);
  }
  call(0).context().progress("p");
  loop.advance(5s);
  said = take(1);
  for (const auto& renewal : said.renewals) {
    EXPECT_EQ(renewal.report.log, "");
    EXPECT_EQ(renewal.report.progress, renewal.run == ref(first) ? std::optional<std::string>("p") : std::nullopt);
  }
}

TEST_F(ExecutorTest, Timeout_CountsFromTheCall_EndsTimeoutAtOnce_AndKeepsTheCreditUntilTheHandlerReturns) {
  start();
  open(1);
  auto run = make_run(7);
  run.timeout = 2s;
  send(1, {run});
  loop.advance(3s);  // not called yet
  EXPECT_TRUE(take(1).ends.empty());
  ASSERT_TRUE(call(0).begin());
  loop.advance(1999ms);
  EXPECT_FALSE(call(0).context().cancelled());
  loop.advance(1ms);
  EXPECT_TRUE(call(0).context().cancelled());
  auto said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Timeout);
  EXPECT_NE(said.ends[0].error.find("2000 ms"), std::string::npos);
  EXPECT_EQ(said.credits, 0U);
  answer_end(1, run);
  EXPECT_EQ(take(1).credits, 0U);
  EXPECT_EQ(executor->running(), 1U);
  call(0).succeed();
  loop.run();
  said = take(1);
  EXPECT_TRUE(said.ends.empty());
  EXPECT_EQ(said.credits, 1U);
  EXPECT_EQ(executor->running(), 0U);
}

TEST_F(ExecutorTest, AStuckHandler_IsCountedAgainstTheCreditsOfTheNextStream_ButNotNamed) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 4});
  open(1);
  auto run = make_run(7);
  run.timeout = 1s;
  send(1, {run});
  ASSERT_TRUE(call(0).begin());
  loop.advance(1s);
  answer_end(1, run);
  close(1);
  const auto said = open(2);
  EXPECT_EQ(said.credits, 3U);
  EXPECT_TRUE(said.running.empty());
  EXPECT_TRUE(said.ends.empty());
  call(0).succeed();
  loop.run();
  EXPECT_EQ(take(2).credits, 1U);
}

TEST_F(ExecutorTest, Lease_NotRenewed_CancelsTheContextAFifthBeforeItsEnd) {
  start();
  open(1);
  begun(1, 7);
  loop.advance(12s - 1ms);
  EXPECT_FALSE(call(0).context().cancelled());
  loop.advance(1ms);
  EXPECT_TRUE(call(0).context().cancelled());
  take(1);
  call(0).finish(Outcome::Stopped);
  loop.run();
  const auto said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Fail);  // nobody asked to stop the firing
  EXPECT_NE(said.ends[0].error.find("lease"), std::string::npos);
}

TEST_F(ExecutorTest, Lease_Renewed_KeepsTheRunGoing) {
  start();
  open(1);
  const auto run = begun(1, 7);
  for (int i = 0; i < 8; ++i) {
    loop.advance(5s);
    answer_renewal(1, run, RenewAnswer::Ok);
    EXPECT_FALSE(call(0).context().cancelled()) << i;
  }
  loop.advance(12s);
  EXPECT_TRUE(call(0).context().cancelled());
}

TEST_F(ExecutorTest, Lease_IsMeasuredOnTheSchedulersTime) {
  start();
  hello(1);
  const SysTime scheduler_now = loop.system_now() + 1h;
  source.handlers.opened(1, scheduler_now);
  loop.advance(10s);
  auto run = make_run(7);
  run.lease_until = scheduler_now + 10s + kLease;
  send(1, {run});
  ASSERT_TRUE(call(0).begin());
  loop.step_system_clock(-30s);
  loop.advance(12s - 1ms);
  EXPECT_FALSE(call(0).context().cancelled());
  loop.advance(1ms);
  EXPECT_TRUE(call(0).context().cancelled());
}

TEST_F(ExecutorTest, Lease_EndingBeforeTheCall_DropsTheRunUncalled) {
  start();
  open(1);
  const auto run = send_one(1, 7);
  loop.advance(12s);
  EXPECT_FALSE(call(0).begin());
  loop.run();
  const auto said = take(1);
  EXPECT_TRUE(said.ends.empty());
  EXPECT_EQ(said.credits, 1U);
  close(1);
  EXPECT_TRUE(open(2).running.empty());
}

}  // namespace
}  // namespace meepo::executor
