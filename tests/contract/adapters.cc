// The only file of the contract that knows adapters.

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "adapters/sqlite/sqlite_store.h"
#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

class OpenSqlite final : public OpenStore {
 public:
  OpenSqlite(std::string folder, ports::Loop& loop, bool inline_on_loop) : folder_(std::move(folder)) {
    auto opened = adapters::sqlite::SqliteStore::open({.folder = folder_, .inline_on_loop = inline_on_loop}, loop);
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) store_ = std::move(*opened);
  }
  ~OpenSqlite() override {
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  ports::Store& store() override { return *store_; }

 private:
  std::string folder_;
  std::unique_ptr<adapters::sqlite::SqliteStore> store_;
};

std::string new_folder() {
  static std::atomic<int> count = 0;
  return (std::filesystem::temp_directory_path() / ("meepo_contract_" + std::to_string(getpid()) + "_" + std::to_string(++count))).string();
}

}  // namespace

std::vector<StoreFactory> store_factories() {
  const auto sqlite = [](const char* name, const std::function<std::string()>& folder) {
    return StoreFactory{.name = name,
                        .open = [folder](ports::Loop& loop) { return std::make_unique<OpenSqlite>(folder(), loop, true); },
                        .open_threaded = [folder](ports::Loop& loop) { return std::make_unique<OpenSqlite>(folder(), loop, false); }};
  };
  return {sqlite("sqlite_memory", [] { return std::string(); }), sqlite("sqlite_file", new_folder)};
}

}  // namespace meepo::test
