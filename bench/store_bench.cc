// The life of REAL tasks on the embedded store, with fsync on a real folder: create+claim+begin in one operation, then the end, in
// batches of 200 with two under way, as the scheduler's loop does it. Also: what a pending task takes on disk.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <utility>

#include "adapters/sqlite/sqlite_store.h"
#include "task/ticks.h"
#include "tests/support/queue_loop.h"
#include "tests/support/virtual_loop.h"

namespace meepo {
namespace {

using namespace ports;

constexpr std::size_t kBatch = 200;
constexpr std::size_t kUnderWay = 2;

struct World {
  World() {
    std::filesystem::remove_all(folder);
    store = std::move(*adapters::sqlite::SqliteStore::open({.folder = folder}, loop));
  }
  ~World() {
    store.reset();
    std::filesystem::remove_all(folder);
  }

  TaskPtr task(Shard shard) {
    auto made = std::make_shared<Task>();
    made->created = loop.system_now();
    made->id = TaskId::make(shard, made->created, random.next());
    made->spec.app_id = "billing";
    made->spec.target = ServiceTarget{.interface = "org.cheng.shop.OrderService",
                                      .method = "closeUnpaid",
                                      .version = "1.0.0",
                                      .group = {},
                                      .param_types = {"java.lang.Long"},
                                      .params = {.encoding = Encoding::Json, .data = "[9007199254740993]"}};
    made->spec.options.zone = "Asia/Shanghai";
    return made;
  }
  CreateRequest batch(bool start) {
    const auto shard = static_cast<Shard>(random.next() % kShardCount);
    CreateRequest request{.shard = shard, .fence = store->fence(), .items = {}};
    request.items.reserve(kBatch);
    for (std::size_t i = 0; i < kBatch; ++i) {
      CreateRequest::Item item;
      item.task = task(shard);
      item.first.tick = first_tick(*item.task);
      if (start) {
        item.start = StartRun{.token = {.high = random.next(), .low = random.next()},
                              .executor = "billing-7f3a2c11-0",
                              .lease_until = loop.system_now() + limits::kRunLease};
      } else {
        item.first.tick.due += std::chrono::hours(1);
      }
      request.items.push_back(std::move(item));
    }
    return request;
  }
  EndRequest ends_of(const CreateRequest& created) {
    EndRequest request{.shard = created.shard, .fence = store->fence(), .items = {}};
    request.items.reserve(created.items.size());
    for (const auto& item : created.items) {
      request.items.push_back({.id = {.task = item.task->id, .tick = item.first.tick.tick},
                               .token = item.start->token,
                               .outcome = Outcome::Success,
                               .result = Payload{.encoding = Encoding::Json, .data = "true"}});
    }
    return request;
  }

  std::string folder = (std::filesystem::current_path() / "store_bench_data").string();
  test::QueueLoop loop;
  test::SeededRandom random{1};
  std::unique_ptr<adapters::sqlite::SqliteStore> store;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void store_life(benchmark::State& state) {
  World world;
  std::size_t under_way = 0;
  std::size_t lives = 0;
  const double cpu_before = cpu_seconds();
  for (auto _ : state) {
    auto created = std::make_shared<CreateRequest>(world.batch(true));
    ++under_way;
    world.store->call(*created, [&, created](auto reply) {
      if (!reply) std::abort();
      world.store->call(world.ends_of(*created), [&](auto ended) {
        if (!ended || ended->value.front()->verdict != EndRequest::ItemAnswer::Verdict::Accepted) std::abort();
        --under_way;
        lives += kBatch;
      });
    });
    world.loop.run_until([&] { return under_way < kUnderWay; });
  }
  world.loop.run_until([&] { return under_way == 0; });
  state.counters["tasks_per_s"] = benchmark::Counter(static_cast<double>(lives), benchmark::Counter::kIsRate);
  state.counters["cpu_us_per_task"] = (cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(lives);
}
BENCHMARK(store_life)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(5);

void store_pending(benchmark::State& state) {
  World world;
  std::size_t tasks = 0;
  for (auto _ : state) {
    bool done = false;
    world.store->call(world.batch(false), [&](auto reply) {
      if (!reply) std::abort();
      done = true;
      tasks += kBatch;
    });
    world.loop.run_until([&] { return done; });
  }
  world.store.reset();
  const auto bytes = std::filesystem::file_size(world.folder + "/meepo.db");
  state.counters["bytes_per_task"] = static_cast<double>(bytes) / static_cast<double>(tasks);
  state.counters["tasks_per_s"] = benchmark::Counter(static_cast<double>(tasks), benchmark::Counter::kIsRate);
}
BENCHMARK(store_pending)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1'000);

}  // namespace
}  // namespace meepo

BENCHMARK_MAIN();
