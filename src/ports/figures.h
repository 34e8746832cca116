#pragma once
// What the parts count and measure of themselves, for whoever shows it (src/monitor). Counters run from the start of the process; they
// are of this node, the store's counts of tasks and firings are of the whole system. Plain values: a copy is a snapshot.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "base/histogram.h"
#include "task/firing.h"
#include "task/task.h"

namespace meepo::ports {

/// Counters by an enum's value. `N`: one more than its greatest.
template <class Enum, std::size_t N>
class CountsBy {
 public:
  void add(Enum value, std::uint64_t by = 1) { counts_.at(static_cast<std::size_t>(value)) += by; }
  std::uint64_t of(Enum value) const { return counts_.at(static_cast<std::size_t>(value)); }

 private:
  std::array<std::uint64_t, N> counts_{};
};

/// Seconds: what is asked of a scheduler (a millisecond to a minute late), and how long work takes (to ten hours).
inline constexpr std::array kLatenessBounds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0};
inline constexpr std::array kDurationBounds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 36000.0};
inline constexpr std::array kCommitBounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0};
inline constexpr std::array kBatchBounds = {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0};

struct SchedulerFigures {
  // Since the start.
  CountsBy<Kind, 5> created;
  std::uint64_t creates_repeated = 0;        ///< answered with the task that the same request id had created
  std::uint64_t creates_refused = 0;
  CountsBy<Kind, 5> begun;                   ///< attempts that were begun, by their task's kind
  CountsBy<Outcome, 7> ended;                ///< attempts whose end was accepted
  std::uint64_t retries = 0;
  std::uint64_t chained = 0;                 ///< tasks created by a success
  CountsBy<SkipReason, 7> ticks_skipped;
  std::uint64_t taken_back = 0;              ///< attempts that were lost, by lease or with their executor
  std::uint64_t tasks_cancelled = 0;
  std::uint64_t clock_steps = 0;
  /// Seconds from a firing's due instant until its first attempt went to its executor; 0: it went ahead of it.
  Histogram lateness{kLatenessBounds};
  /// Seconds from begin to the accepted end of an attempt.
  Histogram duration{kDurationBounds};

  // Now.
  std::uint64_t shards = 0;                  ///< owned
  std::uint64_t firings_known = 0;           ///< in the timing wheel or ready
  std::uint64_t attempts_running = 0;        ///< with a lease here
  std::uint64_t executors = 0;               ///< with a stream here
  std::uint64_t credits = 0;                 ///< runs that these executors would take now
  std::uint64_t creates_waiting = 0;
  std::uint64_t store_requests_waiting = 0;
};

struct StoreFigures {
  // Since it was opened.
  std::uint64_t failed_requests = 0;         ///< not carried out, or not known to be
  Histogram batch_items{kBatchBounds};       ///< items in one transaction
  Histogram commit_seconds{kCommitBounds};   ///< from a transaction's begin until it is durable
  // Now.
  std::uint64_t items_waiting = 0;
};

/// Alerts by name: each data loss, quarantine, refusal and clock step has one.
using AlertCounts = std::map<std::string, std::uint64_t, std::less<>>;

}  // namespace meepo::ports
