#pragma once
// Three schedulers and three executors on one store and one coordination service, all in one thread on virtual time.

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/sqlite/sqlite_store.h"
#include "executor/executor.h"
#include "ports/alerter.h"
#include "scheduler/scheduler.h"
#include "sim/faults/coordination.h"
#include "sim/faults/network.h"
#include "sim/faults/node_store.h"
#include "sim/faults/target.h"
#include "sim/faults/witness.h"

namespace meepo::test {

class Alerts final : public ports::Alerter {
 public:
  explicit Alerts(Witness& witness) : witness_(witness) {}
  void alert(std::string_view name, std::string text) override {
    ++counts[std::string(name)];
    witness_.say("alert " + std::string(name) + ": " + text);
  }
  std::map<std::string, std::uint64_t, std::less<>> counts;

 private:
  Witness& witness_;
};

class Cluster {
 public:
  static constexpr std::size_t kSchedulers = 3;
  static constexpr std::size_t kExecutors = 3;
  static constexpr std::uint32_t kCredits = 12;
  static constexpr Shard kShards = 4;

  Cluster(std::uint64_t seed, SysTime start);
  ~Cluster();

  void start_scheduler(std::size_t node);
  void kill_scheduler(std::size_t node);
  /// Gracefully; down when it is done.
  void stop_scheduler(std::size_t node);
  bool scheduler_stops(std::size_t node);
  void start_executor(std::size_t node);
  void kill_executor(std::size_t node);
  void stop_executor(std::size_t node);
  bool executor_stops(std::size_t node);

  scheduler::Scheduler* scheduler(std::size_t node);  ///< nothing: it is down
  NodeLoop* scheduler_loop(std::size_t node);
  NodeStore* scheduler_store(std::size_t node);
  NodeLoop* executor_loop(std::size_t node);
  std::size_t running(std::size_t executor);          ///< runs that it has

  NodeStore::Decide store_trouble;  ///< for all schedulers, those that start meanwhile too
  VirtualLoop loop;
  std::unique_ptr<adapters::sqlite::SqliteStore> store;
  Witness witness;
  Network network;
  Coordination coordination;
  Alerts alerts;

 private:
  struct SchedulerProcess;
  struct ExecutorProcess;
  /// Its objects live on until the work that is on the stack is over.
  template <class Process>
  void bury(std::unique_ptr<Process> process);
  NodeLoop::Clocks some_clocks();

  SeededRandom random_;
  std::uint64_t starts_ = 0;
  std::array<std::unique_ptr<SchedulerProcess>, kSchedulers> schedulers_;
  std::array<std::unique_ptr<ExecutorProcess>, kExecutors> executors_;
};

}  // namespace meepo::test
