#pragma once
// The executor's state and its steps, one .cc file each: streams.cc (hello, opened, closed), consume.cc (runs and verdicts arrive),
// invoke.cc (targets are called), report.cc (what goes out), deadline.cc (timeouts, leases, renewals), stop.cc. Private to src/executor.
//
// Every entry (a handler of the source, a batch of the invoker, a timer) is one turn: it changes the runs and puts what is to be said
// into the streams' lists; end_turn() sends those, a call a kind.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/store_clock.h"
#include "executor/active_run.h"
#include "executor/executor.h"
#include "executor/inbox.h"

namespace meepo::executor {

class Executor::Impl {
 public:
  Impl(Options options, ports::Loop& loop, ports::RunSource& source, ports::Invoker& invoker);
  ~Impl();

  void start();
  void offer(std::vector<std::string> target_keys);
  void stop(milliseconds drain, std::move_only_function<void(std::size_t left)> done);
  std::size_t running() const { return occupied_.load(std::memory_order_relaxed); }

 private:
  using StreamId = ports::RunSource::StreamId;
  using RunPtr = std::shared_ptr<ActiveRun>;

  struct Stream {
    bool open = false;
    std::uint64_t offers = 0;     ///< the hello named the target keys of this offer
    SteadyTime time_asked_at;     ///< with the hello, and anew every renewal
    ports::ExactTime store_time;  ///< the answer: not before `time_asked_at`
    std::optional<StoreClock> clock;  ///< never ahead of the store: what is not due is not begun
    std::uint32_t credits = 0;    ///< to be granted
    std::vector<ports::RunRef> started;
    std::vector<ports::RunRenewal> renewals;
    std::vector<ports::RunEnd> ends;
    std::vector<ports::RunRef> handed_back;
  };

  // streams.cc
  ports::RunSource::Handlers handlers();
  ports::ExecutorHello hello(StreamId id);
  void opened(StreamId id, SysTime store_now);
  void closed(StreamId id, const Error& reason);
  void told_time(StreamId id, SteadyTime asked_at, ports::ExactTime store_now);
  Stream* open_stream(StreamId id);
  /// Puts runs that no living stream carries on one that is open, and says there what their schedulers may have missed.
  void lodge(StreamId id);

  // consume.cc
  void runs(StreamId id, std::vector<ports::Run> arrived);
  void cancel_asked(const std::vector<ports::RunRef>& asked);
  void end_verdicts(const std::vector<ports::EndVerdict>& verdicts);
  void renew_verdicts(StreamId id, const std::vector<ports::RenewVerdict>& verdicts);
  void ask_cancel(ActiveRun& run);
  void lose(ActiveRun& run);
  ActiveRun* find(const ports::RunRef& ref);
  /// A suspect is said to have started before it is called, so that even an immediate crash is seen.
  static bool says_started(const ActiveRun& run);
  /// Suspects of several schedulers run one after the other, so that a crash has one suspect.
  void let_next_suspect();

  // invoke.cc
  /// At once, or when the store's time has come to `not_before`.
  void begin(const RunPtr& run);
  void invoke(const RunPtr& run);
  void invoker_said(std::vector<InvokerEvent> events);
  void target_returned(ActiveRun& run, ports::InvokeResult result);
  /// The target will not be called, whatever the invoker has queued. False: it was.
  bool withdraw(ActiveRun& run);

  // report.cc
  void end(ActiveRun& run, Outcome outcome, std::optional<Payload> result, std::string error);
  void offer_end(ActiveRun& run);
  void offer_renewal(ActiveRun& run);
  void acknowledge(ActiveRun& run);
  /// Gives its credit back and forgets it, as far as that is due.
  void settle(ActiveRun& run);
  bool takes_more() const;
  void end_turn();

  // deadline.cc
  void set_lease(ActiveRun& run, std::chrono::nanoseconds left);
  std::chrono::nanoseconds lease_left(StreamId id, SysTime lease_until);
  void watch(ActiveRun& run);
  void unwatch(ActiveRun& run);
  void arm_timer();
  void look_at_deadlines();
  void reached(ActiveRun& run);
  void renew_all();

  // stop.cc
  void hand_back(ActiveRun& run);
  void cancel_what_runs();
  void finish_stop();

  Options options_;
  std::uint64_t offers_ = 0;  ///< how often the target keys have changed
  std::uint32_t share_;  ///< of the credits, a stream's
  ports::Loop& loop_;
  ports::RunSource& source_;
  ports::Invoker& invoker_;
  std::shared_ptr<Inbox> inbox_;

  std::unordered_map<RunToken, RunPtr> runs_;
  std::optional<RunToken> suspect_;         ///< the one whose turn it is
  std::deque<RunToken> suspects_waiting_;
  std::map<StreamId, Stream> streams_;      ///< from their hello until they are closed
  std::atomic<std::size_t> occupied_ = 0;   ///< runs that have not returned
  std::size_t withdrawn_ = 0;               ///< of those, the withdrawn
  std::size_t ends_kept_ = 0;
  std::size_t ends_kept_bytes_ = 0;

  Deadlines deadlines_;
  ports::Loop::TimerId timer_ = 0;
  SteadyTime timer_at_;
  ports::Loop::TimerId renew_timer_ = 0;

  bool stopping_ = false;
  bool finishing_ = false;
  milliseconds drain_{0};
  ports::Loop::TimerId drain_timer_ = 0;
  std::move_only_function<void(std::size_t left)> stopped_;
};

}  // namespace meepo::executor
