#pragma once
// One run from its arrival until its end is acknowledged and its handler has returned. The first part is what the handler sees, shared by
// threads; the second, `on_loop`, is the executor's own and touched on its loop only. Private to src/executor.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ports/dispatch.h"
#include "ports/invoker.h"

namespace meepo::executor {

class ActiveRun;
/// Which run to look at when; a run has one entry at most.
using Deadlines = std::multimap<SteadyTime, ActiveRun*>;

class ActiveRun final : public ports::RunContext {
 public:
  using StreamId = ports::RunSource::StreamId;

  ActiveRun(ports::Run run, StreamId stream) : on_loop(std::move(run), stream), run_(on_loop.run) {}

  // Any thread.
  const FiringId& id() const override { return run_.id; }
  SysTime due() const override { return run_.due; }
  std::uint32_t attempt() const override { return run_.attempt; }
  SysTime deadline() const override { return from_unix_ms(deadline_ms_.load()); }
  bool cancelled() const override { return cancelled_.load() || phase_.load() == Phase::Withdrawn; }
  void on_cancel(std::move_only_function<void()> wake) override;
  void progress(std::string text) override;
  void log(std::string line) override;

  /// The target is about to be called. False: it was withdrawn before; the context is cancelled, so it will not be called.
  bool begin(SysTime now);
  /// The loop: from now on the target will not be called. False: it has begun.
  bool withdraw();
  /// The loop: cancelled() becomes true, who waits for that is woken.
  void cancel();
  /// What the handler reported since the last call.
  ports::AttemptReport take_report();

  /// Why a handler that says it was stopped was stopped, when nobody asked to cancel the firing.
  enum class Reason : std::uint8_t { None, LeaseEnding, Lost, ShuttingDown };

  struct OnLoop {
    OnLoop(ports::Run arrived, StreamId on) : run(std::move(arrived)), ref{.id = run.id, .token = run.token}, origin(on), stream(on) {}

    ports::Run run;                ///< its target and application go to the invoker
    const ports::RunRef ref;
    const StreamId origin;         ///< the stream it came by
    StreamId stream;               ///< the one it is reported on and, unless it is a lodger, holds a credit of
    bool lodger = false;           ///< its stream broke and another one carries its reports until a new stream takes it
    bool held = false;             ///< not given to the invoker before a renewal is answered Ok
    bool queued = false;           ///< a suspect behind another one: held until that has returned
    bool started = false;
    bool withdrawn = false;        ///< its target will not be called, nothing but its return is waited for
    bool returned = false;         ///< the invoker is done with it, or never got it
    bool credit_returned = false;
    bool cancel_asked = false;
    Reason reason = Reason::None;
    std::optional<ports::RunEnd> end;
    bool acknowledged = false;     ///< the end was, or there is none to give
    StreamId started_on = 0;       ///< streams that were told
    StreamId offered_on = 0;
    SteadyTime begin_at = SteadyTime::max();    ///< it is given to the invoker; max: it was, or something else is waited for
    SteadyTime lease_at = SteadyTime::max();    ///< the context is cancelled
    SteadyTime timeout_at = SteadyTime::max();
    std::optional<Deadlines::iterator> deadline;
  } on_loop;

 private:
  enum class Phase : std::uint8_t { Waiting, Begun, Withdrawn };

  const ports::Run& run_;  // of its fields only those that never change
  std::atomic<Phase> phase_ = Phase::Waiting;
  std::atomic<bool> cancelled_ = false;
  std::atomic<std::int64_t> deadline_ms_ = 0;

  std::mutex mutex_;  // guards what follows
  std::vector<std::move_only_function<void()>> wakes_;
  ports::AttemptReport report_;
  std::size_t logged_bytes_ = 0;
  bool log_cut_ = false;
};

}  // namespace meepo::executor
