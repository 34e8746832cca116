#pragma once
// What must hold of a fault run: liveness once the faults are over, and at the end every tick of every task.

#include "sim/faults/workload.h"

namespace meepo::test {

class Check {
 public:
  Check(Cluster& cluster, const Workload& workload) : cluster_(cluster), workload_(workload) {}

  /// I18, 30 s after the last fault.
  void liveness();
  /// I1, I2, I6, I7, I12, I14, I15, I16, when all has come to rest.
  void everything();

 private:
  template <class Request>
  typename Request::Answer ask(Request request);
  std::vector<ports::LedgerRow> ledger(TaskId id);
  std::vector<ports::OpenFiring> open(Shard shard, State state);

  void calls();
  void task(const Asked& asked);
  void rows(const Asked& asked, const ports::TaskView& view, const std::vector<ports::LedgerRow>& rows);
  void row(const Asked& asked, const Firing& firing);
  void plan(const Asked& asked, const ports::TaskView& view, const std::vector<ports::LedgerRow>& rows);
  void chain(const Asked& asked, const Firing& firing);
  bool was_called(const FiringId& id, bool with_success) const;
  void violation(std::string_view invariant, const std::string& what) { cluster_.witness.violation(invariant, what); }

  Cluster& cluster_;
  const Workload& workload_;
  std::map<FiringId, std::pair<bool, bool>> called_;  ///< called, called with success
};

}  // namespace meepo::test
