// Group commit when SQLite fails: who is answered what, and that nothing is left half done.

#include "adapters/sqlite/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/schema.h"
#include "task/ticks.h"
#include "tests/support/virtual_loop.h"

namespace meepo::adapters::sqlite {
namespace {

using namespace ports;

constexpr Shard kShard = 7;

class BatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    connection_ = std::move(*Connection::open(":memory:"));
    ASSERT_TRUE(configure(*connection_, 1'024, true));
    ASSERT_TRUE(migrate(*connection_));
    batch_ = std::make_unique<WriteBatch>(*connection_, stale_ends_);
    ASSERT_TRUE(batch_->load());
  }

  StoreRequest create(std::size_t params_bytes = 10) {
    auto task = std::make_shared<Task>();
    task->created = from_unix_ms(1'800'000'000'000);
    task->id = TaskId::make(kShard, task->created, random_.next());
    task->spec.target = ServiceTarget{.interface = "com.x.Pay" + std::to_string(random_.next()),
                                      .method = "settle",
                                      .version = {},
                                      .group = {},
                                      .param_types = {},
                                      .params = {.encoding = Encoding::Bytes, .data = std::string(params_bytes, 'x')}};
    CreateRequest::Item item;
    item.first.tick = first_tick(*task);
    ids_.push_back(task->id);
    item.task = std::move(task);
    return CreateRequest{.shard = kShard, .fence = Fence::make(1, 1), .items = {std::move(item)}};
  }
  std::vector<StoreReply> run(const std::vector<StoreRequest>& requests) {
    std::vector<const StoreRequest*> pointers;
    for (const auto& request : requests) pointers.push_back(&request);
    return batch_->run(pointers, {.now = from_unix_ms(1'800'000'000'000), .steps = {}});
  }
  bool there(const TaskId& id) {
    const auto replies = run({GetRequest{.shard = kShard, .ids = {id}}});
    return replies[0] && std::get<kPlaceOf<GetRequest>>(replies[0]->value)[0].has_value();
  }
  std::uint64_t tasks() {
    const auto replies = run({CountsRequest{.shard = {}}});
    return replies[0] ? std::get<kPlaceOf<CountsRequest>>(replies[0]->value).tasks : 999;
  }
  std::int64_t pragma(const char* sql) {
    Statement statement(*connection_, sql);
    auto step = statement.run();
    return step.step() ? step.integer(0) : -1;
  }

  std::unique_ptr<Connection> connection_;
  StaleEnds stale_ends_{};
  std::unique_ptr<WriteBatch> batch_;
  test::SeededRandom random_{11};
  std::vector<TaskId> ids_;
};

TEST_F(BatchTest, AFullDisk_FailsTheRequestThatDoesNotFitAndCarriesOutTheOthers) {
  const auto pages = pragma("PRAGMA page_count");
  pragma(("PRAGMA max_page_count = " + std::to_string(pages + 8)).c_str());
  const auto replies = run({create(), create(500'000), create()});
  ASSERT_EQ(replies.size(), 3U);
  EXPECT_TRUE(replies[0]);
  ASSERT_FALSE(replies[1]);
  EXPECT_EQ(replies[1].error().code, Code::Exhausted);
  EXPECT_TRUE(replies[2]);
  EXPECT_TRUE(there(ids_[0]));
  EXPECT_FALSE(there(ids_[1]));
  EXPECT_TRUE(there(ids_[2]));
  EXPECT_EQ(tasks(), 2U) << "the counts follow what was rolled back";
  pragma("PRAGMA max_page_count = 1000000");
  EXPECT_TRUE(run({create(500'000)})[0]);
  EXPECT_EQ(tasks(), 3U);
}

TEST_F(BatchTest, AFailedCommit_IsNeverOk) {
  ASSERT_TRUE(run({create()})[0]);
  sqlite3_commit_hook(connection_->handle(), [](void*) { return 1; }, nullptr);
  const auto replies = run({create(), create()});
  for (const auto& reply : replies) {
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::Unknown);
  }
  sqlite3_commit_hook(connection_->handle(), nullptr, nullptr);
  EXPECT_TRUE(there(ids_[0]));
  EXPECT_FALSE(there(ids_[1]));
  EXPECT_EQ(tasks(), 1U);
  EXPECT_TRUE(run({create()})[0]) << "names of the batch that was rolled back are made anew";
  EXPECT_TRUE(there(ids_[3]));
}

TEST_F(BatchTest, ALostTable_IsAnErrorOfTheRequestsThatNeedIt) {
  ASSERT_TRUE(connection_->execute("DROP TABLE change"));
  auto request = create();
  ASSERT_TRUE(run({request})[0]);
  const FiringId id{.task = ids_[0], .tick = Tick::real()};
  const auto replies =
      run({ClaimRequest{.shard = kShard,
                        .fence = Fence::make(1, 1),
                        .lease_until = from_unix_ms(1'800'000'010'000),
                        .now = from_unix_ms(1'800'000'000'000),
                        .items = {{.id = id, .next = {}, .start = {}}}},
           BeginRequest{.shard = kShard,
                        .items = {{.id = id, .start = {.token = {.high = 1, .low = 1}, .executor = "e", .lease_until = {}}}}}});
  EXPECT_TRUE(replies[0]);
  ASSERT_FALSE(replies[1]);
  EXPECT_EQ(replies[1].error().code, Code::Internal);
  const auto open = run({OpenRequest{.shard = kShard, .state = State::Claimed, .until = from_unix_ms(1'900'000'000'000), .after = {}}});
  EXPECT_EQ(std::get<kPlaceOf<OpenRequest>>(open[0]->value).firings.size(), 1U) << "the begin left nothing behind";
}

TEST_F(BatchTest, Weight_IsTheNumberOfItems) {
  EXPECT_EQ(weight_of(create()), 1U);
  EXPECT_EQ(weight_of(GetRequest{.shard = kShard, .ids = std::vector<TaskId>(7)}), 7U);
  EXPECT_EQ(weight_of(GetRequest{.shard = kShard, .ids = {}}), 1U);
  EXPECT_EQ(weight_of(CountsRequest{.shard = {}}), 1U);
}

}  // namespace
}  // namespace meepo::adapters::sqlite
