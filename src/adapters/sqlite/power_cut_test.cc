// Power cuts under load: what the store has answered OK is there afterwards, and nothing is there twice. On a disk that answers a sync
// without one the same load must lose something, or this test could not fail.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "adapters/sqlite/batch.h"
#include "adapters/sqlite/schema.h"
#include "task/ticks.h"
#include "tests/support/power_cut_disk.h"
#include "tests/support/virtual_loop.h"

namespace meepo::adapters::sqlite {
namespace {

using namespace ports;

constexpr Shard kShard = 7;
constexpr SysTime kNow = from_unix_ms(1'800'000'000'000);
constexpr int kBatchesMost = 60;
constexpr int kPagesBetweenCheckpoints = 40;

std::string name_of(const TaskId& id) { return std::string(id.text()); }

/// A client that keeps what it was told.
class Load {
 public:
  explicit Load(ports::Random& random) : random_(random) {}

  /// Some requests of every kind.
  std::vector<StoreRequest> draw() {
    std::vector<StoreRequest> requests;
    for (std::uint64_t i = 0; i < 1 + random_.next() % 6; ++i) {
      switch (random_.next() % 4) {
        case 0:
        case 1: requests.push_back(create()); break;
        case 2: requests.push_back(end()); break;
        default: requests.push_back(cancel());
      }
    }
    return requests;
  }

  void note(const StoreRequest& request, const StoreReply& reply) {
    if (!reply) return;  // whatever it is: nothing was promised
    std::visit([&](const auto& typed) { note_answer(typed, reply->value); }, request);
  }

  /// What is missing, in words; empty: all is there.
  std::vector<std::string> missing(WriteBatch& store) const {
    std::vector<std::string> missing;
    for (const auto& [id, promised] : promises_) {
      const StoreRequest request = GetRequest{.shard = kShard, .ids = {id}};
      const auto reply = store.run({&request}, {.now = kNow, .steps = {}}).front();
      if (!reply) {
        missing.push_back(reply.error().message);
        continue;
      }
      const auto& view = std::get<kPlaceOf<GetRequest>>(reply->value).front();
      if (!view) {
        missing.push_back("create of " + name_of(id) + ": " + view.error().message);
        continue;
      }
      if (promised.ended && (!view->latest || view->latest->outcome != Outcome::Success)) missing.push_back("end of " + name_of(id));
      if (promised.cancelled && (!view->latest || !view->latest->cancel_asked_at)) missing.push_back("cancel of " + name_of(id));
      // Begun under this token, it is never due again: a second call would follow.
      if (!view->latest || view->latest->attempt != 1 || view->latest->run_token != promised.token)
        missing.push_back("begin of " + name_of(id));
    }
    return missing;
  }
  std::size_t promises() const { return promises_.size(); }

 private:
  struct Promise {
    RunToken token;
    bool ended = false;
    bool cancelled = false;
  };

