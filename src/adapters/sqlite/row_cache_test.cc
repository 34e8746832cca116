#include "adapters/sqlite/row_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>

namespace meepo::adapters::sqlite {
namespace {

TaskId task(std::uint64_t number) { return TaskId::make(7, from_unix_ms(1'800'000'000'000), number); }

Row open_row(std::uint64_t number, std::string tick = "2027-01-15T08:00:00Z") {
  Row row;
  row.task = task(number);
  row.tick = std::move(tick);
  row.has_firing = true;
  return row;
}

TEST(RowCacheTest, Find_GivesTheRowAsItWasPutLast) {
  RowCache cache;
  Row row = open_row(1);
  EXPECT_EQ(cache.find(row.task, row.tick), nullptr);
  cache.put(row);
  row.firing.attempt = 2;
  cache.put(row);
  ASSERT_NE(cache.find(row.task, row.tick), nullptr);
  EXPECT_EQ(*cache.find(row.task, row.tick), row);
  EXPECT_EQ(cache.find(task(2), row.tick), nullptr);
  EXPECT_EQ(cache.find(row.task, "2027-01-15T08:00:01Z"), nullptr);
}

TEST(RowCacheTest, Put_ForgetsWhatHasEndedOrIsLong) {
  const auto ended = [](Row& row) { row.firing.state = State::Ended; };
  const auto task_ended = [](Row& row) {
    row.has_task = true;
    row.facts.last_outcome = Outcome::Success;
  };
  const auto long_error = [](Row& row) { row.firing.error.assign(RowCache::kBytesOfRowMax + 1, 'x'); };
  const auto long_result = [](Row& row) {
    row.firing.result = Payload{.encoding = Encoding::Bytes, .data = std::string(RowCache::kBytesOfRowMax + 1, 'x')};
  };
  const auto long_arguments = [](Row& row) {
    row.firing.params = Payload{.encoding = Encoding::Bytes, .data = std::string(RowCache::kBytesOfRowMax + 1, 'x')};
  };
  for (const auto& change : std::vector<std::function<void(Row&)>>{ended, task_ended, long_error, long_result, long_arguments}) {
    RowCache cache;
    Row row = open_row(1);
    cache.put(row);
    change(row);
    cache.put(row);
    EXPECT_EQ(cache.find(row.task, row.tick), nullptr);
    EXPECT_EQ(cache.size(), 0U);
  }
}

TEST(RowCacheTest, Put_KeepsTheRowOfATaskThatGoesOn) {
  RowCache cache;
  Row row = open_row(1, "");
  row.has_firing = false;
  row.has_task = true;
  row.facts.armed = 1;
  cache.put(row);
  EXPECT_NE(cache.find(row.task, ""), nullptr);
}

/// Against a list that is searched: the same rows are there, whatever was put, found and erased before.
RC_GTEST_PROP(RowCacheTest, Rows_TheLeastRecentlyUsedGivesWay, ()) {
  constexpr std::size_t kRows = 5;
  RowCache cache(kRows);
  std::deque<Row> model;  // the one used last first
  const auto place_in_model = [&](const Row& row) {
    return std::ranges::find_if(model, [&](const Row& kept) { return kept.task == row.task && kept.tick == row.tick; });
  };
  const auto steps = *rc::gen::inRange(1, 200);
  for (int step = 0; step < steps; ++step) {
    Row row = open_row(*rc::gen::inRange<std::uint64_t>(0, 8), *rc::gen::element<std::string>("0", "2027-01-15T08:00:00Z"));
    const auto found = place_in_model(row);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        cache.erase(row.task, row.tick);
        if (found != model.end()) model.erase(found);
        break;
      case 1: {
        const Row* kept = cache.find(row.task, row.tick);
        RC_ASSERT((kept != nullptr) == (found != model.end()));
        if (kept == nullptr) break;
        RC_ASSERT(*kept == *found);
        row = *found;
        model.erase(found);
        model.push_front(row);
        break;
      }
      default:
        row.firing.attempt = static_cast<std::uint32_t>(step);
        cache.put(row);
        if (found != model.end()) model.erase(found);
        model.push_front(row);
        if (model.size() > kRows) model.pop_back();
    }
    RC_ASSERT(cache.size() == model.size());
  }
}

}  // namespace
}  // namespace meepo::adapters::sqlite
