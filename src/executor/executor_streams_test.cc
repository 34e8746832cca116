// Streams that break and come back, ends that nobody acknowledges, and the executor's own end.
#include "executor/tests/executor_fixture.h"

namespace meepo::executor {
namespace {

using namespace std::chrono_literals;
using ports::RenewAnswer;

TEST_F(ExecutorTest, Ends_AreOfferedAgainInEachHello_UntilTheyAreAnswered) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 8});
  open(1);
  const auto first = begun(1, 1);
  const auto second = begun(1, 2);
  call(0).succeed("1");
  call(1).succeed("2");
  loop.run();
  answer_end(1, first);
  for (StreamId stream = 2; stream <= 4; ++stream) {
    close(stream - 1);
    const auto said = open(stream);
    ASSERT_EQ(said.ends.size(), 1U);
    EXPECT_EQ(said.ends[0].run, ref(second));
    EXPECT_EQ(said.ends[0].result->data, "2");
    EXPECT_TRUE(said.running.empty());
    EXPECT_EQ(said.credits, 8U);
    EXPECT_TRUE(take(stream).ends.empty());
  }
  answer_end(4, second, Verdict::Repeated);
  close(4);
  EXPECT_TRUE(open(5).ends.empty());
}

TEST_F(ExecutorTest, Hello_NamesWhatRuns_AndGrantsTheRest) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 5});
  open(1);
  const auto called = begun(1, 1);
  const auto waiting = send_one(1, 2);
  close(1);
  const auto said = open(2);
  EXPECT_EQ(said.credits, 3U);
  ASSERT_EQ(said.running.size(), 2U);
  for (const auto& renewal : said.running) EXPECT_EQ(renewal.started, renewal.run == ref(called));
  call(0).succeed();
  loop.run();
  const auto after = take(2);
  ASSERT_EQ(after.ends.size(), 1U);
  EXPECT_EQ(after.ends[0].run, ref(called));
  EXPECT_EQ(after.credits, 1U);
  take(2);
  loop.advance(5s);
  EXPECT_EQ(take(2).renewals.size(), 1U);
}

TEST_F(ExecutorTest, AnOffer_ReachesEveryOpenStream_AndTheHelloOfALaterOne) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 4, .streams = 2});
  const auto before = open(1).target_keys;
  EXPECT_EQ(source.handlers.hello(2).target_keys, before);
  executor->offer({"service:c.D::"});
  const std::vector<std::vector<std::string>> offered{{"service:c.D::"}};
  EXPECT_NE(before, offered.front());
  EXPECT_EQ(take(1).offers, offered);
  source.handlers.opened(2, loop.system_now());
  EXPECT_EQ(take(2).offers, offered) << "its hello was older than the offer";
  close(1);
  EXPECT_EQ(open(3).target_keys, offered.front());
  EXPECT_TRUE(take(3).offers.empty());
}

TEST_F(ExecutorTest, WhatHappensBetweenHelloAndWelcome_IsSaidAfterTheWelcome) {
  start();
  open(1);
  const auto ends = begun(1, 1);
  const auto starts = send_one(1, 2);
  close(1);
  EXPECT_EQ(hello(2).running.size(), 2U);
  call(0).succeed();
  ASSERT_TRUE(call(1).begin());
  loop.run();
  EXPECT_EQ(take(2).calls, 0);
  source.handlers.opened(2, loop.system_now());
  loop.run();
  const auto said = take(2);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].run, ref(ends));
  EXPECT_EQ(said.started, std::vector{ref(starts)});
  EXPECT_EQ(said.credits, 1U);
}

TEST_F(ExecutorTest, AHelloThatIsNotAccepted_IsMadeAgain) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 5});
  open(1);
  const auto run = begun(1, 1);
  close(1);
  for (StreamId stream = 2; stream <= 4; ++stream) {
    const auto said = hello(stream);
    EXPECT_EQ(said.running.size(), 1U);
    EXPECT_EQ(said.credits, 4U);
    close(stream);
  }
  call(0).succeed();
  loop.run();
  const auto said = open(5);
  EXPECT_TRUE(said.running.empty());
  EXPECT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.credits, 5U);
  EXPECT_EQ(take(5).credits, 0U);
}

TEST_F(ExecutorTest, ARunThatAnotherStreamTookOver_IsStillNamedToItsOwnScheduler) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = 10, .streams = 2});
  open(1);
  open(2);
  const auto first = begun(1, 1);
  const auto second = begun(2, 2);
  close(1);
  close(2);
  EXPECT_EQ(open(3).running.size(), 2U);  // say, the scheduler of stream 2 is back first and takes both over
  const auto said = open(4);
  EXPECT_EQ(said.running.size(), 2U);
  EXPECT_EQ(said.credits, 5U);
  call(0).succeed();
  loop.run();
  EXPECT_EQ(take(3).ends.size(), 1U);
  EXPECT_TRUE(take(4).ends.empty());
}

