#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
MEEPO_STORE_SUITE(LedgerTest);

TEST_P(LedgerTest, Ledger_OfASimpleSuccessHasOneAttempt) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto begun_at = now();
  EXPECT_EQ(line(id).attempts, (std::vector<Attempt>{{.number = 1, .executor = "executor-1", .begun_at = begun_at}})) << "running";
  advance(milliseconds(12));
  ASSERT_TRUE(end(id, run));
  EXPECT_EQ(line(id).attempts,
            (std::vector<Attempt>{
                {.number = 1, .executor = "executor-1", .begun_at = begun_at, .ended_at = now(), .outcome = Outcome::Success}}));
}

TEST_P(LedgerTest, Ledger_OfWhatNeverBeganHasNoAttempt) { EXPECT_TRUE(line(created(real())).attempts.empty()); }

TEST_P(LedgerTest, Ledger_KeepsAFailureAndTheRetryThatWentWell) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .error = "no money", .retry_at = now()}));
  ASSERT_EQ(line(id).attempts.size(), 1U) << "waiting for its retry";
  const auto second = start("executor-2");
  ASSERT_TRUE(claim(id, {}, second)->begun);
  ASSERT_TRUE(end(id, second.token));
  const auto attempts = line(id).attempts;
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].outcome, Outcome::Fail);
  EXPECT_EQ(attempts[0].error, "no money");
  EXPECT_EQ(attempts[0].executor, "executor-1");
  EXPECT_EQ(attempts[1].outcome, Outcome::Success);
  EXPECT_EQ(attempts[1].executor, "executor-2");
}

TEST_P(LedgerTest, Ledger_IsPagedNewestFirst) {
  std::string define = "0";
  for (int i = 1; i < 25; ++i) define += ",0";
  const auto task = ladder(define);
  auto id = created(task);
  for (int i = 0; i < 25; ++i) {
    const auto run = start();
    const auto next = next_tick(*task, id.tick);
    ASSERT_TRUE(claim(id, next, run)->begun);
    ASSERT_TRUE(end(id, run.token));
    if (next) id.tick = next->tick;
  }
  std::vector<Tick> seen;
  std::optional<std::uint64_t> before;
  int pages = 0;
  do {
    const auto answer = ask(LedgerRequest{.shard = kShard, .id = task->id, .before = before, .limit = 10});
    ASSERT_TRUE(answer);
    for (const auto& row : answer->rows) seen.push_back(row.firing->id.tick);
    before = answer->next;
    ++pages;
  } while (before && pages < 10);
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(seen.size(), 25U);
  for (std::uint32_t i = 0; i < 25; ++i) EXPECT_EQ(seen[i], Tick::rung(24 - i));
  EXPECT_EQ(get(task->id)->firings, 25U);
  EXPECT_EQ(get(task->id)->status, Status::Done);
}

TEST_P(LedgerTest, Ledger_RefusesAPageOverTheLimitAndATaskThatIsNotThere) {
  const auto id = created(real());
  const auto ledger_of = [&](const TaskId& task, std::size_t limit) {
    return ask(LedgerRequest{.shard = kShard, .id = task, .before = {}, .limit = limit});
  };
  EXPECT_TRUE(ledger_of(id.task, limits::kPageSizeMax));
  EXPECT_EQ(ledger_of(id.task, limits::kPageSizeMax + 1).error().code, Code::InvalidArgument);
  EXPECT_EQ(ledger_of(TaskId::make(kShard, now(), 1), 10).error().code, Code::NotFound);
}

}  // namespace
}  // namespace meepo::test
