#pragma once
// A store in a folder of its own, on virtual time: for the tests of what is SQLite's own.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "adapters/sqlite/sqlite_store.h"
#include "task/ticks.h"
#include "tests/support/virtual_loop.h"

namespace meepo::adapters::sqlite {

inline constexpr Shard kShard = 7;

class StoreInFolder : public ::testing::Test {
 protected:
  StoreInFolder() {
    static int count = 0;
    folder_ =
        (std::filesystem::temp_directory_path() / ("meepo_sqlite_" + std::to_string(getpid()) + "_" + std::to_string(++count))).string();
  }
  ~StoreInFolder() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  Result<std::unique_ptr<SqliteStore>> try_open(std::size_t waiting_max = 1'000) {
    return SqliteStore::open({.folder = folder_, .inline_on_loop = true, .waiting_max = waiting_max}, loop_);
  }
  void open(std::size_t waiting_max = 1'000) {
    store_.reset();
    auto opened = try_open(waiting_max);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  template <class Request>
  Result<typename Request::Answer> ask(Request request) {
    std::optional<Result<ports::Reply<typename Request::Answer>>> answer;
    store_->call(std::move(request), [&](auto reply) { answer = std::move(reply); });
    loop_.run();
    if (!answer) return fail(Code::Internal, "no answer");
    if (!*answer) return fail(answer->error());
    return (*answer)->value;
  }
  ports::CreateRequest create_request(Kind kind = Kind::Real) {
    auto task = std::make_shared<Task>();
    task->created = loop_.system_now();
    task->id = TaskId::make(kShard, task->created, random_.next());
    task->spec.app_id = "billing";
    task->spec.kind = kind;
    if (kind == Kind::Ladder) task->spec.define = "0,60";
    task->spec.options.request_id = "r" + std::to_string(random_.next());
    task->spec.target =
        ServiceTarget{.interface = "com.x.Pay", .method = "settle", .version = {}, .group = {}, .param_types = {}, .params = {}};
    ports::CreateRequest::Item item;
    item.first.tick = first_tick(*task);
    item.task = std::move(task);
    return {.shard = kShard, .fence = store_->fence(), .items = {std::move(item)}};
  }
  TaskId create() {
    auto request = create_request();
    const TaskId id = request.items[0].task->id;
    const auto answer = ask(std::move(request));
    EXPECT_TRUE(answer && answer->front());
    return id;
  }
  Result<ports::TaskView> get(const TaskId& id) {
    auto answer = ask(ports::GetRequest{.shard = kShard, .ids = {id}});
    if (!answer) return fail(answer.error());
    return answer->front();
  }
  /// Runs SQL on the file, past the store.
  void execute(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ + "/meepo.db").c_str(), &handle), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    sqlite3_close(handle);
  }

  std::string folder_;
  test::VirtualLoop loop_;
  test::SeededRandom random_{7};
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace meepo::adapters::sqlite