  StoreRequest create() {
    auto task = std::make_shared<Task>();
    task->created = kNow;
    task->id = TaskId::make(kShard, kNow, random_.next());
    task->spec.target = ServiceTarget{.interface = "com.x.Pay" + std::to_string(random_.next() % 5),
                                      .method = "settle",
                                      .version = {},
                                      .group = {},
                                      .param_types = {},
                                      .params = {.encoding = Encoding::Bytes, .data = std::string(random_.next() % 3'000, 'x')}};
    CreateRequest::Item item;
    item.first.tick = first_tick(*task);
    item.start =
        StartRun{.token = {.high = random_.next(), .low = random_.next()}, .executor = "e", .lease_until = kNow + milliseconds(15'000)};
    item.task = std::move(task);
    return CreateRequest{.shard = kShard, .fence = Fence::make(1, 1), .items = {std::move(item)}};
  }
  const std::pair<const TaskId, Promise>* any() {
    if (promises_.empty()) return nullptr;
    return &*std::next(promises_.begin(), static_cast<std::ptrdiff_t>(random_.next() % promises_.size()));
  }
  StoreRequest end() {
    const auto* one = any();
    if (one == nullptr) return create();
    return EndRequest{
        .shard = kShard,
        .fence = Fence::make(1, 1),
        .items = {{.id = {.task = one->first, .tick = Tick::real()}, .token = one->second.token, .outcome = Outcome::Success}}};
  }
  StoreRequest cancel() {
    const auto* one = any();
    if (one == nullptr) return create();
    return CancelRequest{.shard = kShard, .fence = Fence::make(1, 1), .ids = {one->first}};
  }

  void note_answer(const CreateRequest& request, const StoreAnswer& answer) {
    if (!std::get<kPlaceOf<CreateRequest>>(answer).front()) return;
    const auto& item = request.items.front();
    promises_[item.task->id].token = item.start->token;
  }
  void note_answer(const EndRequest& request, const StoreAnswer& answer) {
    const auto& item = std::get<kPlaceOf<EndRequest>>(answer).front();
    if (item && item->verdict != EndRequest::ItemAnswer::Verdict::Stale) promises_[request.items.front().id.task].ended = true;
  }
  void note_answer(const CancelRequest& request, const StoreAnswer& answer) {
    const auto& item = std::get<kPlaceOf<CancelRequest>>(answer).front();
    if (item && item->cancelled) promises_[request.ids.front()].cancelled = true;
  }
  template <class Other>
  void note_answer(const Other& /*request*/, const StoreAnswer& /*answer*/) {}

  ports::Random& random_;
  std::map<TaskId, Promise> promises_;
};

struct Opened {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<WriteBatch> store;
};

/// Nothing while the power is off.
std::optional<Opened> open(StaleEnds& stale_ends) {
  auto connection = Connection::open("meepo.db");
  if (!connection || !configure(**connection, 1'024, true) || !migrate(**connection)) return std::nullopt;
  (*connection)->execute(("PRAGMA wal_autocheckpoint = " + std::to_string(kPagesBetweenCheckpoints)).c_str());
  Opened opened{.connection = std::move(*connection), .store = nullptr};
  opened.store = std::make_unique<WriteBatch>(*opened.connection, stale_ends);
  if (!opened.store->load()) return std::nullopt;
  return opened;
}

std::string integrity(Connection& connection) {
  Statement statement(connection, "PRAGMA integrity_check");
  auto run = statement.run();
  return run.step() ? std::string(run.bytes(0)) : "no answer";
}

struct Sum {
  int cuts = 0;
  std::size_t promises = 0;
  std::uint64_t lost_writes = 0;
  std::vector<std::string> missing;
};

Sum cut_power(std::uint64_t seed, int cuts, bool lies) {
  test::SeededRandom random(seed);
  test::PowerCutDisk disk(random);
  disk.lies = lies;
  StaleEnds stale_ends{};
  Load load(random);
  Sum sum;
  for (; sum.cuts < cuts && sum.missing.empty(); ++sum.cuts) {
    disk.cut_after(random.next() % 400);
    {
      auto opened = open(stale_ends);
      for (int batch = 0; opened && batch < kBatchesMost && !disk.is_off(); ++batch) {
        const auto requests = load.draw();
        std::vector<const StoreRequest*> pointers;
        for (const auto& request : requests) pointers.push_back(&request);
        const auto replies = opened->store->run(pointers, {.now = kNow, .steps = {}});
        for (std::size_t i = 0; i < requests.size(); ++i) load.note(requests[i], replies[i]);
      }
      disk.cut_after(0);  // also before the connection closes and tidies up
    }
    disk.restart();
    auto opened = open(stale_ends);
    if (!opened) {
      sum.missing.push_back("the database does not open");
      break;
    }
    if (const auto found = integrity(*opened->connection); found != "ok") sum.missing.push_back(found);
    for (auto& text : load.missing(*opened->store)) sum.missing.push_back(std::move(text));
  }
  sum.promises = load.promises();
  sum.lost_writes = disk.lost_writes();
  return sum;
}

int cuts_wanted() { return std::getenv("MEEPO_LONG") != nullptr ? 1'500 : 100; }

TEST(PowerCutTest, WhatWasAnsweredOkIsThereAfterwards) {
  constexpr int kCutsOfADisk = 25;
  Sum all;
  for (std::uint64_t seed = 1; all.cuts < cuts_wanted(); ++seed) {
    const Sum sum = cut_power(seed, kCutsOfADisk, false);
    EXPECT_EQ(sum.missing, std::vector<std::string>{}) << "seed " << seed << ", after cut " << sum.cuts;
    all.cuts += sum.cuts;
    all.promises += sum.promises;
    all.lost_writes += sum.lost_writes;
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
  EXPECT_GT(all.promises, static_cast<std::size_t>(all.cuts)) << "cuts without load prove nothing";
  EXPECT_GT(all.lost_writes, static_cast<std::uint64_t>(all.cuts));
  std::printf("%d cuts, %zu tasks acknowledged, %llu writes lost or torn\n", all.cuts, all.promises,
              static_cast<unsigned long long>(all.lost_writes));
}

TEST(PowerCutTest, OnADiskThatDoesNotSyncTheSameLoadLosesSomething) {
  int lost = 0;
  constexpr std::uint64_t kDisks = 5;
  for (std::uint64_t seed = 1; seed <= kDisks; ++seed) lost += cut_power(seed, 25, true).missing.empty() ? 0 : 1;
  EXPECT_EQ(lost, static_cast<int>(kDisks));
}

/// The store on a disk of its own, with some tasks acknowledged.
class FailingDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    opened_ = open(stale_ends_);
    ASSERT_TRUE(opened_);
    for (int batch = 0; batch < 20; ++batch) run(load_.draw());
    ASSERT_GT(load_.promises(), 10U);
  }
  std::vector<StoreReply> run(const std::vector<StoreRequest>& requests) {
    std::vector<const StoreRequest*> pointers;
    for (const auto& request : requests) pointers.push_back(&request);
    auto replies = opened_->store->run(pointers, {.now = kNow, .steps = {}});
    for (std::size_t i = 0; i < requests.size(); ++i) load_.note(requests[i], replies[i]);
    return replies;
  }
  /// A power cut, and what the promises say of the store that is opened after it.
  std::vector<std::string> missing_after_a_cut() {
    opened_.reset();
    disk_.restart();
    opened_ = open(stale_ends_);
    return opened_ ? load_.missing(*opened_->store) : std::vector<std::string>{"the database does not open"};
  }

  test::SeededRandom random_{3};
  test::PowerCutDisk disk_{random_};
  StaleEnds stale_ends_{};
  Load load_{random_};
  std::optional<Opened> opened_;
};

TEST_F(FailingDiskTest, AFailedFsync_IsNeverRepeated) {
  disk_.fail_next_sync = true;
  for (const auto& reply : run(load_.draw())) {
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::Unknown);
  }
  const auto syncs = disk_.syncs();
  for (const auto& reply : run(load_.draw())) {
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::Unavailable);
    EXPECT_TRUE(reply.error().message.contains("restart")) << reply.error().message;
  }
  opened_.reset();
  EXPECT_EQ(disk_.syncs(), syncs) << "nor when the file is closed";
  EXPECT_EQ(missing_after_a_cut(), std::vector<std::string>{});
}

TEST_F(FailingDiskTest, AFullDisk_RefusesAndGoesOnWhenThereIsRoomAgain) {
  disk_.room = disk_.size();
  bool refused = false;
  for (int batch = 0; batch < 20; ++batch) {
    for (const auto& reply : run(load_.draw())) {
      if (reply) continue;
      EXPECT_EQ(reply.error().code, Code::Exhausted) << reply.error().message;
      refused = true;
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_FALSE(opened_->store->broken());
  EXPECT_EQ(load_.missing(*opened_->store), std::vector<std::string>{});
  disk_.room.reset();
  for (const auto& reply : run(load_.draw())) EXPECT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(missing_after_a_cut(), std::vector<std::string>{});
}

TEST_F(FailingDiskTest, ATornTailOfTheLog_LosesNothingThatWasSynced) {
  std::string* log = disk_.bytes("meepo.db-wal");
  ASSERT_NE(log, nullptr);
  disk_.cut_after(0);
  opened_.reset();
  disk_.restart();
  log->append(std::string(5'000, '\x5a'));  // a write that never got its commit
  opened_ = open(stale_ends_);
  ASSERT_TRUE(opened_);
  EXPECT_EQ(load_.missing(*opened_->store), std::vector<std::string>{});
}

TEST_F(FailingDiskTest, AFlippedBit_DoesNotEndTheProcess) {
  opened_.reset();  // writes the log back into the file
  std::string* file = disk_.bytes("meepo.db");
  ASSERT_NE(file, nullptr);
  int found = 0;
  constexpr int kFlips = 40;
  for (int flip = 0; flip < kFlips; ++flip) {
    const auto at = 100 + random_.next() % (file->size() - 100);
    const auto before = (*file)[at];
    (*file)[at] = static_cast<char>(before ^ (1 << (random_.next() % 8)));
    opened_ = open(stale_ends_);
    if (!opened_ || integrity(*opened_->connection) != "ok" || !load_.missing(*opened_->store).empty()) ++found;
    disk_.cut_after(0);
    opened_.reset();
    disk_.restart();
    (*file)[at] = before;
  }
  EXPECT_GT(found, 0);  // most of a file is payload, whose bits nobody can check
}

}  // namespace
}  // namespace meepo::adapters::sqlite
