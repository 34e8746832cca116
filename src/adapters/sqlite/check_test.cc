// What `meepo fsck` finds and mends.

#include "adapters/sqlite/check.h"

#include <gmock/gmock.h>

#include "adapters/sqlite/tests/store_in_folder.h"

namespace meepo::adapters::sqlite {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class CheckTest : public StoreInFolder {
 protected:
  void SetUp() override {
    open();
    for (int i = 0; i < 3; ++i) create();
    const auto ladder = create_request(Kind::Ladder);
    ladder_ = ladder.items[0].task->id;
    ASSERT_TRUE(ask(ladder));
    store_.reset();
  }
  CheckReport look(bool repair = false, const std::string& kept = "kept.db") {
    auto report = check(folder_, repair, kept);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : CheckReport{};
  }

  TaskId ladder_;
};

TEST_F(CheckTest, FindsNoFaultWhereThereIsNone) {
  const auto report = look(true);
  EXPECT_EQ(report.faults, std::vector<std::string>{});
  EXPECT_EQ(report.tasks, 4U);
  EXPECT_EQ(report.firings, 4U);
  EXPECT_EQ(report.kept, "") << "nothing was to be repaired";
}

TEST_F(CheckTest, CountsAreMendedAfterACopyWasMade) {
  execute("DELETE FROM firing WHERE task = (SELECT min(task) FROM firing)");
  const auto found = look();
  EXPECT_EQ(found.fault_count, 1U);
  EXPECT_THAT(found.faults, Contains(HasSubstr("counts of shard 7")));
  EXPECT_EQ(found.repaired, 0U);
  EXPECT_EQ(look().fault_count, 1U) << "looking changes nothing";
  const auto mended = look(true);
  EXPECT_EQ(mended.repaired, mended.fault_count);
  EXPECT_TRUE(std::filesystem::exists(mended.kept));
  EXPECT_EQ(look().faults, std::vector<std::string>{});
  execute("DELETE FROM firing WHERE task = (SELECT min(task) FROM firing)");
  EXPECT_EQ(check(folder_, true, "kept.db").error().code, Code::Conflict) << "the copy of before is not overwritten";
}

TEST_F(CheckTest, ATasksCountsOfItsFiringsAreMended) {
  execute("DELETE FROM firing WHERE tick LIKE 'r%'");
  const auto mended = look(true);
  EXPECT_THAT(mended.faults, Contains(HasSubstr("task " + std::string(ladder_.text()) + " counts 1 armed")));
  EXPECT_EQ(look().faults, std::vector<std::string>{});
  open();
  EXPECT_EQ(get(ladder_)->status, Status::Create);
}

TEST_F(CheckTest, WhatCannotBeMendedIsOnlyTold) {
  execute("UPDATE firing SET record = x'00ff' WHERE task = (SELECT min(task) FROM firing)");
  execute("UPDATE firing SET tick = 'r77777' WHERE tick = ''");  // a firing whose task is gone
  const auto report = look(true);
  EXPECT_THAT(report.faults, Contains(HasSubstr("belongs to no task")));
  EXPECT_GE(report.fault_count, 2U);
  EXPECT_GT(look().fault_count, 0U);
}

TEST_F(CheckTest, AFolderInUseOrWithoutDataIsRefused) {
  open();
  EXPECT_EQ(check(folder_, false, "kept.db").error().code, Code::Conflict);
  EXPECT_EQ(check(folder_ + "/none", false, "kept.db").error().code, Code::NotFound);
}

}  // namespace
}  // namespace meepo::adapters::sqlite
