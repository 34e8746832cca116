#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class ChangesTest : public StoreTest {
 protected:
  ChangesRequest::Answer changes(std::uint64_t after = 0, std::size_t limit = 100) {
    auto answer = ask(ChangesRequest{.shard = kShard, .fence = fence_, .after = after, .limit = limit});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : ChangesRequest::Answer{};
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ChangesTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ChangesTest, Changes_HoldNothingThatTheOwnerDid) {
  const auto run = token();
  const auto id = started(real(), run);
  ASSERT_TRUE(end(id, run));
  ASSERT_TRUE(cancel(created(real()).task));
  EXPECT_TRUE(changes().changes.empty());
}

TEST_P(ChangesTest, Changes_HoldWhatOthersWroteAsItIsNow) {
  const auto id = created(real());
  ASSERT_TRUE(claim(id)->claimed);
  const auto run = start();
  ASSERT_TRUE(one(BeginRequest{.shard = kShard, .items = {{.id = id, .start = run}}}));
  ASSERT_TRUE(renew({.id = id, .token = run.token, .lease_until = now() + limits::kRunLease, .started = true}));
  auto seen = changes().changes;
  ASSERT_EQ(seen.size(), 2U);
  for (const auto& change : seen) {
    EXPECT_EQ(change.id, id);
    ASSERT_TRUE(change.open);
    EXPECT_EQ(change.open->state, State::Running);
    EXPECT_TRUE(change.open->started);
  }
  ASSERT_TRUE(end({.id = id, .token = run.token, .outcome = Outcome::Fail, .retry_at = now()}, false));
  seen = changes(seen.back().sequence).changes;
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].open->state, State::Due);
  const auto second = start();
  ASSERT_TRUE(claim(id, {}, second)->begun);
  ASSERT_TRUE(end({.id = id, .token = second.token}, false));
  EXPECT_EQ(end({.id = id, .token = second.token}, false)->verdict, Verdict::Repeated);
  seen = changes(seen[0].sequence).changes;
  ASSERT_EQ(seen.size(), 1U) << "a repeated end changes nothing";
  EXPECT_FALSE(seen[0].open) << "ended";
}

TEST_P(ChangesTest, Changes_OfARenewalOnlyIfItSaysSomethingNew) {
  const auto run = token();
  const auto id = started(real(), run);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(renew({.id = id, .token = run, .lease_until = now() + std::chrono::hours(i), .started = true}));
  EXPECT_EQ(changes().changes.size(), 1U);
}

TEST_P(ChangesTest, Changes_ArePagedAndGoOnceTheyAreAcknowledged) {
  std::vector<FiringId> ids;
  for (int i = 0; i < 5; ++i) {
    const auto run = token();
    ids.push_back(started(real(), run));
    ASSERT_TRUE(end({.id = ids.back(), .token = run}, false));
  }
  const auto first = changes(0, 3);
  ASSERT_EQ(first.changes.size(), 3U);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(changes(0, 3).changes.size(), 3U) << "repeated: they were not acknowledged";
  const auto rest = changes(first.changes.back().sequence, 3);
  ASSERT_EQ(rest.changes.size(), 2U);
  EXPECT_FALSE(rest.more);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ((i < 3 ? first.changes[i] : rest.changes[i - 3]).id, ids[i]);
  EXPECT_EQ(changes().changes.size(), 2U) << "what was acknowledged is gone";
  EXPECT_EQ(take_over(fence_)->change_sequence, rest.changes.back().sequence);
}

TEST_P(ChangesTest, Changes_NameTheChainedTaskOfAnEndByOthers) {
  const auto run = token();
  const auto id = started(real(), run);
  auto child = task_of(Kind::Real);
  const auto item = std::make_shared<const CreateRequest::Item>(item_of(std::make_shared<const Task>(child)));
  ASSERT_TRUE(end({.id = id, .token = run, .chained = item}, false));
  const auto seen = changes().changes;
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].id.task, child.id);
  ASSERT_TRUE(seen[1].open);
  EXPECT_EQ(seen[1].open->state, State::Due);
}

}  // namespace
}  // namespace meepo::test
