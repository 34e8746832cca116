// What handlers give back and report is checked, cut and batched.
#include "executor/tests/executor_fixture.h"

namespace meepo::executor {
namespace {

using namespace std::chrono_literals;

TEST_F(ExecutorTest, Reports_OfOneTurn_AreOneCallAKind) {
  start();
  open(1);
  std::vector<ports::Run> runs;
  for (std::uint64_t i = 1; i <= 100; ++i) runs.push_back(make_run(i));
  send(1, runs);
  for (auto& each : invoker.calls) {
    ASSERT_TRUE(each->begin());
    each->succeed();
  }
  loop.run();
  const auto said = take(1);
  EXPECT_EQ(said.ends.size(), 100U);
  EXPECT_EQ(said.credits, 100U);
  EXPECT_EQ(said.calls, 2);  // ends, credits
}

TEST_F(ExecutorTest, Result_OneByteOverTheLimit_EndsFail) {
  start();
  open(1);
  begun(1, 1);
  begun(1, 2);
  call(0).succeed(std::string(limits::kPayloadBytesMax, '1'));
  call(1).succeed(std::string(limits::kPayloadBytesMax + 1, '1'));
  loop.run();
  const auto said = take(1);
  EXPECT_EQ(said.ends.at(0).outcome, Outcome::Success);
  EXPECT_EQ(said.ends.at(1).outcome, Outcome::Fail);
  EXPECT_FALSE(said.ends.at(1).result);
  EXPECT_NE(said.ends.at(1).error.find("1052673 bytes"), std::string::npos);
}

TEST_F(ExecutorTest, Result_JsonThatIsNoUtf8_EndsFail_AndErrorsAreMadeUtf8AndCut) {
  start();
  open(1);
  begun(1, 1);
  begun(1, 2);
  call(0).succeed("\"\xff\"");
  call(1).finish(Outcome::Fail, std::string("\xff") + std::string(limits::kErrorBytesKept, 'e'));
  loop.run();
  const auto said = take(1);
  EXPECT_EQ(said.ends.at(0).outcome, Outcome::Fail);
  EXPECT_EQ(said.ends.at(1).error.size(), limits::kErrorBytesKept);
  EXPECT_TRUE(
      said.ends.at(1).error.starts_with("\xEF\xBF\xBD"
                                        "e"));
  EXPECT_TRUE(said.ends.at(1).error.ends_with("…"));
}

TEST_F(ExecutorTest, ProgressAndLog_AreCutAtTheirLimits) {
  start();
  open(1);
  begun(1, 1);
  auto& context = call(0).context();
  context.progress(std::string(limits::kProgressBytesKept, 'p'));
  context.progress(std::string(limits::kProgressBytesKept + 1, 'q'));
  context.log(std::string(limits::kLogLineBytesKept + 1, 'l'));
  take(1);
  loop.advance(5s);
  auto said = take(1);
  EXPECT_EQ(said.renewals.at(0).report.progress->size(), limits::kProgressBytesKept);
  EXPECT_TRUE(said.renewals.at(0).report.progress->ends_with("q…"));
  std::string log = said.renewals.at(0).report.log;
  EXPECT_EQ(log.size(), limits::kLogLineBytesKept);
  for (int i = 0; i < 40; ++i) context.log(std::string(limits::kLogLineBytesKept, 'm'));
  call(0).succeed();
  loop.run();
  log += "\n" + take(1).ends.at(0).report.log;
  EXPECT_LE(log.size(), limits::kLogBytesKept);
  EXPECT_GT(log.size(), limits::kLogBytesKept - 2 * limits::kLogLineBytesKept);
  EXPECT_TRUE(log.ends_with("m\n…"));
}

}  // namespace
}  // namespace meepo::executor
