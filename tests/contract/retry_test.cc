#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(RetryTest);

TEST_P(RetryTest, Retry_IsDueAgainAtItsInstantAndCounts) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto retry_at = now() + milliseconds(500);
  const auto answer = end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "no money", .retry_at = retry_at});
  ASSERT_TRUE(answer && answer->retry);
  EXPECT_EQ(answer->retry->state, State::Due);
  EXPECT_EQ(answer->retry->score, retry_at);
  EXPECT_EQ(answer->retry->due, now());
  EXPECT_EQ(answer->retry->failures, 1U);
  EXPECT_EQ(get(id.task)->status, Status::Running);
  EXPECT_FALSE(get(id.task)->ended_at);
  EXPECT_FALSE(claim(id)->claimed) << "not before its instant";
  advance(milliseconds(500));
  const auto second = start();
  const auto begun = claim(id, {}, second);
  ASSERT_TRUE(begun && begun->begun);
  EXPECT_EQ(begun->begun->firing.attempt, 2U);
  EXPECT_EQ(begun->begun->firing.failures, 1U);
  ASSERT_TRUE(end(id, second.token));
  const auto view = get(id.task);
  EXPECT_EQ(view->status, Status::Done);
  EXPECT_EQ(view->firings, 1U) << "one firing, two attempts";
}

TEST_P(RetryTest, Retry_RepeatedAnswersTheSameRetry) {
  const auto run = token();
  const auto id = started(real(), run);
  const EndRequest::Item item{.id = id, .token = run, .outcome = Outcome::Timeout, .retry_at = now() + milliseconds(500)};
  const auto first = end(item);
  const auto again = end(item);
  ASSERT_TRUE(first && again && again->retry);
  EXPECT_EQ(again->verdict, Verdict::Repeated);
  EXPECT_EQ(again->retry->score, first->retry->score);
  EXPECT_EQ(again->retry->failures, 1U);
}

TEST_P(RetryTest, End_OfAnEarlierAttemptThatWasAcceptedIsRepeatedNotStale) {
  const auto first = token();
  const auto id = started(real(), first);
  ASSERT_TRUE(end({.id = id, .token = first, .outcome = Outcome::Fail, .retry_at = now()}));
  const auto second = start();
  ASSERT_TRUE(claim(id, {}, second)->begun);
  EXPECT_EQ(end(id, first)->verdict, Verdict::Repeated);
  ASSERT_TRUE(end(id, second.token));
  EXPECT_EQ(end(id, first)->verdict, Verdict::Repeated);
  EXPECT_EQ(ask(CountsRequest{.shard = {}})->stale_ends, 0U);
}

TEST_P(RetryTest, Retry_OfASuccessIsNotTaken) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto answer = end({.id = id, .token = run, .outcome = Outcome::Success, .retry_at = now()});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->retry);
  EXPECT_EQ(get(id.task)->status, Status::Done);
}

TEST_P(RetryTest, Retry_AfterACancelIsNotTaken) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(cancel(id.task)->cancelled);
  const auto answer = end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "stopped halfway", .retry_at = now()});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->retry);
  EXPECT_EQ(line(id).firing->outcome, Outcome::Fail) << "as reported";
  EXPECT_EQ(get(id.task)->status, Status::Cancel);
}

TEST_P(RetryTest, Retry_KeepsOneRecordForEachAttemptUpToTheLimit) {
  auto run = token();
  const auto id = started(real(), run);
  const auto attempts = static_cast<std::uint32_t>(limits::kAttemptsKept) + 2;
  for (std::uint32_t i = 1; i <= attempts; ++i) {
    const bool last = i == attempts;
    ASSERT_TRUE(end({.id = id,
                     .token = run,
                     .outcome = last ? Outcome::Success : Outcome::Fail,
                     .error = last ? "" : "failure " + std::to_string(i),
                     .retry_at = last ? std::nullopt : std::optional(now())}));
    if (last) break;
    const auto next = start("executor-" + std::to_string(i + 1));
    ASSERT_TRUE(claim(id, {}, next)->begun);
    run = next.token;
  }
  const auto row = line(id);
  EXPECT_EQ(row.firing->attempt, attempts);
  EXPECT_EQ(row.firing->failures, attempts - 1);
  ASSERT_EQ(row.attempts.size(), limits::kAttemptsKept);
  EXPECT_EQ(row.attempts.front().number, 3U) << "the newest are kept";
  EXPECT_EQ(row.attempts.front().error, "failure 3");
  EXPECT_EQ(row.attempts.front().executor, "executor-3");
  EXPECT_EQ(row.attempts.back().number, attempts);
  EXPECT_EQ(row.attempts.back().outcome, Outcome::Success);
}

}  // namespace
}  // namespace meepo::test
