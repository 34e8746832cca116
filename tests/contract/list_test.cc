#include <algorithm>

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

class ListTest : public StoreTest {
 protected:
  TaskId create_in(Shard shard, Task task) {
    task.id = TaskId::make(shard, now(), random_.next());
    auto answer = one(CreateRequest{.shard = shard, .fence = Fence::make(9, 9), .items = {item_of(std::make_shared<const Task>(task))}});
    EXPECT_TRUE(answer);
    return task.id;
  }
  std::vector<TaskId> all(ListRequest request) {
    std::vector<TaskId> ids;
    for (int page = 0; page < 100; ++page) {
      const auto answer = ask(request);
      EXPECT_TRUE(answer) << answer.error().message;
      if (!answer) break;
      EXPECT_LE(answer->tasks.size(), request.limit);
      for (const auto& view : answer->tasks) ids.push_back(view.task->id);
      if (!answer->next) break;
      request.before = answer->next;
    }
    return ids;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ListTest, ::testing::ValuesIn(store_factories()), name_of);

TEST_P(ListTest, List_MergesAllShardsNewestFirst) {
  std::vector<TaskId> ids;
  for (int i = 0; i < 60; ++i) {
    ids.push_back(create_in(static_cast<Shard>(random_.next() % kShardCount),
                            task_of(i % 3 == 0 ? Kind::Ladder : Kind::Real, i % 3 == 0 ? "0,1" : "")));
    if (i % 4 == 0) advance(milliseconds(1));
  }
  ids.push_back(create_in(0, task_of(Kind::Real)));
  ids.push_back(create_in(kShardCount - 1, task_of(Kind::Real)));
  std::ranges::sort(ids, [](const TaskId& a, const TaskId& b) { return std::pair(a.created(), a) > std::pair(b.created(), b); });
  for (const std::size_t limit : {1UL, 7UL, 100UL}) {
    EXPECT_EQ(all({.shard = {}, .filter = {}, .before = {}, .limit = limit}), ids) << limit;
  }
}

TEST_P(ListTest, List_OfOneShardHasOnlyItsTasks) {
  const auto mine = create_in(3, task_of(Kind::Real));
  create_in(4, task_of(Kind::Real));
  EXPECT_EQ(all({.shard = Shard{3}, .filter = {}, .before = {}}), std::vector<TaskId>{mine});
  EXPECT_TRUE(all({.shard = Shard{5}, .filter = {}, .before = {}}).empty());
}

TEST_P(ListTest, List_FiltersByEachField) {
  const auto start_at = now();
  auto other_app = task_of(Kind::Real);
  other_app.spec.app_id = "stock";
  const auto app = create_in(1, other_app);
  advance(milliseconds(1));
  auto other_method = task_of(Kind::Real);
  std::get<ServiceTarget>(other_method.spec.target).method = "refund";
  const auto method = create_in(2, other_method);
  advance(milliseconds(1));
  auto other_interface = task_of(Kind::Real);
  std::get<ServiceTarget>(other_interface.spec.target).interface = "com.x.Stock";
  const auto interface = create_in(3, other_interface);
  advance(milliseconds(1));
  const auto kind = create_in(4, task_of(Kind::Ladder, "0,1"));
  advance(milliseconds(1));
  auto http = task_of(Kind::Real);
  http.spec.target = HttpTarget{.method = "POST", .url = "https://x/", .headers = {}, .body = {}};
  const auto http_id = create_in(5, http);
  advance(milliseconds(1));
  auto named = task_of(Kind::Real);
  named.spec.options.name = "Nightly Books";
  named.spec.options.labels = {{"env", "prod"}, {"team", "pay"}};
  const auto named_id = create_in(6, named);
  advance(milliseconds(1));
  const auto run = token();
  const auto done = started(real(), run);
  ASSERT_TRUE(end(done, run));

  using Ids = std::vector<TaskId>;
  const auto by = [&](ListRequest::Filter filter) { return all({.shard = {}, .filter = std::move(filter), .before = {}}); };
  EXPECT_EQ(by({.app_id = "stock"}), Ids{app});
  EXPECT_EQ(by({.method = "refund"}), Ids{method});
  EXPECT_EQ(by({.interface = "com.x.Stock"}), Ids{interface});
  EXPECT_EQ(by({.interface = "com.x.Pay", .method = "settle"}), (Ids{done.task, named_id, kind, app}));
  EXPECT_EQ(by({.name = "nightly b"}), Ids{named_id});
  EXPECT_EQ(by({.name = "weekly"}), Ids{});
  EXPECT_EQ(by({.labels = {{"team", "pay"}}}), Ids{named_id});
  EXPECT_EQ(by({.labels = {{"team", "pay"}, {"env", "prod"}}}), Ids{named_id});
  EXPECT_EQ(by({.labels = {{"team", "pay"}, {"env", "test"}}}), Ids{});
  EXPECT_EQ(by({.kind = Kind::Ladder}), Ids{kind});
  EXPECT_EQ(by({.status = Status::Done}), Ids{done.task});
  EXPECT_EQ(by({.status = Status::Schedule}).size(), 6U);
  EXPECT_EQ(by({.created_from = start_at + milliseconds(1), .created_to = start_at + milliseconds(3)}), (Ids{interface, method}));
  EXPECT_EQ(by({.created_from = now() + milliseconds(1)}), Ids{});
  EXPECT_EQ(by({.created_to = start_at}), Ids{});
  EXPECT_EQ(by({}).size(), 7U);
  EXPECT_EQ(by({.created_from = http_id.created(), .created_to = http_id.created() + milliseconds(1)}), Ids{http_id});
}

TEST_P(ListTest, Count_IsOfTheTasksThatPass) {
  for (Shard shard = 0; shard < 5; ++shard) create_in(shard, task_of(Kind::Real));
  auto named = task_of(Kind::Ladder, "0,1");
  named.spec.options.name = "books";
  create_in(5, named);
  const auto count = [&](ListRequest::Filter filter) {
    const auto answer = ask(ListRequest{.shard = {}, .filter = std::move(filter), .before = {}, .count_only = true});
    EXPECT_TRUE(answer && answer->tasks.empty() && !answer->next);
    return answer ? answer->matched : 0;
  };
  EXPECT_EQ(count({}), 6U);
  EXPECT_EQ(count({.kind = Kind::Real}), 5U);
  EXPECT_EQ(count({.status = Status::Done}), 0U);
  EXPECT_EQ(count({.name = "book"}), 1U);
}

TEST_P(ListTest, List_RefusesAPageOverTheLimit) {
  EXPECT_TRUE(ask(ListRequest{.shard = {}, .filter = {}, .before = {}, .limit = limits::kPageSizeMax}));
  EXPECT_EQ(ask(ListRequest{.shard = {}, .filter = {}, .before = {}, .limit = limits::kPageSizeMax + 1}).error().code,
            Code::InvalidArgument);
  EXPECT_EQ(ask(ListRequest{.shard = {}, .filter = {}, .before = {}, .limit = 0}).error().code, Code::InvalidArgument);
}

TEST_P(ListTest, Get_AnswersPerItem) {
  const auto id = created(real());
  const auto answer = ask(GetRequest{.shard = kShard, .ids = {TaskId::make(kShard, now(), 5), id.task}});
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[0].error().code, Code::NotFound);
  EXPECT_EQ((*answer)[1]->task->id, id.task);
}

