// An executor of several schedulers: a stream that breaks while others are open, suspects of more than one, leases as each of them counts.
#include "executor/tests/executor_fixture.h"

namespace meepo::executor {
namespace {

using namespace std::chrono_literals;
using ports::RenewAnswer;

Options two_streams(std::uint32_t credits) { return {.instance = {}, .name = {}, .target_keys = {}, .credits = credits, .streams = 2}; }

ports::Run suspect(ports::Run run) {
  run.suspect = true;
  return run;
}

TEST_F(ExecutorTest, AStreamThatBreaks_ItsRunsAreReportedOnAnother_WhichGetsNoCreditForThem) {
  start(two_streams(8));
  open(1);
  open(2);
  const auto ended = begun(1, 1);
  const auto running = begun(1, 2);
  call(0).succeed("1");
  loop.run();
  take(2);
  close(1);
  auto said = take(2);
  ASSERT_EQ(said.ends.size(), 1U) << "nobody has acknowledged it";
  EXPECT_EQ(said.ends[0].run, ref(ended));
  ASSERT_EQ(said.renewals.size(), 1U);
  EXPECT_EQ(said.renewals[0].run, ref(running));
  EXPECT_TRUE(said.renewals[0].started);
  answer_end(2, ended);
  call(1).succeed("2");
  loop.run();
  said = take(2);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].run, ref(running));
  EXPECT_EQ(said.credits, 0U) << "the credit went with its stream";
  answer_end(2, running);
  EXPECT_EQ(open(3).credits, 4U) << "a new stream has its whole share";
}

TEST_F(ExecutorTest, ANewStream_TakesOverWhatAnotherCarried_UpToItsShare) {
  start(two_streams(4));
  open(1);
  open(2);
  const auto first = begun(1, 1);
  const auto second = begun(1, 2);
  const auto own = begun(2, 3);
  close(1);
  const auto said = open(3);
  EXPECT_EQ(said.running.size(), 2U) << "its scheduler may be the one that sent them";
  EXPECT_EQ(said.credits, 0U) << "both run on";
  EXPECT_FALSE(said.complete) << "stream 2 is open";
  take(3);
  call(0).succeed();
  loop.run();
  const auto after = take(3);
  ASSERT_EQ(after.ends.size(), 1U);
  EXPECT_EQ(after.credits, 1U);
  EXPECT_TRUE(take(2).ends.empty());
}

TEST_F(ExecutorTest, SuspectsOfTwoSchedulers_RunOneAfterTheOther) {
  start(two_streams(8));
  open(1);
  open(2);
  const auto first = suspect(make_run(1));
  const auto second = suspect(make_run(2));
  send(1, {first});
  send(2, {second});
  auto said = take(1);
  ASSERT_EQ(said.renewals.size(), 1U);
  EXPECT_TRUE(said.renewals[0].started) << "noted as started before it is called";
  for (const auto& renewal : take(2).renewals) EXPECT_FALSE(renewal.started) << "it is behind the first";
  answer_renewal(2, second, RenewAnswer::Ok);
  EXPECT_TRUE(invoker.calls.empty());
  answer_renewal(1, first, RenewAnswer::Ok);
  ASSERT_EQ(invoker.calls.size(), 1U);
  EXPECT_EQ(call(0).context().id(), first.id);
  ASSERT_TRUE(call(0).begin());
  loop.run();
  take(2);
  call(0).succeed();
  loop.run();
  said = take(2);
  ASSERT_EQ(said.renewals.size(), 1U) << "its turn";
  EXPECT_TRUE(said.renewals[0].started);
  answer_renewal(2, second, RenewAnswer::Ok);
  ASSERT_EQ(invoker.calls.size(), 2U);
  EXPECT_EQ(call(1).context().id(), second.id);
}

TEST_F(ExecutorTest, ASuspectThatIsCancelledWhileItWaits_LetsTheNextOneIn) {
  start();
  open(1);
  const auto first = suspect(make_run(1));
  const auto second = suspect(make_run(2));
  const auto third = suspect(make_run(3));
  send(1, {first, second, third});
  answer_renewal(1, first, RenewAnswer::Ok);
  ASSERT_TRUE(call(0).begin());
  source.handlers.cancel_asked(1, {ref(second)});
  loop.run();
  call(0).succeed();
  loop.run();
  answer_renewal(1, third, RenewAnswer::Ok);
  ASSERT_EQ(invoker.calls.size(), 2U);
  EXPECT_EQ(call(1).context().id(), third.id);
}

TEST_F(ExecutorTest, ALeaseCountsFromTheHello_HoweverLateTheWelcome) {
  start();
  hello(1);
  const SysTime store_now = loop.system_now();
  loop.advance(4s);
  source.handlers.opened(1, store_now);
  loop.run();
  auto run = make_run(1);
  run.lease_until = store_now + 4s;  // over by now, though this node could think that it has four seconds
  send(1, {run});
  EXPECT_TRUE(invoker.calls.empty()) << "only the scheduler can tell";
  EXPECT_EQ(take(1).renewals.size(), 1U);
}

