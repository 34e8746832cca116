#pragma once
// The running attempts of this node's shards: who runs them, under which token, until when. Lease bookkeeping and the judgement of
// what a lost executor leaves behind. Pure, on the scheduler's loop.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "engine/executors.h"
#include "engine/wheel.h"
#include "task/firing.h"
#include "task/open_firing.h"
#include "task/task.h"

namespace meepo::engine {

/// One attempt that is RUNNING in the store.
struct Lease {
  FiringId id;
  RunToken token;
  SysTime due;
  SysTime lease_until;
  std::optional<SysTime> begun_at;  ///< nothing after a takeover
  std::string executor;             ///< instance
  std::string target_key;
  std::int32_t priority = 5;
  std::uint32_t attempt = 1;
  std::uint32_t failures = 0;       ///< before this attempt
  std::uint32_t crashes = 0;
  bool suspect = false;
  bool started = false;             ///< reported, or not to be known (it ran inside a process that is gone)
  bool cancel_asked = false;
  OnLost on_lost = OnLost::Rerun;
  TaskPtr task;                     ///< nothing after a takeover, until its end needs it
};

/// What becomes of one attempt that is lost.
struct LostRun {
  FiringId id;
  RunToken token;
  enum class To : std::uint8_t { Due, Unknown, Quarantined } to = To::Due;
  bool mark_suspect = false;
  bool count_crash = false;
  std::string evidence;
};

class Leases {
 public:
  explicit Leases(SysTime start) : wheel_(start) {}

  /// One that is there stays, and is given the task that it lacks.
  Lease& add(Lease lease);
  Lease* find(const RunToken& token);
  /// A lease is never shortened.
  void renew(const RunToken& token, SysTime lease_until);
  void remove(const RunToken& token);
  /// Moves the end of every lease. `now`: after the step.
  void shift(milliseconds by, SysTime now);
  void remove_shard(Shard shard, std::vector<Lease>& removed);

  /// Tokens whose lease has ended at `now`, in order of their ends. They stay until removed, and come again after kAskAgain.
  std::vector<RunToken> ended(SysTime now);
  std::optional<SysTime> next_end() const { return wheel_.next_due(); }
  std::size_t size() const { return leases_.size(); }

  static constexpr milliseconds kAskAgain{1'000};

 private:
  struct Slot {
    Lease lease;
    std::uint64_t handle = 0;
    SysTime wakes;
  };
  void watch(Slot& slot, SysTime when);

  TimingWheel wheel_;
  std::uint64_t last_handle_ = 0;
  std::unordered_map<RunToken, Slot> leases_;
  std::unordered_map<std::uint64_t, RunToken> handles_;
};

/// Judges a crash of `executor` by all that it was running: which attempts are suspects, whether the crash counts against one of
/// them (only if a single suspect was running), who is quarantined after kPoisonCrashesMax, what onLost says. Design §9.
std::vector<LostRun> judge_crash(const Executor& executor, const std::vector<const Lease*>& runs);

/// The attempt never reached its handler: it is due again and counts for nothing.
LostRun not_started(const Lease& lease, std::string evidence);

}  // namespace meepo::engine
