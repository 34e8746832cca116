#pragma once
// The clients of a fault run: they create tasks of all kinds, cancel some, run some by hand, and repeat what was not answered, at
// whichever scheduler answers. Everything that they were told is kept for the checks.

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/faults/cluster.h"

namespace meepo::test {

/// A cron expression with the answer by hand: it fires at all t with (t + zone) mod period = offset, in seconds.
struct PlanShape {
  const char* define;
  const char* zone;
  std::int64_t zone_offset;
  std::int64_t period;
  std::int64_t offset;

  bool fires(SysTime at) const;
};

struct Asked {
  TaskSpec spec;
  const PlanShape* plan = nullptr;
  std::string argument;                           ///< as the target receives it: no two tasks share one
  std::optional<TaskId> id;                       ///< acknowledged
  bool unsure = false;                            ///< a create may have been carried out without an answer
  bool refused = false;
  std::optional<std::chrono::nanoseconds> cancelled_at;  ///< when the OK came
  std::set<FiringId> running_at_cancel;
  bool cancel_asked = false;
  std::optional<FiringId> by_hand;                ///< acknowledged
  int tries = 0;
};

class Workload {
 public:
  Workload(Cluster& cluster, std::uint64_t seed);

  static constexpr int kTasks = 210;
  /// Puts all that clients will do on the loop, from now until `until`.
  void plan(std::chrono::seconds until);

  const std::deque<Asked>& asked() const { return asked_; }

 private:
  static constexpr int kTriesMax = 100;
  static constexpr milliseconds kPatience{5'000};
  static constexpr milliseconds kAgain{400};

  std::uint64_t pick(std::uint64_t below) { return random_.next() % below; }
  TaskSpec some_spec(Asked& asked);
  std::string some_request_id();
  TaskSpec plan_spec(Asked& asked);
  void create(Asked& asked);
  void created(Asked& asked, int of_try, Result<scheduler::Created> answer);
  void cancel(Asked& asked, int tries);
  void run_by_hand(Asked& asked, int tries);
  void at(std::chrono::nanoseconds when, std::function<void()> work);
  void later(std::function<void()> work) { at(cluster_.loop.elapsed() + kAgain, std::move(work)); }
  /// A scheduler to ask, and its loop; nothing: the one that was tried is down.
  std::pair<scheduler::Scheduler*, NodeLoop*> some_scheduler();

  Cluster& cluster_;
  SeededRandom random_;
  std::deque<Asked> asked_;
};

}  // namespace meepo::test
