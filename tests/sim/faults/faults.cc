#include "sim/faults/faults.h"

#include <fmt/format.h>

#include <utility>

namespace meepo::test {

using Fate = NodeStore::Fate;

std::size_t Faults::hits_in_all() const {
  std::size_t all = 0;
  for (const auto& [name, count] : hits_) all += count;
  return all;
}

void Faults::after(milliseconds delay, std::function<void()> work) {
  cluster_.loop.call_at(cluster_.loop.steady_now() + delay, [this, work = std::move(work)] {
    if (!over_) work();
  });
}

void Faults::hit(const std::string& name) {
  ++hits_[name];
  cluster_.witness.say("FAULT " + name);
}

void Faults::plan(std::chrono::seconds until) {
  milliseconds when{20'000};
  while (when < until) {
    after(when, [this] { one(); });
    when += some_time(5'000, 50'000);
  }
  // Some runs end their faults with a long outage of the store.
  if (pick(4) == 0) after(until - milliseconds(90'000), [this] { store_away(); });
  after(until, [this] { heal(); });
}

void Faults::one() {
  switch (pick(20)) {
    case 0:
    case 1: kill_scheduler(); return;
    case 2:
    case 3:
    case 4: crash_scheduler(); return;
    case 5: stop_scheduler(); return;
    case 6:
    case 7: kill_executor(); return;
    case 8: stop_executor(); return;
    case 9:
    case 10: pause_scheduler(); return;
    case 11: pause_executor(); return;
    case 12:
    case 13: break_connection(); return;
    case 14:
    case 15: store_trouble_for_one(); return;
    case 16: store_trouble_for_all(); return;
    case 17: step_clock(); return;
    case 18: coordination_trouble(); return;
    default: network_trouble(); return;
  }
}

void Faults::kill_scheduler() {
  const std::size_t node = pick(Cluster::kSchedulers);
  if (cluster_.scheduler(node) == nullptr) return;
  hit("scheduler killed");
  cluster_.kill_scheduler(node);
  after(some_time(100, 20'000), [this, node] { cluster_.start_scheduler(node); });
}

/// Just before or just after one of its next requests to the store.
void Faults::crash_scheduler() {
  const std::size_t node = pick(Cluster::kSchedulers);
  NodeStore* store = cluster_.scheduler_store(node);
  if (store == nullptr) return;
  store->crash_at = static_cast<int>(1 + pick(40));
  store->crash_after = pick(2) == 0;
  store->crash = [this, node] {
    hit("scheduler crashed at a request");
    cluster_.kill_scheduler(node);
    after(some_time(100, 20'000), [this, node] { cluster_.start_scheduler(node); });
  };
}

void Faults::stop_scheduler() {
  const std::size_t node = pick(Cluster::kSchedulers);
  if (cluster_.scheduler(node) == nullptr) return;
  hit("scheduler stopped");
  cluster_.stop_scheduler(node);
  // One that cannot finish is killed by its supervisor.
  after(milliseconds(10'000), [this, node] {
    cluster_.kill_scheduler(node);
    cluster_.start_scheduler(node);
  });
}

void Faults::kill_executor() {
  const std::size_t node = pick(Cluster::kExecutors);
  if (cluster_.running(node) > 0) hit("executor killed");
  cluster_.kill_executor(node);
  after(some_time(100, 30'000), [this, node] { cluster_.start_executor(node); });
}

void Faults::stop_executor() {
  const std::size_t node = pick(Cluster::kExecutors);
  if (cluster_.executor_loop(node) == nullptr) return;
  hit("executor stopped");
  cluster_.stop_executor(node);
  after(milliseconds(35'000), [this, node] {
    cluster_.kill_executor(node);
    cluster_.start_executor(node);
  });
}

void Faults::pause_scheduler() {
  const std::size_t node = pick(Cluster::kSchedulers);
  NodeLoop* loop = cluster_.scheduler_loop(node);
  if (loop == nullptr || loop->paused()) return;
  hit("scheduler paused");
  loop->pause();
  after(pick(3) == 0 ? some_time(10'000, 60'000) : some_time(500, 5'000), [this, node, loop] {
    if (cluster_.scheduler_loop(node) == loop) loop->go_on();
  });
}

void Faults::pause_executor() {
  const std::size_t node = pick(Cluster::kExecutors);
  NodeLoop* loop = cluster_.executor_loop(node);
  if (loop == nullptr || loop->paused()) return;
  if (cluster_.running(node) > 0) hit("executor paused");
  loop->pause();
  after(some_time(500, 40'000), [this, node, loop] {
    if (cluster_.executor_loop(node) == loop) loop->go_on();
  });
}

void Faults::break_connection() {
  const std::size_t executor = pick(Cluster::kExecutors);
  const std::size_t scheduler = pick(Cluster::kSchedulers);
  if (pick(2) == 0) {
    if (cluster_.network.cut(executor, scheduler)) hit("connection cut");
  } else {
    if (cluster_.network.fall_silent(executor, scheduler, some_time(2'000, 20'000))) hit("connection silent");
  }
}

NodeStore::Decide Faults::some_trouble() {
  const std::uint64_t share = 2 + pick(9);  // of ten requests
  return [this, share] {
    if (pick(10) >= share) return Fate::Pass;
    static constexpr Fate kFates[] = {Fate::Refuse, Fate::Forget, Fate::LoseRequest, Fate::LoseAnswer, Fate::Late};
    return kFates[pick(5)];
  };
}

void Faults::store_trouble_for_one() {
  const std::size_t node = pick(Cluster::kSchedulers);
  NodeStore* store = cluster_.scheduler_store(node);
  if (store == nullptr) return;
  hit("store in trouble for one");
  store->decide = some_trouble();
  after(some_time(1'000, 15'000), [this, node, store] {
    if (cluster_.scheduler_store(node) == store) store->decide = nullptr;
  });
}

void Faults::store_trouble_for_all() {
  if (store_away_) return;
  hit("store in trouble for all");
  cluster_.store_trouble = some_trouble();
  after(some_time(1'000, 20'000), [this] {
    if (!store_away_) cluster_.store_trouble = nullptr;
  });
}

/// Nothing passes for a minute and a half, and a scheduler starts into it.
void Faults::store_away() {
  hit("store away");
  store_away_ = true;
  cluster_.store_trouble = [] { return Fate::Refuse; };
  const std::size_t node = pick(Cluster::kSchedulers);
  after(milliseconds(2'000), [this, node] {
    cluster_.kill_scheduler(node);
    cluster_.start_scheduler(node);
  });
}

void Faults::step_clock() {
  const auto by = some_time(3'000, 240'000);
  hit("store's clock stepped");
  cluster_.witness.clock_steps();
  cluster_.loop.step_system_clock(pick(2) == 0 ? by : -by);
}

void Faults::coordination_trouble() {
  if (pick(2) == 0) {
    if (cluster_.coordination.expire(pick(Cluster::kSchedulers))) hit("session expired");
  } else {
    hit("coordination away");
    cluster_.coordination.be_away(some_time(5'000, 60'000));
  }
}

void Faults::network_trouble() {
  if (pick(2) == 0) {
    hit("network slow");
    cluster_.network.be_slow(some_time(200, 1'500));
    after(some_time(3'000, 20'000), [this] { cluster_.network.be_slow(milliseconds(3)); });
  } else {
    hit("messages repeated");
    cluster_.network.repeat_messages(true);
    after(some_time(5'000, 30'000), [this] { cluster_.network.repeat_messages(false); });
  }
}

/// Whatever still lies ahead of its own end, ends now.
void Faults::heal() {
  cluster_.witness.say("FAULTS OVER");
  over_ = true;
  cluster_.network.be_slow(milliseconds(3));
  cluster_.network.repeat_messages(false);
  cluster_.store_trouble = nullptr;
  cluster_.coordination.be_away(milliseconds(0));
  for (std::size_t node = 0; node < Cluster::kSchedulers; ++node) {
    if (cluster_.scheduler_stops(node)) cluster_.kill_scheduler(node);
    cluster_.start_scheduler(node);
    cluster_.scheduler_loop(node)->go_on();
    cluster_.scheduler_store(node)->decide = nullptr;
    cluster_.scheduler_store(node)->crash_at = 0;
  }
  for (std::size_t node = 0; node < Cluster::kExecutors; ++node) {
    if (cluster_.executor_stops(node)) cluster_.kill_executor(node);
    cluster_.start_executor(node);
    cluster_.executor_loop(node)->go_on();
  }
}

}  // namespace meepo::test
