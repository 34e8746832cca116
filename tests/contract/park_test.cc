#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class ParkTest : public StoreTest {
 protected:
  Result<bool> park(const FiringId& id, WaitReason reason = WaitReason::NoExecutor) {
    return one(ParkRequest{.shard = kShard, .fence = fence_, .items = {{.id = id, .reason = reason}}});
  }
  Result<UnparkRequest::Answer> unpark(const std::string& key, std::size_t limit = 1'000) {
    return ask(UnparkRequest{.shard = kShard, .fence = fence_, .target_key = key, .limit = limit});
  }
  TaskPtr for_interface(const std::string& interface, Kind kind = Kind::Real, std::string define = {}) {
    auto task = task_of(kind, std::move(define));
    std::get<ServiceTarget>(task.spec.target).interface = interface;
    return std::make_shared<const Task>(std::move(task));
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ParkTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ParkTest, Park_TakesAFiringOutOfDue) {
  const auto id = created(real());
  advance(milliseconds(20));
  EXPECT_TRUE(*park(id));
  EXPECT_TRUE(*park(id)) << "repeated";
  EXPECT_TRUE(open(State::Due).empty());
  const auto waiting = open(State::Waiting);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].score, now() - milliseconds(20)) << "its due instant";
  EXPECT_EQ(line(id).firing->waiting_since, now());
  EXPECT_EQ(get(id.task)->status, Status::Schedule);
  EXPECT_FALSE(*park(id, WaitReason::Overlap)) << "it is not DUE";
  EXPECT_FALSE(*park({.task = TaskId::make(kShard, now(), 1), .tick = Tick::real()}));
}

TEST_P(ParkTest, Unpark_MakesATargetsFiringsDueOldestFirst) {
  std::vector<FiringId> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(created_waiting(for_interface("com.x.A"), i % 2 == 0 ? WaitReason::NoExecutor : WaitReason::Backlog));
    created_waiting(for_interface("com.x.B"));
    advance(milliseconds(1));
  }
  const auto overlap = created_waiting(for_interface("com.x.A"), WaitReason::Overlap);
  const auto key = target_key(for_interface("com.x.A")->spec.target);
  EXPECT_TRUE(unpark("service:nobody::")->firings.empty());
  const auto first = unpark(key, 3);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->more);
  ASSERT_EQ(first->firings.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first->firings[i].id, ids[i]);
    EXPECT_EQ(first->firings[i].state, State::Due);
    EXPECT_EQ(first->firings[i].wait_reason, WaitReason::None);
  }
  const auto rest = unpark(key, 3);
  EXPECT_FALSE(rest->more);
  EXPECT_EQ(rest->firings.size(), 2U);
  EXPECT_TRUE(unpark(key)->firings.empty());
  EXPECT_EQ(open(State::Due).size(), 5U);
  EXPECT_EQ(open(State::Waiting).size(), 6U);
  EXPECT_EQ(line(overlap).firing->wait_reason, WaitReason::Overlap);
  EXPECT_FALSE(line(ids[0]).firing->waiting_since);
}

TEST_P(ParkTest, Unpark_OfALadderComesWithItsTask) {
  const auto task = for_interface("com.x.A", Kind::Ladder, "0,1");
  created_waiting(task);
  const auto answer = unpark(target_key(task->spec.target));
  ASSERT_EQ(answer->firings.size(), 1U);
  ASSERT_NE(answer->firings[0].task, nullptr);
  EXPECT_EQ(*answer->firings[0].task, *task);
}

TEST_P(ParkTest, Park_OfARetryKeepsItsInstantAndItsAttempt) {
  const auto run = token();
  const auto id = started(real(), run);
  const auto retry_at = now() + milliseconds(7);
  ASSERT_TRUE(end({.id = id, .token = run, .outcome = Outcome::Fail, .retry_at = retry_at}));
  advance(milliseconds(7));
  ASSERT_TRUE(*park(id));
  EXPECT_EQ(get(id.task)->status, Status::Running);
  const auto back = unpark(target_key(real()->spec.target));
  ASSERT_EQ(back->firings.size(), 1U);
  EXPECT_EQ(back->firings[0].score, retry_at);
  EXPECT_EQ(back->firings[0].attempt, 1U);
}

TEST_P(ParkTest, Open_PagesThroughOneStateInOrder) {
  std::vector<FiringId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(created(real()));
    if (i % 3 == 0) advance(milliseconds(1));
  }
  for (const auto& state : {State::Due, State::Waiting}) {
    std::vector<FiringId> seen;
    std::optional<std::pair<SysTime, FiringId>> after;
    for (int page = 0; page < 5; ++page) {
      const auto answer = ask(OpenRequest{.shard = kShard, .state = state, .until = now(), .after = after, .limit = 3});
      ASSERT_TRUE(answer);
      for (const auto& firing : answer->firings) {
        EXPECT_TRUE(!after || std::pair(firing.score, firing.id) > *after);
        after = {firing.score, firing.id};
        seen.push_back(firing.id);
      }
      if (!answer->more) break;
    }
    EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(ids));
    for (const auto& id : ids) ASSERT_TRUE(park(id));
  }
  EXPECT_TRUE(open(State::Waiting, now() - std::chrono::seconds(1)).empty());
  EXPECT_EQ(ask(OpenRequest{.shard = kShard, .state = State::Ended, .until = now(), .after = {}}).error().code, Code::InvalidArgument);
  EXPECT_TRUE(ask(OpenRequest{.shard = kShard + 1, .until = now(), .after = {}})->firings.empty());
}

}  // namespace
}  // namespace meepo::test
