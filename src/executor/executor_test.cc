// A run's way through the executor: arrival, call, cancel, loss, end.
#include "executor/tests/executor_fixture.h"

namespace meepo::executor {
namespace {

using namespace std::chrono_literals;
using ports::RenewAnswer;

TEST_F(ExecutorTest, Hello_SaysWhoItIsAndGrantsItsCredits) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 10});
  const auto said = hello(1);
  EXPECT_EQ(said.instance, "test-1");
  EXPECT_EQ(said.name, "test");
  EXPECT_EQ(said.target_keys, std::vector<std::string>{"service:a.B::"});
  EXPECT_EQ(said.credits, 10U);
  EXPECT_TRUE(said.complete) << "no other stream of its is open";
  EXPECT_TRUE(said.running.empty());
}

TEST_F(ExecutorTest, Hello_WithSeveralStreams_SharesTheCreditsOut) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 11, .streams = 3});
  EXPECT_EQ(open(1).credits, 3U);
  const auto second = open(2);
  EXPECT_EQ(second.credits, 3U);
  EXPECT_FALSE(second.complete) << "what is on its way by the first is not known yet";
}

TEST_F(ExecutorTest, Run_IsCalledAtOnce_AndItsEndAndCreditGoBackToItsStream) {
  start();
  open(1);
  const auto run = send_one(1, 7);
  ASSERT_EQ(invoker.calls.size(), 1U);
  EXPECT_EQ(call(0).invocation.app_id, "app");
  EXPECT_EQ(call(0).context().id(), run.id);
  EXPECT_EQ(call(0).context().attempt(), 1U);
  EXPECT_EQ(executor->running(), 1U);
  ASSERT_TRUE(call(0).begin());
  EXPECT_EQ(call(0).context().deadline(), loop.system_now() + 60s);
  loop.run();
  auto said = take(1);
  EXPECT_EQ(said.started, std::vector{ref(run)});
  EXPECT_EQ(said.credits, 0U);
  call(0).context().progress("half");
  call(0).context().log("one");
  call(0).context().log("two");
  call(0).succeed("[0.10]");
  loop.run();
  said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].run, ref(run));
  EXPECT_EQ(said.ends[0].outcome, Outcome::Success);
  EXPECT_EQ(said.ends[0].result->data, "[0.10]");
  EXPECT_EQ(said.ends[0].report.progress, "half");
  EXPECT_EQ(said.ends[0].report.log, "one\ntwo");
  EXPECT_EQ(said.credits, 1U);
  EXPECT_EQ(executor->running(), 0U);
}

TEST_F(ExecutorTest, Run_StartedAndEndedInOneTurn_IsNotReportedStarted) {
  start();
  open(1);
  send(1, {make_run(1), make_run(2)});
  ASSERT_TRUE(call(0).begin());
  call(0).succeed();
  ASSERT_TRUE(call(1).begin());
  loop.run();
  const auto said = take(1);
  ASSERT_EQ(said.started.size(), 1U);
  EXPECT_EQ(said.started[0].token.low, 2U);
  EXPECT_EQ(said.ends.size(), 1U);
}

TEST_F(ExecutorTest, Run_WithATokenThatItHas_IsIgnored) {
  start();
  open(1);
  auto run = send_one(1, 7);
  send(1, {run});
  EXPECT_EQ(invoker.calls.size(), 1U);
  EXPECT_EQ(executor->running(), 1U);
}

TEST_F(ExecutorTest, SuspectRun_WaitsForTheAnswerToItsRenewal) {
  start();
  open(1);
  auto run = make_run(7);
  run.suspect = true;
  send(1, {run});
  EXPECT_TRUE(invoker.calls.empty());
  auto said = take(1);
  ASSERT_EQ(said.renewals.size(), 1U);
  EXPECT_TRUE(said.renewals[0].started);
  answer_renewal(1, run, RenewAnswer::Ok);
  EXPECT_EQ(invoker.calls.size(), 1U);
  answer_renewal(1, run, RenewAnswer::Ok);
  EXPECT_EQ(invoker.calls.size(), 1U);
}

TEST_F(ExecutorTest, SuspectRun_Lost_IsDroppedAndItsCreditGivenBack) {
  start();
  open(1);
  auto run = make_run(7);
  run.suspect = true;
  send(1, {run});
  take(1);
  answer_renewal(1, run, RenewAnswer::Lost);
  const auto said = take(1);
  EXPECT_TRUE(invoker.calls.empty());
  EXPECT_TRUE(said.ends.empty());
  EXPECT_EQ(said.credits, 1U);
  EXPECT_EQ(executor->running(), 0U);
  close(1);
  EXPECT_TRUE(open(2).running.empty());
}

