#include "sim/faults/fault_run.h"

#include <fmt/format.h>

#include <utility>

#include "sim/faults/check.h"
#include "sim/faults/faults.h"
#include "sim/faults/workload.h"

namespace meepo::test {

namespace {

using std::chrono::seconds;

constexpr seconds kFaults{1'200};
constexpr seconds kCreates{1'000};
constexpr seconds kLiveAfter{30};
constexpr seconds kRest{300};
constexpr milliseconds kLatenessMost{100};
constexpr std::size_t kTasksLeast = 200;
constexpr std::size_t kFaultsLeast = 20;

}  // namespace

FaultReport run_with_faults(std::uint64_t seed, std::function<void(const std::string&)> trace) {
  // Any minute of some day, so that plans meet the run at different places.
  SeededRandom start(seed);
  Cluster cluster(seed, from_unix_ms(1'800'000'000'000 + static_cast<std::int64_t>(start.next() % 86'400'000)));
  cluster.witness.trace = std::move(trace);
  Workload workload(cluster, seed);
  Faults faults(cluster, seed);
  Check check(cluster, workload);

  workload.plan(kCreates);
  faults.plan(kFaults);
  cluster.loop.advance(kFaults + kLiveAfter);
  check.liveness();
  cluster.witness.expect_punctual(kLatenessMost);
  cluster.loop.advance(kRest - kLiveAfter);
  check.everything();

  FaultReport report{.seed = seed, .violations = cluster.witness.violations(), .invalid = {}, .faults = faults.hits()};
  for (const auto& asked : workload.asked()) report.tasks += asked.id ? 1 : 0;
  report.calls = cluster.witness.calls().size();
  report.requests = cluster.witness.requests();
  report.digest = cluster.witness.digest();
  if (report.tasks < kTasksLeast) report.invalid = fmt::format("{} tasks: expected at least {}", report.tasks, kTasksLeast);
  if (faults.hits_in_all() < kFaultsLeast) {
    report.invalid = fmt::format("{} faults that hit something: expected at least {}", faults.hits_in_all(), kFaultsLeast);
  }
  return report;
}

}  // namespace meepo::test