TEST_F(ExecutorTest, EndsKept_AtTheLimit_NoMoreCreditsAreGranted) {
  start({.instance = {}, .name = {}, .target_keys = {}, .credits = limits::kExecutorCreditsMax});
  open(1);
  std::vector<ports::Run> runs;
  for (std::uint64_t i = 1; i <= limits::kEndsKeptMax; ++i) runs.push_back(make_run(i));
  send(1, runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ASSERT_TRUE(call(i).begin());
    if (i + 1 < runs.size()) call(i).succeed();
  }
  loop.run();
  EXPECT_EQ(take(1).credits, limits::kEndsKeptMax - 1);
  call(runs.size() - 1).succeed();
  loop.run();
  EXPECT_EQ(take(1).credits, 0U);
  close(1);
  EXPECT_EQ(open(2).credits, 0U);
  EXPECT_EQ(take(2).credits, 0U);
  answer_end(2, runs[0]);
  EXPECT_EQ(take(2).credits, limits::kExecutorCreditsMax);
}

class ExecutorStopTest : public ExecutorTest {
 protected:
  void stop(milliseconds drain) {
    executor->stop(drain, [this](std::size_t runs_left) { left = runs_left; });
    loop.run();
  }
  void expect_stopped(std::size_t runs_left) {
    ASSERT_TRUE(source.stop_done);
    EXPECT_FALSE(left);
    source.stop_done();
    EXPECT_EQ(left, runs_left);
  }
  std::optional<std::size_t> left;
};

TEST_F(ExecutorStopTest, Stop_WithNothingToDo_IsAtOnce) {
  start();
  open(1);
  stop(10s);
  expect_stopped(0);
}

TEST_F(ExecutorStopTest, Stop_HandsBackWhatHasNotStarted_AndWhatComesLater) {
  start();
  open(1);
  const auto waiting = send_one(1, 1);
  auto suspect = make_run(2);
  suspect.suspect = true;
  send(1, {suspect});
  take(1);
  stop(10s);
  EXPECT_EQ(take(1).handed_back.size(), 2U);
  expect_stopped(0);
  EXPECT_FALSE(call(0).begin());
  const auto late = send_one(1, 3);
  EXPECT_EQ(take(1).handed_back, std::vector{ref(late)});
  EXPECT_EQ(invoker.calls.size(), 1U);
}

TEST_F(ExecutorStopTest, Stop_WaitsForWhatRuns_AndForTheEndsAnswer) {
  start();
  open(1);
  const auto run = begun(1, 1);
  stop(10s);
  EXPECT_FALSE(call(0).context().cancelled());
  call(0).succeed();
  loop.run();
  const auto said = take(1);
  EXPECT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.credits, 0U);
  EXPECT_FALSE(source.stop_done);
  answer_end(1, run);
  expect_stopped(0);
}

TEST_F(ExecutorStopTest, Stop_CancelsWhatStillRunsAfterTheDrain_AndItFails) {
  start();
  open(1);
  const auto run = begun(1, 1);
  stop(5s);
  loop.advance(5s - 1ms);
  EXPECT_FALSE(call(0).context().cancelled());
  loop.advance(1ms);
  EXPECT_TRUE(call(0).context().cancelled());
  call(0).finish(Outcome::Stopped);
  loop.run();
  const auto said = take(1);
  ASSERT_EQ(said.ends.size(), 1U);
  EXPECT_EQ(said.ends[0].outcome, Outcome::Fail);
  EXPECT_NE(said.ends[0].error.find("shut down"), std::string::npos);
  answer_end(1, run);
  expect_stopped(0);
}

TEST_F(ExecutorStopTest, Stop_LeavesAStuckHandlerBehind_AfterTwiceTheDrain) {
  start();
  open(1);
  begun(1, 1);
  stop(5s);
  loop.advance(10s - 1ms);
  EXPECT_FALSE(source.stop_done);
  loop.advance(1ms);
  expect_stopped(1);
  executor.reset();
  call(0).succeed();  // nobody hears it
  loop.run();
}

TEST_F(ExecutorStopTest, Stop_WithoutAStream_WaitsForOneToDeliverTheEnds) {
  start();
  open(1);
  const auto run = begun(1, 1);
  call(0).succeed();
  loop.run();
  close(1);
  stop(5s);
  const auto said = open(2);
  EXPECT_EQ(said.credits, 0U);
  EXPECT_EQ(said.ends.size(), 1U);
  EXPECT_FALSE(source.stop_done);
  answer_end(2, run);
  expect_stopped(0);
}

}  // namespace
}  // namespace meepo::executor
