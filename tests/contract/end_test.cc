#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(EndTest);

TEST_P(EndTest, End_WritesOutcomeAndResultOnce) {
  const auto run = token();
  const auto id = started(real(), run);
  advance(milliseconds(40));
  const auto answer = end({.id = id, .token = run, .result = Payload{.encoding = Encoding::Json, .data = "0.10"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->verdict, Verdict::Accepted);
  EXPECT_FALSE(answer->retry);
  const auto view = get(id.task);
  ASSERT_TRUE(view && view->latest);
  EXPECT_EQ(view->status, Status::Done);
  EXPECT_EQ(view->firings, 1U);
  EXPECT_EQ(view->ended_at, now());
  EXPECT_FALSE(view->armed);
  const auto& firing = *view->latest;
  EXPECT_EQ(firing.state, State::Ended);
  EXPECT_EQ(firing.fate, Fate::Fired);
  EXPECT_EQ(firing.outcome, Outcome::Success);
  EXPECT_EQ(firing.result->data, "0.10");
  EXPECT_EQ(firing.begun_at, now() - milliseconds(40));
  EXPECT_EQ(firing.ended_at, now());
  EXPECT_EQ(firing.score, now());
  EXPECT_EQ(firing.executor, "executor-1");
}

TEST_P(EndTest, End_RepeatedWritesNothing) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end(id, run));
  const auto before = line(id);
  advance(milliseconds(10));
  const auto again = end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "late"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verdict, Verdict::Repeated);
  EXPECT_EQ(line(id).firing, before.firing);
  EXPECT_EQ(ask(CountsRequest{.shard = {}})->stale_ends, 0U);
}

TEST_P(EndTest, End_OfAnotherAttemptIsStaleAndCounted) {
  const auto first = token();
  const auto id = started(real(), first);
  EXPECT_EQ(end(id, token())->verdict, Verdict::Stale);
  ASSERT_TRUE(reap({.id = id, .token = first, .lease_ended = false})->reaped);
  EXPECT_EQ(end(id, first)->verdict, Verdict::Stale) << "taken back";
  const auto second = start();
  ASSERT_TRUE(claim(id, {}, second)->begun);
  EXPECT_EQ(end(id, first)->verdict, Verdict::Stale);
  EXPECT_EQ(end(id, second.token)->verdict, Verdict::Accepted);
  EXPECT_EQ(end(id, first)->verdict, Verdict::Stale);
  EXPECT_EQ(end(id, RunToken{})->verdict, Verdict::Stale);
  EXPECT_EQ(ask(CountsRequest{.shard = {}})->stale_ends, 5U);
  EXPECT_EQ(ask(CountsRequest{.shard = kShard + 1})->stale_ends, 0U);
  EXPECT_EQ(get(id.task)->firings, 1U);
}

TEST_P(EndTest, End_OfWhatNeverBeganIsStaleAndOfWhatIsNotThereNotFound) {
  EXPECT_EQ(end(created(real()), token())->verdict, Verdict::Stale);
  EXPECT_EQ(end(created(real()), RunToken{})->verdict, Verdict::Stale);
  EXPECT_EQ(end({.task = TaskId::make(kShard, now(), 1), .tick = Tick::real()}, token()).error().code, Code::NotFound);
}

TEST_P(EndTest, End_TakesEveryOutcomeThatAnExecutorMayReportAndNoOther) {
  const struct {
    Outcome outcome;
    bool accepted;
    Status status;
  } cases[] = {{Outcome::Success, true, Status::Done},    {Outcome::Fail, true, Status::Fail},
               {Outcome::Timeout, true, Status::Fail},    {Outcome::Stopped, true, Status::Fail},
               {Outcome::None, false, Status::Running},   {Outcome::Quarantined, false, Status::Running},
               {Outcome::Unknown, false, Status::Running}};
  for (const auto& c : cases) {
    SCOPED_TRACE(to_string(c.outcome));
    const auto run = token();
    const auto id = started(real(), run);
    const auto answer = end(id, run, c.outcome);
    EXPECT_EQ(answer.has_value(), c.accepted);
    if (!answer) {
      EXPECT_EQ(answer.error().code, Code::InvalidArgument);
    }
    EXPECT_EQ(get(id.task)->status, c.status);
  }
}

