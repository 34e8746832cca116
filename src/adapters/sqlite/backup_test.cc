// Backup, its check, and restore.

#include "adapters/sqlite/backup.h"

#include <gmock/gmock.h>

#include <fstream>

#include "adapters/sqlite/tests/store_in_folder.h"

namespace meepo::adapters::sqlite {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class BackupTest : public StoreInFolder {
 protected:
  BackupTest() { fs::remove_all(out_); }
  ~BackupTest() override { fs::remove_all(out_); }
  void SetUp() override {
    fs::create_directories(out_);
    open();
    for (int i = 0; i < 3; ++i) ids_.push_back(create());
  }
  std::string file(const std::string& name) const { return out_ + "/" + name; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(out_)) names.push_back(entry.path().filename());
    return names;
  }

  std::string out_ = folder_ + "_backups";
  std::vector<TaskId> ids_;
};

TEST_F(BackupTest, BackUp_CopiesWhatIsThereWhileTheStoreGoesOn) {
  std::uint64_t last = 0;
  const auto report = back_up(folder_, file("a.db"), [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_LE(done, all);
    last = done;
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->tasks, 3U);
  EXPECT_GT(report->bytes, 4'096U);
  EXPECT_GT(last, 0U);
  EXPECT_EQ(names(), std::vector<std::string>{"a.db"});
  EXPECT_EQ(fs::status(file("a.db")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  create();
  EXPECT_EQ(check_backup(file("a.db"))->tasks, 3U);
  EXPECT_EQ(back_up(folder_, file("b.db"), nullptr)->tasks, 4U);
}

TEST_F(BackupTest, BackUp_OverwritesNothingAndLeavesNothingBehind) {
  std::ofstream(file("a.db")) << "precious";
  const auto taken = back_up(folder_, file("a.db"), nullptr);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::Conflict);
  EXPECT_THAT(taken.error().message, HasSubstr(file("a.db")));
  const auto nowhere = back_up(folder_ + "/none", file("b.db"), nullptr);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Code::NotFound);
  EXPECT_EQ(names(), std::vector<std::string>{"a.db"});
  EXPECT_FALSE(back_up(folder_, out_ + "/no/such/folder/c.db", nullptr));
}

TEST_F(BackupTest, CheckBackup_SaysWhatIsWrong) {
  EXPECT_EQ(check_backup(file("none.db")).error().code, Code::NotFound);
  std::ofstream(file("text.db")) << std::string(5'000, 'x');
  EXPECT_EQ(check_backup(file("text.db")).error().code, Code::Corruption);
  std::ofstream(file("empty.db")) << "";
  EXPECT_EQ(check_backup(file("empty.db")).error().code, Code::Corruption);
  ASSERT_TRUE(back_up(folder_, file("cut.db"), nullptr));
  fs::resize_file(file("cut.db"), fs::file_size(file("cut.db")) / 2);
  EXPECT_EQ(check_backup(file("cut.db")).error().code, Code::Corruption);
  execute("PRAGMA user_version = 999");
  const auto newer = back_up(folder_, file("newer.db"), nullptr);
  EXPECT_EQ(newer.error().code, Code::Conflict);
  EXPECT_THAT(newer.error().message, HasSubstr("999"));
}

TEST_F(BackupTest, Restore_PutsTheCopyInPlaceAndKeepsWhatWasThere) {
  ASSERT_TRUE(back_up(folder_, file("a.db"), nullptr));
  const TaskId later = create();
  const Fence before = store_->fence();
  const auto in_use = restore(file("a.db"), folder_, "kept");
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().code, Code::Conflict);
  open();  // a restart: the fence rises
  EXPECT_TRUE(before < store_->fence());
  const Fence last = store_->fence();
  store_.reset();
  const auto restored = restore(file("a.db"), folder_, "kept");
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->backup.tasks, 3U);
  EXPECT_EQ(restored->kept, folder_ + "/kept");
  open();
  EXPECT_TRUE(last < store_->fence()) << "who knew the old data must not write to the new";
  for (const auto& id : ids_) EXPECT_TRUE(get(id));
  EXPECT_EQ(get(later).error().code, Code::NotFound);
  store_.reset();
  EXPECT_EQ(check_backup(folder_ + "/kept/meepo.db")->tasks, 4U);
  EXPECT_EQ(restore(file("a.db"), folder_, "kept").error().code, Code::Conflict) << "what was kept before stays";
  open();
  EXPECT_TRUE(get(ids_[0]));
}

TEST_F(BackupTest, Restore_ThatCannotKeepWhatIsThere_LeavesTheFolderAsItWas) {
  ASSERT_TRUE(back_up(folder_, file("a.db"), nullptr));
  const TaskId later = create();
  store_.reset();
  EXPECT_FALSE(restore(file("a.db"), folder_, std::string(300, 'k'))) << "a name that no folder can have";
  EXPECT_FALSE(fs::exists(folder_ + "/meepo.db.part"));
  open();
  EXPECT_TRUE(get(later));
}

TEST_F(BackupTest, Restore_IntoAnEmptyFolderAndOfADamagedFile) {
  ASSERT_TRUE(back_up(folder_, file("a.db"), nullptr));
  store_.reset();
  fs::remove_all(folder_);
  std::ofstream(file("text.db")) << "x";
  EXPECT_EQ(restore(file("text.db"), folder_, "kept").error().code, Code::Corruption);
  EXPECT_FALSE(fs::exists(folder_));
  const auto restored = restore(file("a.db"), folder_, "kept");
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->kept, "");
  open();
  EXPECT_TRUE(get(ids_[2]));
}

}  // namespace
}  // namespace meepo::adapters::sqlite
