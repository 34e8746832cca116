// What is SQLite's own: the folder's lock, schema versions, restarts, crashes, damaged rows, limits of the queue.

#include "adapters/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/tests/store_in_folder.h"

namespace meepo::adapters::sqlite {
namespace {

using namespace ports;
using test::VirtualLoop;

class SqliteStoreTest : public StoreInFolder {};

TEST_F(SqliteStoreTest, Open_MakesAFolderForItsOwnerOnly) {
  open();
  struct stat info{};
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  EXPECT_EQ(store_->description(), "sqlite " + folder_);
  store_.reset();
  const auto memory = SqliteStore::open({.folder = {}, .inline_on_loop = true}, loop_);
  EXPECT_EQ((*memory)->description(), "sqlite in memory");
}

TEST_F(SqliteStoreTest, Open_OfAFolderInUseIsRefusedAndNamesFolderAndProcess) {
  open();
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::Conflict);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr(folder_));
  EXPECT_THAT(second.error().message, ::testing::HasSubstr(std::to_string(getpid())));
  store_.reset();
  EXPECT_TRUE(try_open());
}

TEST_F(SqliteStoreTest, Open_WhereAFileStandsSaysSo) {
  std::ofstream(folder_) << "not a folder";
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Unavailable);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr(folder_));
}

TEST_F(SqliteStoreTest, Open_OfANewerSchemaIsRefusedAndNamesBothVersions) {
  open();
  store_.reset();
  execute("PRAGMA user_version = " + std::to_string(schema_version() + 1));
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Conflict);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("version " + std::to_string(schema_version() + 1)));
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("up to version " + std::to_string(schema_version())));
}

TEST_F(SqliteStoreTest, Migrate_BringsAnEmptyFileToTheNewestVersionAndMayBeRepeated) {
  auto connection = Connection::open(":memory:");
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(**connection));
  ASSERT_TRUE(migrate(**connection));
  Statement version(**connection, "PRAGMA user_version");
  auto run = version.run();
  ASSERT_TRUE(run.step());
  EXPECT_EQ(run.integer(0), schema_version());
}

TEST_F(SqliteStoreTest, Open_OfAnotherNumberOfShardsIsRefused) {
  open();
  store_.reset();
  execute("UPDATE meta SET value = 128 WHERE key = 'shards'");
  EXPECT_EQ(try_open().error().code, Code::Conflict);
}

TEST_F(SqliteStoreTest, Open_OfAFileThatIsNoDatabaseIsCorruption) {
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/meepo.db") << std::string(8'192, 'x');
  EXPECT_EQ(try_open().error().code, Code::Corruption);
}

TEST_F(SqliteStoreTest, Fence_RisesWithEveryStart) {
  open();
  const Fence first = store_->fence();
  EXPECT_EQ(first, Fence::make(1, 1));
  open();
  EXPECT_GT(store_->fence(), first);
}

TEST_F(SqliteStoreTest, Reopen_KeepsEverything) {
  open();
  const Fence fence = store_->fence();
  ASSERT_TRUE(ask(TakeOverRequest{.shard = kShard, .fence = fence}));
  const auto id = create();
  auto request = create_request(Kind::Ladder);
  request.items[0].start = StartRun{.token = {.high = 1, .low = 2}, .executor = "executor-1", .lease_until = loop_.system_now()};
  const TaskId ladder = request.items[0].task->id;
  ASSERT_TRUE(ask(request));
  const auto before = get(ladder);
  const auto counts = ask(CountsRequest{.shard = {}});
  open();
  EXPECT_TRUE(get(id));
  const auto after = get(ladder);
  ASSERT_TRUE(after);
  EXPECT_EQ(*after->task, *before->task);
  EXPECT_EQ(after->latest, before->latest);
  EXPECT_EQ(after->latest->executor, "executor-1");
  EXPECT_EQ(ask(CountsRequest{.shard = {}})->by_state, counts->by_state);
  EXPECT_TRUE(ask(request)->front()) << "the request id is known still";
  EXPECT_EQ(ask(CancelRequest{.shard = kShard, .fence = Fence(), .ids = {id}}).error().code, Code::Fenced) << "so is the fence";
  EXPECT_EQ(ask(TakeOverRequest{.shard = kShard, .fence = store_->fence()})->running.size(), 1U);
}

