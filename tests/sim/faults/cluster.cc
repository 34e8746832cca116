#include "sim/faults/cluster.h"

#include <utility>

namespace meepo::test {

struct Cluster::SchedulerProcess {
  SchedulerProcess(Cluster& cluster, std::size_t node, NodeLoop::Clocks clocks, std::uint64_t seed)
      : loop(cluster.loop, clocks),
        store(cluster.loop, loop, cluster.witness, cluster.store_trouble, "scheduler-" + std::to_string(node)),
        dispatcher(cluster.network, loop, node),
        coordinator(cluster.coordination, loop, node),
        random(seed),
        scheduler({.default_zone = "UTC", .inside_executor_prefix = "", .purge_every = std::chrono::seconds(30)},
                  {.loop = loop,
                   .store = store,
                   .dispatcher = dispatcher,
                   .coordinator = coordinator,
                   .alerter = cluster.alerts,
                   .random = random}) {}
  bool stopping = false;
  NodeLoop loop;
  NodeStore store;
  NetDispatcher dispatcher;
  NodeCoordinator coordinator;
  SeededRandom random;
  scheduler::Scheduler scheduler;
};

struct Cluster::ExecutorProcess {
  ExecutorProcess(Cluster& cluster, std::size_t node, std::string name, NodeLoop::Clocks clocks, std::uint64_t seed)
      : instance(std::move(name)),
        loop(cluster.loop, clocks),
        source(cluster.network, loop, node),
        target(loop, cluster.witness, instance, seed, kCredits),
        executor({.instance = instance,
                  .name = "executor",
                  .target_keys = {service_key("sim.Target", "", "")},
                  .credits = kCredits,
                  .streams = kSchedulers},
                 loop, source, target) {}
  const std::string instance;
  bool stopping = false;
  NodeLoop loop;
  NetSource source;
  FaultTarget target;
  executor::Executor executor;
};

Cluster::Cluster(std::uint64_t seed, SysTime start)
    : loop(start),
      store(adapters::sqlite::SqliteStore::open({.folder = "", .inline_on_loop = true}, loop).value()),
      witness(loop, *store),
      network(loop, seed ^ 0x6e657477ULL, kSchedulers),
      coordination(loop, {0, 1, 2, 3}),
      alerts(witness),
      random_(seed ^ 0x636c7573ULL) {
  for (std::size_t node = 0; node < kSchedulers; ++node) start_scheduler(node);
  for (std::size_t node = 0; node < kExecutors; ++node) start_executor(node);
}

Cluster::~Cluster() {
  for (std::size_t node = 0; node < kExecutors; ++node) kill_executor(node);
  for (std::size_t node = 0; node < kSchedulers; ++node) kill_scheduler(node);
  loop.run();
}

/// System clocks up to an hour off; steady clocks as a machine with a time daemon has them.
NodeLoop::Clocks Cluster::some_clocks() {
  const auto offset = static_cast<std::int64_t>(random_.next() % 7'200'000) - 3'600'000;
  const auto drift = static_cast<int>(random_.next() % 101) - 50;
  return {.offset = milliseconds(random_.next() % 2 == 0 ? 0 : offset), .drift_ppm = drift};
}

template <class Process>
void Cluster::bury(std::unique_ptr<Process> process) {
  process->loop.kill();
  loop.post([dead = std::move(process)]() mutable { dead.reset(); });
}

void Cluster::start_scheduler(std::size_t node) {
  if (schedulers_[node]) return;
  witness.say("start scheduler-" + std::to_string(node));
  schedulers_[node] = std::make_unique<SchedulerProcess>(*this, node, some_clocks(), random_.next());
  schedulers_[node]->store.crash = [this, node] { kill_scheduler(node); };
  schedulers_[node]->scheduler.start();
}

void Cluster::kill_scheduler(std::size_t node) {
  if (!schedulers_[node]) return;
  witness.say("kill scheduler-" + std::to_string(node));
  witness.instance_gone("scheduler-" + std::to_string(node));
  bury(std::move(schedulers_[node]));
}

void Cluster::stop_scheduler(std::size_t node) {
  if (!schedulers_[node]) return;
  witness.say("stop scheduler-" + std::to_string(node));
  schedulers_[node]->stopping = true;
  schedulers_[node]->scheduler.stop([this, node, process = schedulers_[node].get()] {
    if (schedulers_[node].get() == process) kill_scheduler(node);
  });
}

void Cluster::start_executor(std::size_t node) {
  if (executors_[node]) return;
  const std::string instance = "executor-" + std::to_string(node) + "." + std::to_string(++starts_);
  witness.say("start " + instance);
  executors_[node] = std::make_unique<ExecutorProcess>(*this, node, instance, some_clocks(), random_.next());
  executors_[node]->target.on_crash = [this, node] {
    kill_executor(node);
    loop.call_at(loop.steady_now() + milliseconds(2'000), [this, node] { start_executor(node); });
  };
  executors_[node]->executor.start();
}

void Cluster::kill_executor(std::size_t node) {
  if (!executors_[node]) return;
  witness.say("kill " + executors_[node]->instance);
  witness.instance_gone(executors_[node]->instance);
  bury(std::move(executors_[node]));
}

void Cluster::stop_executor(std::size_t node) {
  if (!executors_[node]) return;
  witness.say("stop " + executors_[node]->instance);
  executors_[node]->stopping = true;
  executors_[node]->executor.stop(milliseconds(15'000), [this, node, process = executors_[node].get()](std::size_t) {
    if (executors_[node].get() == process) kill_executor(node);
  });
}

bool Cluster::scheduler_stops(std::size_t node) { return schedulers_[node] && schedulers_[node]->stopping; }
bool Cluster::executor_stops(std::size_t node) { return executors_[node] && executors_[node]->stopping; }
scheduler::Scheduler* Cluster::scheduler(std::size_t node) { return schedulers_[node] ? &schedulers_[node]->scheduler : nullptr; }
NodeLoop* Cluster::scheduler_loop(std::size_t node) { return schedulers_[node] ? &schedulers_[node]->loop : nullptr; }
NodeStore* Cluster::scheduler_store(std::size_t node) { return schedulers_[node] ? &schedulers_[node]->store : nullptr; }
NodeLoop* Cluster::executor_loop(std::size_t node) { return executors_[node] ? &executors_[node]->loop : nullptr; }
std::size_t Cluster::running(std::size_t executor) { return executors_[executor] ? executors_[executor]->executor.running() : 0; }

}  // namespace meepo::test
