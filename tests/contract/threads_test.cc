// The contract's part about threads: answers come on the loop, later, once, in order; reads see what was answered.

#include <thread>

#include "tests/contract/store_test.h"
#include "tests/support/queue_loop.h"

namespace meepo::test {
namespace {

using namespace ports;

class ThreadsTest : public ::testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override { open_ = GetParam().open_threaded(loop_); }

  CreateRequest create_one() {
    auto task = std::make_shared<Task>();
    task->created = loop_.system_now();
    task->id = TaskId::make(kShard, task->created, random_.next());
    task->spec.app_id = "billing";
    task->spec.target =
        ServiceTarget{.interface = "com.x.Pay", .method = "settle", .version = {}, .group = {}, .param_types = {}, .params = {}};
    CreateRequest::Item item;
    item.first.tick = first_tick(*task);
    item.task = std::move(task);
    return {.shard = kShard, .fence = Fence::make(1, 1), .items = {std::move(item)}};
  }

  QueueLoop loop_;
  SeededRandom random_{3};
  std::unique_ptr<OpenStore> open_;
};
INSTANTIATE_TEST_SUITE_P(Stores, ThreadsTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ThreadsTest, Answers_ComeOnTheLoopOnceAndInTheOrderOfSubmission) {
  constexpr int kRequests = 500;
  std::vector<int> answered;
  const auto loop_thread = std::this_thread::get_id();
  for (int i = 0; i < kRequests; ++i) {
    open_->store().call(create_one(), [&, i](auto reply) {
      EXPECT_EQ(std::this_thread::get_id(), loop_thread);
      EXPECT_TRUE(reply && reply->value.front());
      answered.push_back(i);
    });
    EXPECT_TRUE(answered.empty()) << "never inside submit";
  }
  ASSERT_TRUE(loop_.run_until([&] { return answered.size() == kRequests; }));
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(answered[static_cast<std::size_t>(i)], i);
}

TEST_P(ThreadsTest, Reads_SeeWhatWasAnsweredBefore) {
  for (int i = 0; i < 50; ++i) {
    const auto request = create_one();
    const TaskId id = request.items[0].task->id;
    std::optional<bool> found;
    open_->store().call(request, [&](auto created) {
      ASSERT_TRUE(created);
      open_->store().call(GetRequest{.shard = kShard, .ids = {id}}, [&](auto got) { found = got && got->value.front().has_value(); });
    });
    ASSERT_TRUE(loop_.run_until([&] { return found.has_value(); }));
    EXPECT_TRUE(*found);
  }
}

TEST_P(ThreadsTest, Destroyed_WhileRequestsWaitItAnswersNothing) {
  int answered = 0;
  for (int i = 0; i < 100; ++i) open_->store().call(create_one(), [&](auto) { ++answered; });
  open_.reset();
  bool last = false;
  loop_.post([&] { last = true; });
  ASSERT_TRUE(loop_.run_until([&] { return last; }));
  EXPECT_EQ(answered, 0);
}

}  // namespace
}  // namespace meepo::test
