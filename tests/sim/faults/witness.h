#pragma once
// The witness: it stands between all nodes and the one store, sees every request with its answer in the order of their execution, and
// every call of a target, and holds them against the invariants as they happen. It believes nothing that a scheduler says.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/store.h"
#include "support/virtual_loop.h"

namespace meepo::test {

/// One call of a target, seen from the target's side.
struct TargetCall {
  FiringId id;
  std::uint32_t attempt = 0;
  SysTime due;
  std::chrono::nanoseconds at{0};      ///< virtual time since the start
  SysTime clock_most;                  ///< the highest that the store's clock has ever shown until then
  std::chrono::nanoseconds ended{-1};  ///< when the target returned; -1: it did not
  bool success = false;
  std::string arguments;
  std::string executor;                ///< instance
};

class Witness {
 public:
  Witness(VirtualLoop& base, ports::Store& store) : base_(base), store_(store) {}

  /// The store, as `node` uses it. Answers come on the base loop.
  void submit(const std::string& node, ports::StoreRequest request, ports::Store::Done done);

  void violation(std::string_view invariant, const std::string& what);
  std::size_t called(TargetCall call);  ///< answers its index in calls()
  void returned(std::size_t call, bool success);
  void instance_gone(const std::string& instance) { gone_[instance] = base_.elapsed(); }
  std::optional<std::chrono::nanoseconds> gone(const std::string& instance) const;
  /// The scheduler that quarantined it died afterwards, perhaps before it had heard so: nobody may have alerted.
  bool quarantine_untold(const FiringId& id) const;
  /// A scheduler used all its credits within that time: what is due may have waited for one.
  bool was_short_of_credits(milliseconds within) const;
  SysTime clock_most();
  void clock_steps() { stepped_at_ = base_.elapsed(); }

  /// From now on a first attempt that begins later than `most` after its due instant is a violation.
  void expect_punctual(milliseconds most) {
    punctual_from_ = base_.system_now();
    lateness_most_ = most;
  }

  const std::vector<TargetCall>& calls() const { return calls_; }
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t digest() const { return digest_; }  ///< of all that was seen: the same seed gives the same
  std::uint64_t requests() const { return requests_; }

  /// Told of every event, one line; nothing: nobody listens.
  std::function<void(const std::string&)> trace;
  void say(const std::string& line);

 private:
  static constexpr std::chrono::seconds kLease{15};      ///< the longest: a node that has not heard of a step back asks for more
  static constexpr std::chrono::seconds kLeaseSpare{3};  ///< what clocks, deliveries and a step of the store's clock may take of it
  static constexpr std::chrono::seconds kStepHeard{2};   ///< a scheduler asks its store for something more often
  static constexpr std::size_t kCreditsOfOne = 12;       ///< of a scheduler, on all executors together

  struct Attempts {
    RunToken running;
    RunToken taken_back;                   ///< the last one that was: a repeat of that request says so again
    std::uint32_t last = 0;
    std::chrono::nanoseconds begun_at{0};      ///< the last one, in virtual time
    std::chrono::nanoseconds leased_until{0};  ///< the last one, in virtual time
    std::string node;                      ///< that began the last one
    bool failed = false;                   ///< the last one ended without success: it may go again
    bool ended = false;
    bool at_once = false;                  ///< due at its creation, by the clock of the node that created it: it cannot be early
    std::optional<std::size_t> call;       ///< the last one in calls()
  };
  struct Of {
    std::set<FiringId> running;  ///< planned ticks only
    bool one_at_a_time = false;
    bool run_once = false;
    bool succeeded = false;
    bool cancelled = false;
  };

  void seen(const std::string& node, const ports::StoreRequest& request, const Result<ports::Reply<ports::StoreAnswer>>& reply);
  void check_fence(const std::string& node, Shard shard, const Fence& fence);
  void check_second(const FiringId& id, const Attempts& before);
  struct Begun {
    std::string node;
    FiringId id;
    RunToken token;
    std::uint32_t attempt = 0;
    SysTime due;
    SysTime lease_until;
    TaskPtr task;
  };
  void begun(const Begun& run, SysTime now);
  void check_lateness(const Begun& run, SysTime now);
  void leased(Attempts& attempts, SysTime until, SysTime now);
  void ended(const ports::EndRequest::Item& item, const ports::EndRequest::ItemAnswer& answer);
  void reaped(const std::string& node, const ports::ReapRequest::Item& item, const ports::ReapRequest::ItemAnswer& answer);
  void over(const FiringId& id, const RunToken& token, bool final);
  void mix(std::uint64_t value);

  VirtualLoop& base_;
  ports::Store& store_;
  std::map<Shard, Fence> fences_;
  std::map<FiringId, Attempts> attempts_;
  std::map<TaskId, Of> tasks_;
  std::vector<TargetCall> calls_;
  std::map<std::string, std::chrono::nanoseconds> gone_;
  std::map<FiringId, std::pair<std::string, std::chrono::nanoseconds>> quarantined_;  ///< by which scheduler, when
  std::map<std::string, std::size_t> runs_of_;     ///< open attempts by the scheduler that began them
  std::map<std::string, SysTime> had_no_credit_;   ///< when that scheduler last used all its credits
  std::vector<std::string> violations_;
  SysTime clock_most_;
  std::optional<std::chrono::nanoseconds> stepped_at_;
  std::optional<SysTime> punctual_from_;
  milliseconds lateness_most_{0};
  std::uint64_t digest_ = 1'469'598'103'934'665'603ULL;
  std::uint64_t requests_ = 0;
};

}  // namespace meepo::test