TEST_F(ExecutorTest, ARunWithLessThanASecondOfItsLeaseLeft_IsCalledOnlyWhenRenewed) {
  start();
  open(1);
  auto run = make_run(1);
  run.lease_until = loop.system_now() + 999ms;
  send(1, {run});
  EXPECT_TRUE(invoker.calls.empty());
  ASSERT_EQ(take(1).renewals.size(), 1U);
  answer_renewal(1, run, RenewAnswer::Ok);
  EXPECT_EQ(invoker.calls.size(), 1U);
  run = make_run(2);
  run.lease_until = loop.system_now() + 1s;
  send(1, {run});
  EXPECT_EQ(invoker.calls.size(), 2U);
}

TEST_F(ExecutorTest, ARenewalWhoseAnswerIsAsOldAsItsLease_IsAskedForAgainBeforeTheCall) {
  start();
  open(1);
  auto run = make_run(1);
  run.suspect = true;
  send(1, {run});
  take(1);
  const auto answer = [&](SysTime until) {
    source.handlers.renew_verdicts(1, {{.run = ref(run), .answer = RenewAnswer::Ok, .lease_until = until}});
    loop.run();
  };
  answer(loop.system_now() + 999ms);  // it waited while this process stood still
  EXPECT_TRUE(invoker.calls.empty());
  EXPECT_EQ(take(1).renewals.size(), 1U);
  answer(loop.system_now() + kLease);
  EXPECT_EQ(invoker.calls.size(), 1U);
}

TEST_F(ExecutorTest, ARunThatComesAhead_AndWhoseRenewalIsAnsweredTooLateIsAskedForAgain) {
  start();
  open(1);
  auto run = make_run(1);
  run.due = loop.system_now() + 100ms;
  run.not_before = run.due;
  send(1, {run});
  source.handlers.renew_verdicts(1, {{.run = ref(run), .answer = RenewAnswer::Ok, .lease_until = loop.system_now()}});
  loop.advance(200ms);
  EXPECT_TRUE(invoker.calls.empty()) << "its lease may be over";
  EXPECT_EQ(take(1).renewals.size(), 1U);
  answer_renewal(1, run, RenewAnswer::Lost);
  EXPECT_TRUE(invoker.calls.empty());
}

TEST_F(ExecutorTest, ARunThatComesAhead_IsCalledWhenTheStoresTimeHasCome) {
  start();
  hello(1);
  const SysTime store_now = loop.system_now() + 1h;  // another machine's clock
  source.handlers.opened(1, store_now);
  auto run = make_run(1);
  run.due = store_now + 150ms;
  run.not_before = run.due;
  run.lease_until = store_now + kLease;
  send(1, {run});
  loop.advance(150ms - 1us);
  EXPECT_TRUE(invoker.calls.empty());
  loop.advance(20us);  // of 150 ms a ten-thousandth may be drift
  ASSERT_EQ(invoker.calls.size(), 1U);
  ASSERT_TRUE(call(0).begin());
  call(0).succeed();
  loop.run();
  EXPECT_EQ(take(1).ends.size(), 1U);
}

TEST_F(ExecutorTest, ARunThatComesAhead_AndIsCancelledOrStoppedBeforeIsHandedBack) {
  start();
  open(1);
  for (const bool cancelled : {true, false}) {
    auto run = make_run(cancelled ? 1 : 2);
    run.due = loop.system_now() + 100ms;
    run.not_before = run.due;
    send(1, {run});
    loop.advance(50ms);
    if (cancelled) {
      source.handlers.cancel_asked(1, {ref(run)});
    } else {
      executor->stop(1s, [](std::size_t) {});
    }
    loop.run();
    const auto said = take(1);
    EXPECT_EQ(said.handed_back, std::vector{ref(run)});
    EXPECT_TRUE(said.ends.empty());
    loop.advance(1s);
    EXPECT_TRUE(invoker.calls.empty());
  }
}

TEST_F(ExecutorTest, StoreTime_IsAskedForWithEveryRenewal_SoThatDriftDoesNotAddUp) {
  start();
  open(1);
  const SteadyTime opened_at = loop.steady_now();
  loop.advance(Options().renew_every);
  const auto asked = take(1).times_asked;
  ASSERT_EQ(asked, std::vector({opened_at, loop.steady_now()}));
  // Days later: the store's machine has gained a minute on this one.
  loop.advance(48h);
  const SteadyTime asked_at = loop.steady_now();
  loop.advance(2s);
  source.handlers.store_time(1, asked_at, loop.system_now() + 1min);
  source.handlers.store_time(1, asked.front(), loop.system_now());  // an old answer: it says nothing new
  loop.run();
  take(1);
  auto run = make_run(1);
  run.lease_until = loop.system_now() + 1min + 2s;  // over by now: it was two seconds on the way since the question
  send(1, {run});
  EXPECT_TRUE(invoker.calls.empty());
  run = make_run(2);
  run.lease_until = loop.system_now() + 1min + 2s + 1s;
  send(1, {run});
  EXPECT_EQ(invoker.calls.size(), 1U);
}

}  // namespace
}  // namespace meepo::executor