TEST_P(ListTest, Counts_FollowEveryMove) {
  const auto count = [&](State state) {
    for (const auto& [key, value] : ask(CountsRequest{.shard = kShard})->by_state) {
      if (key == state) return value;
    }
    return std::uint64_t{999};
  };
  const auto tasks = [&](Status status) {
    for (const auto& [key, value] : ask(CountsRequest{.shard = {}})->by_status) {
      if (key == status) return value;
    }
    return std::uint64_t{999};
  };
  const auto run = token();
  const auto id = started(ladder("0,1,2"), run);
  created_waiting(real());
  EXPECT_EQ(count(State::Running), 1U);
  EXPECT_EQ(count(State::Due), 1U);
  EXPECT_EQ(count(State::Waiting), 1U);
  EXPECT_EQ(tasks(Status::Running), 1U);
  EXPECT_EQ(tasks(Status::Schedule), 1U);
  ASSERT_TRUE(end(id, run));
  EXPECT_EQ(count(State::Running), 0U);
  EXPECT_EQ(count(State::Ended), 1U);
  EXPECT_EQ(tasks(Status::Success), 1U);
  ASSERT_TRUE(cancel(id.task));
  EXPECT_EQ(tasks(Status::Cancel), 1U);
  EXPECT_EQ(count(State::Ended), 2U);
  EXPECT_EQ(ask(CountsRequest{.shard = {}})->tasks, 2U);
  EXPECT_EQ(ask(CountsRequest{.shard = kShard + 1})->tasks, 0U);
}

}  // namespace
}  // namespace meepo::test