TEST_F(ExecutorTest, SuspectRun_CancelAsked_EndsStoppedWithoutACall) {
  start();
  open(1);
  auto run = make_run(7);
  run.suspect = true;
  send(1, {run});
  answer_renewal(1, run, RenewAnswer::CancelAsked);
  const auto said = take(1);
  EXPECT_TRUE(invoker.calls.empty());
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Stopped);
  EXPECT_EQ(said.credits, 1U);
}

TEST_F(ExecutorTest, SuspectRun_WhoseStreamBreaks_AsksAgainOnTheNextOne) {
  start();
  open(1);
  auto run = make_run(7);
  run.suspect = true;
  send(1, {run});
  close(1);
  const auto said = open(2);
  ASSERT_EQ(said.running.size(), 1U);
  EXPECT_TRUE(said.running[0].started);
  EXPECT_EQ(take(2).renewals.size(), 1U);
  answer_renewal(2, run, RenewAnswer::Ok);
  EXPECT_EQ(invoker.calls.size(), 1U);
}

TEST_F(ExecutorTest, Run_WhoseLeaseSeemsOver_IsCheckedBeforeItIsCalled) {
  start();
  open(1);
  auto run = make_run(7);
  run.lease_until = loop.system_now();
  send(1, {run});
  EXPECT_TRUE(invoker.calls.empty());
  const auto said = take(1);
  ASSERT_EQ(said.renewals.size(), 1U);
  EXPECT_FALSE(said.renewals[0].started);
  answer_renewal(1, run, RenewAnswer::Ok);
  EXPECT_EQ(invoker.calls.size(), 1U);
}

TEST_F(ExecutorTest, CancelAsked_CancelsTheContextAndAcknowledgesAtOnce) {
  start();
  open(1);
  const auto run = begun(1, 7);
  int woken = 0;
  call(0).context().on_cancel([&] { ++woken; });
  take(1);
  source.handlers.cancel_asked(1, {ref(run)});
  loop.run();
  EXPECT_TRUE(call(0).context().cancelled());
  EXPECT_EQ(woken, 1);
  call(0).context().on_cancel([&] { ++woken; });
  EXPECT_EQ(woken, 2);
  auto said = take(1);
  ASSERT_EQ(said.renewals.size(), 1U);
  EXPECT_TRUE(said.renewals[0].cancel_acknowledged);
  answer_renewal(1, run, RenewAnswer::CancelAsked);
  EXPECT_EQ(take(1).calls, 0);
  call(0).finish(Outcome::Stopped, "as asked");
  loop.run();
  said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Stopped);
  EXPECT_EQ(said.ends[0].error, "as asked");
}

TEST_F(ExecutorTest, CancelAskedInARenewalsAnswer_IsTheSame_AndASuccessStaysASuccess) {
  start();
  open(1);
  const auto run = begun(1, 7);
  take(1);
  answer_renewal(1, run, RenewAnswer::CancelAsked);
  EXPECT_TRUE(call(0).context().cancelled());
  EXPECT_EQ(take(1).renewals.size(), 1U);
  call(0).succeed();
  loop.run();
  EXPECT_EQ(take(1).ends.at(0).outcome, Outcome::Success);
}

TEST_F(ExecutorTest, CancelAsked_BeforeTheCall_EndsStoppedAtOnceAndTheTargetIsNotCalled) {
  start();
  open(1);
  const auto run = send_one(1, 7);
  source.handlers.cancel_asked(1, {ref(run), {.id = run.id, .token = {.high = 9, .low = 9}}});
  loop.run();
  auto said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Stopped);
  EXPECT_EQ(said.credits, 0U);  // the invoker still has it
  answer_end(1, run);
  EXPECT_FALSE(call(0).begin());
  loop.run();
  said = take(1);
  EXPECT_TRUE(said.ends.empty());
  EXPECT_TRUE(said.started.empty());
  EXPECT_EQ(said.credits, 1U);
  EXPECT_EQ(executor->running(), 0U);
}

TEST_F(ExecutorTest, Lost_CancelsTheContext_OffersTheEndOnce_AndStaleDropsIt) {
  start();
  open(1);
  const auto run = begun(1, 7);
  answer_renewal(1, run, RenewAnswer::Lost);
  EXPECT_TRUE(call(0).context().cancelled());
  take(1);
  loop.advance(5s);
  EXPECT_TRUE(take(1).renewals.empty());
  call(0).succeed();
  loop.run();
  EXPECT_EQ(take(1).ends.size(), 1U);
  answer_end(1, run, Verdict::Stale);
  close(1);
  EXPECT_TRUE(open(2).ends.empty());
}

TEST_F(ExecutorTest, Lost_FromAnotherStreamThanTheRunsOwn_IsIgnored) {
  start();
  open(1);
  open(2);
  const auto run = begun(1, 7);
  answer_renewal(2, run, RenewAnswer::Lost);
  EXPECT_FALSE(call(0).context().cancelled());
}

}  // namespace
}  // namespace meepo::executor
