#pragma once
// The engine: what a node knows of its shards in memory, and what follows from it. Events and `now` come in, plans go out; it holds no
// thread, clock or I/O. It is a cache of the store: whatever it forgets is found again, whatever it believes wrongly is refused there.
//
// A firing's way through it: add() → timing wheel → ready (its target's queue) → plan(): a match with an executor's credit, or parked.
// Its attempt then has a Lease until it ends. One object a scheduler, on its loop.

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/time.h"
#include "engine/executors.h"
#include "engine/leases.h"
#include "engine/wheel.h"
#include "task/open_firing.h"

namespace meepo::engine {

/// A due firing and the executor whose credit it holds from now on: claim and begin it for that one.
struct Match {
  OpenFiring firing;
  SessionId session = 0;
  std::string executor;
};

struct Park {
  FiringId id;
  WaitReason reason = WaitReason::NoExecutor;
};

/// Ask the store for what waits for this target in one shard; answer with unparked().
struct Unpark {
  Shard shard = 0;
  std::string target_key;
  std::size_t limit = 0;
  std::uint64_t parks_seen = 0;
};

struct Plan {
  std::vector<Match> matches;
  std::vector<Park> parks;
  std::vector<Unpark> unparks;
  std::vector<std::string> unserved;  ///< targets whose firings wait because no executor serves them: each once, until one has
};

/// How a new firing that is due at once should be stored.
struct Placement {
  State state = State::Due;
  WaitReason wait_reason = WaitReason::None;
  SessionId session = 0;            ///< not 0: its credit is taken; begin it in the same operation
  std::string executor;
};

class Engine {
 public:
  /// @param ahead  planned ticks are matched so long before they are due, while their executor has credits to spare
  explicit Engine(SysTime start, milliseconds ahead = milliseconds(0)) : ahead_(ahead), wheel_(start), leases_(start) {}

  /// A target that nobody serves any more is given this long to come back before its due firings are parked.
  static constexpr milliseconds kParkGrace{1'000};
  static constexpr std::size_t kUnparkShareMin = 16;  ///< firings asked for from one shard at least
  static constexpr std::size_t kUnparkShareMax = 1'000;  ///< and at most: the store takes no more than kBatchItemsMax

  // Shards.
  void own(Shard shard) { shards_.set(shard); }
  /// Forgets all that belongs to the shard; running attempts go on under its next owner.
  void disown(Shard shard);
  bool owns(Shard shard) const { return shards_.test(shard); }
  std::vector<Shard> owned() const;

  // The due set: what is loaded from the store, and what this node has just written there.
  enum class When : std::uint8_t { Ahead, NotBeforeDue };
  /// False: known already, or beyond the wheel's horizon (the loader finds it when its time comes). Only DUE firings.
  bool add(OpenFiring firing, SysTime now, When when = When::Ahead);
  /// It is no longer DUE in the store. Repeatable.
  void forget(const FiringId& id);
  /// The store's clock was stepped. Leases move with it; the due set is forgotten, to be loaded anew from where it is now.
  void clock_stepped(milliseconds by, SysTime now);
  bool full() const { return wheel_.size() >= limits::kWheelEntriesMax; }
  SysTime horizon_end() const { return wheel_.horizon_end(); }

  // Executors.
  void open(SessionId session, std::string instance, std::string name, std::vector<std::string> target_keys, std::uint32_t credits,
            SysTime now);
  /// It serves these from now on, no others; what it runs goes on.
  void offer(SessionId session, std::vector<std::string> target_keys, SysTime now);
  void close(SessionId session, SysTime now);
  void grant(SessionId session, std::uint32_t credits);
  /// An attempt that held a credit was not sent.
  void release(const std::string& executor, SessionId session, bool suspect);
  Executors& executors() { return executors_; }
  const Executors& executors() const { return executors_; }

  // Targets.
  bool serves(const std::string& target_key) const { return executors_.serves(target_key); }
  /// Where a new firing that is due now belongs: begun at once, queued, or waiting.
  Placement place(const std::string& target_key);
  /// Firings of this target wait in this shard (found at a takeover, or just stored so).
  void waiting(Shard shard, const std::string& target_key);
  void unparked(const Unpark& unpark, bool more);

  // Running attempts.
  Leases& leases() { return leases_; }
  const Leases& leases() const { return leases_; }
  Lease& begun(Lease lease);
  /// The attempt is over, one way or another. Answers its lease, or nothing if it is not known.
  std::optional<Lease> over(const RunToken& token);
  /// All that an executor runs, by its instance.
  std::vector<const Lease*> runs_of(const Executor& executor);

  /// What to do now: due firings matched with credits, targets without executors parked, waiting ones fetched.
  Plan plan(SysTime now);
  /// When plan() or the leases want to be looked at next; nothing: only an event can change anything.
  std::optional<SysTime> next_wake() const;
  std::size_t due_known() const { return known_.size(); }

 private:
  struct Known {
    OpenFiring firing;
    std::uint64_t handle = 0;                ///< its entry in the wheel; 0: it is ready
    SysTime wakes;                           ///< the instant of that entry
  };
  /// Higher priority first, then earlier due, then id.
  struct GoesFirst {
    bool operator()(const Known* a, const Known* b) const;
  };
  using Queue = std::set<Known*, GoesFirst>;
  struct Target {
    Queue ready;
    Queue suspects;                          ///< sent one at a time per executor
    std::bitset<kShardCount> waiting;        ///< shards in which firings wait for this target
    std::uint64_t parks = 0;                 ///< counts what began to wait: an Unpark's answer older than the last one proves nothing
    int fetching = 0;                        ///< Unparks under way
    std::uint64_t matched = 0;               ///< which match was its last
    bool unserved = false;                   ///< Plan::unserved has named it since it was served last
  };

  bool goes_ahead(const OpenFiring& firing) const;
  void watch(Known& known, SysTime when);
  Queue& queue_of(const OpenFiring& firing);
  void wake(const std::vector<std::string>& keys);
  void served(const std::vector<std::string>& keys);
  void perhaps_unserved(const std::vector<std::string>& keys, SysTime now);
  void make_ready(Known& known);
  void park_unserved(const std::string& key, Target& target, SysTime now, Plan& plan);
  void match_in_turn(std::vector<Target*> targets, SysTime now, Plan& plan);
  bool match_first(Queue& queue, bool suspect, SysTime now, Plan& plan);
  void park(Target& target, Queue& queue, std::size_t keep, WaitReason reason, Plan& plan);
  void fetch_waiting(const std::string& key, Target& target, Plan& plan);

  const milliseconds ahead_;
  std::bitset<kShardCount> shards_;
  TimingWheel wheel_;
  std::uint64_t last_handle_ = 0;
  std::unordered_map<FiringId, Known> known_;
  std::unordered_map<std::uint64_t, Known*> handles_;
  Executors executors_;
  Leases leases_;
  std::unordered_map<std::string, Target> targets_;
  std::uint64_t matches_ = 0;
  std::unordered_set<std::string> awake_;    ///< targets that plan() must look at
  std::map<std::string, SysTime> unserved_;  ///< targets with firings and no executor, and when to park them and say so
};

}  // namespace meepo::engine