TEST_F(SqliteStoreTest, Crash_LosesNothingThatWasAnswered) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(pipe_ends[0]);
    open();
    for (int i = 0; i < 20; ++i) {
      const auto id = create();
      if (write(pipe_ends[1], id.text().data(), id.text().size()) < 0) break;
    }
    _exit(0);  // no destructor: the log is not written back, the lock goes with the process
  }
  close(pipe_ends[1]);
  std::string ids;
  std::array<char, 256> buffer{};
  for (auto n = read(pipe_ends[0], buffer.data(), buffer.size()); n > 0; n = read(pipe_ends[0], buffer.data(), buffer.size())) {
    ids.append(buffer.data(), static_cast<std::size_t>(n));
  }
  close(pipe_ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(ids.size(), 20 * TaskId::kLength);
  EXPECT_GT(std::filesystem::file_size(folder_ + "/meepo.db-wal"), 0U);
  open();
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_TRUE(get(*TaskId::parse(std::string_view(ids).substr(i * TaskId::kLength, TaskId::kLength))));
  }
  EXPECT_EQ(store_->fence(), Fence::make(1, 2));
}

TEST_F(SqliteStoreTest, Close_WritesTheLogBack) {
  open();
  create();
  store_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/meepo.db-wal"));
}

TEST_F(SqliteStoreTest, Destroyed_ItCarriesOutWhatWasSubmitted) {
  open();
  auto request = create_request();
  const TaskId id = request.items[0].task->id;
  store_->call(std::move(request), [](auto) { FAIL() << "nobody is told any more"; });
  open();
  EXPECT_TRUE(get(id));
}

TEST_F(SqliteStoreTest, ADamagedRecord_FailsItsItemAndNoOther) {
  open();
  const auto damaged = create();
  const auto healthy = create();
  store_.reset();
  execute("UPDATE firing SET record = x'00ff' WHERE task = (SELECT min(task) FROM firing)");
  open();
  std::vector<TaskId> ids = {damaged, healthy};
  const auto answer = ask(GetRequest{.shard = kShard, .ids = ids});
  ASSERT_TRUE(answer);
  EXPECT_NE((*answer)[0].has_value(), (*answer)[1].has_value());
  for (std::size_t i = 0; i < 2; ++i) {
    const FiringId id{.task = ids[i], .tick = Tick::real()};
    const auto claimed = ask(ClaimRequest{
        .shard = kShard,
        .fence = store_->fence(),
        .lease_until = loop_.system_now(),
        .now = loop_.system_now(),
        .items = {{.id = id, .next = {}, .start = StartRun{.token = {.high = 1, .low = i + 1}, .executor = "e", .lease_until = {}}}}});
    ASSERT_TRUE(claimed);
    EXPECT_EQ(claimed->front().has_value(), (*answer)[i].has_value());
    if (!claimed->front()) {
      EXPECT_EQ(claimed->front().error().code, Code::Corruption);
      EXPECT_THAT(claimed->front().error().message, ::testing::HasSubstr(std::string(ids[i].text())));
    }
  }
  EXPECT_EQ(ask(ListRequest{.shard = {}, .filter = {}, .before = {}})->tasks.size(), 1U);
}

TEST_F(SqliteStoreTest, Submit_OverTheLimitIsExhaustedLaterAndTheRestIsCarriedOut) {
  open(10);
  int accepted = 0;
  int exhausted = 0;
  for (int i = 0; i < 11; ++i) {
    store_->call(create_request(), [&](auto reply) {
      if (reply) ++accepted;
      if (!reply && reply.error().code == Code::Exhausted) ++exhausted;
    });
  }
  EXPECT_EQ(exhausted, 0) << "never inside submit";
  loop_.run();
  EXPECT_EQ(accepted, 10);
  EXPECT_EQ(exhausted, 1);
  create();
}

}  // namespace
}  // namespace meepo::adapters::sqlite
