#pragma once
// A whole Meepo in one thread on virtual time: the real scheduler and executor shells over the real embedded store, with simulated
// dispatch and targets. The scheduler and each executor can be stopped, killed and started again.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/local/local_coordinator.h"
#include "adapters/sqlite/sqlite_store.h"
#include "executor/executor.h"
#include "ports/alerter.h"
#include "scheduler/scheduler.h"
#include "sim/sim_dispatch.h"
#include "sim/sim_invoker.h"
#include "support/fault_store.h"
#include "support/virtual_loop.h"

namespace meepo::test {

class CountingAlerter final : public ports::Alerter {
 public:
  void alert(std::string_view name, std::string text) override {
    ++counts[std::string(name)];
    last = std::move(text);
  }
  std::map<std::string, int> counts;
  std::string last;
};

class World {
 public:
  explicit World(std::uint64_t seed = 1);
  ~World();

  // The scheduler. It is running from the start.
  void kill_scheduler();   ///< as by kill -9: nothing is said to anybody
  void stop_scheduler();   ///< gracefully
  void start_scheduler();
  scheduler::Scheduler& scheduler() { return *scheduler_; }

  // Executors, by name. Each start is another instance.
  void start_executor(const std::string& name, std::uint32_t credits = 16, std::string prefix = "");
  void kill_executor(const std::string& name);
  void stop_executor(const std::string& name, milliseconds drain = milliseconds(20'000));
  void cut_executor(const std::string& name) { executors_.at(name)->source->cut(); }

  // Use cases, run until answered.
  Result<scheduler::Created> create(TaskSpec spec);
  scheduler::Cancelled cancel(TaskId id);
  Result<bool> pause(TaskId id);
  Result<void> resume(TaskId id);
  Result<scheduler::Updated> update(TaskId id, std::uint32_t version, std::function<TaskSpec(TaskSpec)> change);
  Result<FiringId> rerun(TaskId id, Tick tick);
  Result<scheduler::Backfilled> backfill(scheduler::BackfillRange range);
  ports::TaskView get(TaskId id);
  std::vector<ports::LedgerRow> ledger(TaskId id);
  ports::CountsRequest::Answer counts();
  std::uint64_t open_firings();

  VirtualLoop loop;
  SeededRandom random;
  History history;
  CountingAlerter alerter;
  std::unique_ptr<adapters::sqlite::SqliteStore> store;
  std::unique_ptr<FaultStore> faults;

 private:
  struct ExecutorProcess {
    std::unique_ptr<SimSource> source;
    std::unique_ptr<SimInvoker> invoker;
    std::unique_ptr<executor::Executor> executor;
  };

  SimDispatcher* dispatcher_now_ = nullptr;
  std::unique_ptr<SimDispatcher> dispatcher_;
  std::unique_ptr<adapters::local::LocalCoordinator> coordinator_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::uint64_t starts_ = 0;
  std::map<std::string, std::unique_ptr<ExecutorProcess>> executors_;
};

/// A REAL task for sim.Target#method with [argument] as params.
TaskSpec real(std::string method, std::string argument = "1");
TaskSpec ladder(std::string method, std::string define, std::string argument = "1");

}  // namespace meepo::test