TEST_P(EndTest, End_RefusesAResultOneByteOverTheLimit) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto end_with = [&](std::size_t bytes) {
    return end({.id = id, .token = run, .result = Payload{.encoding = Encoding::Bytes, .data = std::string(bytes, 'x')}});
  };
  EXPECT_EQ(end_with(limits::kPayloadBytesMax + 1).error().code, Code::InvalidArgument);
  ASSERT_TRUE(end_with(limits::kPayloadBytesMax));
  EXPECT_EQ(line(id).firing->result->data.size(), limits::kPayloadBytesMax);
}

TEST_P(EndTest, End_CutsTextsAtTheirLimitsBetweenCharactersWithAMark) {
  const auto run = token();
  const auto id = started(real(), run);
  std::string text;
  while (text.size() <= limits::kLogBytesKept) text += "é";
  ASSERT_TRUE(
      end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "x" + text, .report = {.progress = "x" + text, .log = "x" + text}}));
  const auto row = line(id);
  ASSERT_EQ(row.attempts.size(), 1U);
  const auto kept = [](const std::string& value, std::size_t bytes_max) {
    EXPECT_LE(value.size(), bytes_max);
    EXPECT_GE(value.size(), bytes_max - 4);
    EXPECT_TRUE(value.ends_with("é…")) << value.substr(value.size() - 8);
  };
  kept(row.firing->error, limits::kErrorBytesKept);
  kept(row.attempts[0].error, limits::kErrorBytesKept);
  kept(row.attempts[0].progress, limits::kProgressBytesKept);
  kept(row.attempts[0].log, limits::kLogBytesKept);
}

TEST_P(EndTest, End_KeepsATextOfExactlyTheLimitWhole) {
  const auto run = token();
  const auto id = started(real(), run);
  const std::string text(limits::kErrorBytesKept, 'e');
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .error = text}));
  EXPECT_EQ(line(id).firing->error, text);
}

TEST_P(EndTest, End_OfABatchAnswersInOrderAndPerItem) {
  const auto first = token();
  const auto second = token();
  const auto a = started(real(), first);
  const auto b = started(real(), second);
  const FiringId missing{.task = TaskId::make(kShard, now(), 1), .tick = Tick::real()};
  const auto answer = ask(EndRequest{
      .shard = kShard,
      .fence = fence_,
      .items = {{.id = b, .token = second}, {.id = missing, .token = first}, {.id = a, .token = second}, {.id = a, .token = first}}});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0]->verdict, Verdict::Accepted);
  EXPECT_EQ((*answer)[1].error().code, Code::NotFound);
  EXPECT_EQ((*answer)[2]->verdict, Verdict::Stale);
  EXPECT_EQ((*answer)[3]->verdict, Verdict::Accepted);
}

TEST_P(EndTest, SaveResult_GivesARunningOrEndedFiringItsResult) {
  const Payload saved{.encoding = Encoding::Json, .data = "\"by hand\""};
  const auto save = [&](const TaskId& id, Payload result) {
    return ask(SaveResultRequest{.shard = kShard, .id = id, .result = std::move(result)});
  };
  EXPECT_EQ(save(TaskId::make(kShard, now(), 1), saved).error().code, Code::NotFound);
  EXPECT_EQ(save(created(real()).task, saved).error().code, Code::Conflict) << "nothing ran yet";

  const auto run = token();
  const auto id = started(real(), run);
  EXPECT_TRUE(save(id.task, saved));
  ASSERT_TRUE(end(id, run));
  EXPECT_EQ(get(id.task)->latest->result, saved) << "the end came without one";
  EXPECT_TRUE(save(id.task, saved)) << "the same again";
  EXPECT_EQ(save(id.task, {.encoding = Encoding::Json, .data = "1"}).error().code, Code::Conflict);

  const auto other_run = token();
  const auto other = started(real(), other_run);
  EXPECT_TRUE(save(other.task, saved));
  ASSERT_TRUE(end({.id = other, .token = other_run, .result = Payload{.encoding = Encoding::Json, .data = "2"}}));
  EXPECT_EQ(get(other.task)->latest->result->data, "2") << "the accepted end's counts";

  const auto third_run = token();
  const auto third = started(real(), third_run);
  ASSERT_TRUE(end(third, third_run));
  EXPECT_TRUE(save(third.task, saved)) << "ended without one";
  EXPECT_EQ(save(third.task, {.encoding = Encoding::Bytes, .data = std::string(limits::kPayloadBytesMax + 1, 'x')}).error().code,
            Code::InvalidArgument);
}

}  // namespace
}  // namespace meepo::test
