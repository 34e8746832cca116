// The life of REAL tasks on the embedded store, with fsync on a real folder: create+claim+begin in one operation, then the end, in
// batches of 200 with two under way, as the scheduler's loop does it. Also: what a pending task takes on disk, and the ticks of plans.

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

/// The life of a PLAN's tick, as a node with 10,000 plans has it each second: claim and begin with the next tick armed, in requests of 64,
/// then the ends.
class Plans {
 public:
  static constexpr std::size_t kPlans = 10'000;
  static constexpr std::size_t kClaims = 64;

  explicit Plans(World& world) : world_(world) {
    for (std::size_t i = 0; i < kPlans; ++i) {
      auto task = std::make_shared<Task>(*world_.task(static_cast<Shard>(i % kShardCount)));
      task->spec.kind = Kind::Plan;
      task->spec.define = "* * * * * *";
      plans_.push_back(std::move(task));
    }
    for (Shard shard = 0; shard < kShardCount; ++shard) {
      CreateRequest request{.shard = shard, .fence = world_.store->fence(), .items = {}};
      for (std::size_t i = shard; i < kPlans; i += kShardCount) {
        auto& item = request.items.emplace_back();
        item.task = plans_[i];
        item.first.tick = at(0);
      }
      call(std::move(request));
    }
    wait();
  }

  void second() {
    ++second_;
    for (Shard shard = 0; shard < kShardCount; ++shard) {
      for (std::size_t i = shard; i < kPlans;) {
        ClaimRequest claims{
            .shard = shard, .fence = world_.store->fence(), .lease_until = {}, .now = world_.loop.system_now(), .items = {}};
        for (; i < kPlans && claims.items.size() < kClaims; i += kShardCount) {
          claims.items.push_back({.id = {.task = plans_[i]->id, .tick = at(second_ - 1).tick},
                                  .next = at(second_),
                                  .start = StartRun{.token = {.high = world_.random.next(), .low = world_.random.next()},
                                                    .executor = "billing-7f3a2c11-0",
                                                    .lease_until = world_.loop.system_now() + limits::kRunLease},
                                  .known = plans_[i]});
        }
        EndRequest ends{.shard = shard, .fence = world_.store->fence(), .items = {}};
        for (const auto& item : claims.items) {
          ends.items.push_back({.id = item.id, .token = item.start->token, .outcome = Outcome::Success});
        }
        call(std::move(claims), std::move(ends));
      }
    }
    wait();
  }

 private:
  /// Instants of the past, so that all are due.
  static DueTick at(std::size_t second) {
    const SysTime instant = from_unix_ms(1'700'000'000'000) + std::chrono::seconds(second);
    return {.tick = Tick::at(instant), .due = instant};
  }
  void call(CreateRequest request) {
    ++under_way_;
    world_.store->call(std::move(request), [this](auto reply) {
      if (!reply || !reply->value.front()) std::abort();
      --under_way_;
    });
  }
  void call(ClaimRequest claims, EndRequest ends) {
    ++under_way_;
    world_.store->call(std::move(claims), [this, ends = std::move(ends)](auto claimed) mutable {
      if (!claimed || !claimed->value.front()->begun) std::abort();
      world_.store->call(std::move(ends), [this](auto ended) {
        if (!ended || ended->value.front()->verdict != EndRequest::ItemAnswer::Verdict::Accepted) std::abort();
        --under_way_;
      });
    });
  }
  void wait() {
    world_.loop.run_until([this] { return under_way_ == 0; });
  }

  World& world_;
  std::vector<TaskPtr> plans_;
  std::size_t second_ = 0;
  std::size_t under_way_ = 0;
};

void store_plans(benchmark::State& state) {
  World world;
  Plans plans(world);
  const double cpu_before = cpu_seconds();
  for (auto _ : state) plans.second();
  const auto firings = static_cast<double>(Plans::kPlans) * static_cast<double>(state.iterations());
  state.counters["firings_per_s"] = benchmark::Counter(firings, benchmark::Counter::kIsRate);
  state.counters["cpu_us_per_firing"] = (cpu_seconds() - cpu_before) * 1e6 / firings;
}
BENCHMARK(store_plans)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

}  // namespace
}  // namespace meepo

BENCHMARK_MAIN();
