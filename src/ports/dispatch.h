#pragma once
// The Dispatch port, both of its ends: Dispatcher is the scheduler's (it sends begun runs to executors), RunSource the executor's
// (it receives them and reports back). Adapters: direct (gRPC streams); tests/sim has one on virtual time.
// The words on the wire are these structs; src/adapters/direct maps them to protobuf.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "ports/store_requests.h"
#include "task/firing.h"
#include "task/task.h"

namespace meepo::ports {

/// One attempt on its way to an executor.
struct Run {
  FiringId id;
  RunToken token;
  std::uint32_t attempt = 1;
  SysTime due;                       ///< with its jitter; a TIMING's or PLAN's nominal instant is in its tick
  SysTime lease_until;               ///< store time
  milliseconds timeout{0};           ///< counted by the executor from the handler's start
  bool suspect = false;
  Target target;                     ///< with the run's own params where it has them
  std::string app_id;
  std::optional<SysTime> not_before; ///< store time: the target is not called before it; nothing: at once
};

struct RunRef {
  FiringId id;
  RunToken token;
  friend bool operator==(const RunRef&, const RunRef&) = default;
};

struct RunEnd {
  RunRef run;
  Outcome outcome = Outcome::Success;   ///< Success, Fail, Timeout or Stopped
  std::optional<Payload> result;
  std::string error;
  AttemptReport report;
};

struct RunRenewal {
  RunRef run;
  bool started = false;
  bool cancel_acknowledged = false;
  AttemptReport report;
};

/// What the scheduler says about an end: it is kept until this comes.
struct EndVerdict {
  RunRef run;
  EndRequest::ItemAnswer::Verdict verdict = EndRequest::ItemAnswer::Verdict::Accepted;
};

struct RenewVerdict {
  RunRef run;
  RenewAnswer answer = RenewAnswer::Ok;
  SysTime lease_until;
};

/// The first words of an executor on a stream.
struct ExecutorHello {
  std::string instance;              ///< unique per process start, e.g. "billing-7f3a…": what RUNNING rows keep
  std::string name;                  ///< for people
  std::vector<std::string> target_keys;  ///< what it serves (task/target.h)
  std::uint32_t credits = 0;         ///< runs it takes at once on this stream
  /// No other stream of its is open, and it read its last one to this scheduler to the end before it made `running`: what is not named it
  /// does not have.
  bool complete = false;
  std::vector<RunRenewal> running;  ///< all it has, started or not
  std::vector<RunEnd> ends;  ///< unacknowledged
};

/// Store time for an executor that begins a run at its due instant: whole milliseconds would make it late.
using ExactTime = std::chrono::sys_time<std::chrono::microseconds>;
using SessionId = std::uint64_t;  ///< one stream; never 0, never reused within a process

/// The scheduler's end. All calls and handlers on the scheduler's loop. A send to a session that has closed is dropped: its `closed`
/// comes or has come, and leases do the rest.
class Dispatcher {
 public:
  struct Handlers {
    /// Answers the store's time, which the executor is welcomed with: its leases count from it. Nothing is sent to the session before.
    std::move_only_function<SysTime(SessionId, ExecutorHello)> opened;
    std::move_only_function<void(SessionId, std::uint32_t credits)> granted;  ///< more runs may be sent
    std::move_only_function<void(SessionId, std::vector<std::string> target_keys)> offered;  ///< it serves these from now on, no others
    std::move_only_function<void(SessionId, std::vector<RunRef>)> started;
    std::move_only_function<void(SessionId, std::vector<RunRenewal>)> renewed;
    std::move_only_function<void(SessionId, std::vector<RunEnd>)> ended;
    std::move_only_function<void(SessionId, std::vector<RunRef>)> handed_back;  ///< not started and will not be
    std::move_only_function<void(SessionId)> closed;
    /// The store's time now, for an executor that asks; the adapter answers it.
    std::move_only_function<ExactTime()> store_time;
  };

  virtual ~Dispatcher() = default;
  virtual void start(Handlers handlers) = 0;
  /// Closes every session; no handler runs after it returns.
  virtual void stop() = 0;

  virtual void send(SessionId session, std::vector<Run> runs) = 0;
  virtual void ask_cancel(SessionId session, std::vector<RunRef> runs) = 0;
  virtual void answer_ends(SessionId session, std::vector<EndVerdict> verdicts) = 0;
  virtual void answer_renewals(SessionId session, std::vector<RenewVerdict> verdicts) = 0;
  /// Ends one session; the executor is told why (a limit, a protocol error).
  virtual void close(SessionId session, Error reason) = 0;
};

/// The executor's end: one or more streams to schedulers, kept open by the adapter (with back-off). All calls and handlers on the
/// executor's loop.
class RunSource {
 public:
  using StreamId = std::uint64_t;
  struct Handlers {
    /// A new stream is about to open: what to say first. `complete`: no other stream is open; the adapter takes it back unless it has
    /// read the last stream to this scheduler to the end.
    std::move_only_function<ExecutorHello(StreamId)> hello;
    std::move_only_function<void(StreamId, SysTime store_now)> opened;  ///< the scheduler accepted the hello
    std::move_only_function<void(StreamId, std::vector<Run>)> runs;
    std::move_only_function<void(StreamId, std::vector<RunRef>)> cancel_asked;
    std::move_only_function<void(StreamId, std::vector<EndVerdict>)> end_verdicts;
    std::move_only_function<void(StreamId, std::vector<RenewVerdict>)> renew_verdicts;
    std::move_only_function<void(StreamId, SteadyTime asked_at, ExactTime store_now)> store_time;  ///< the answer to ask_time()
    std::move_only_function<void(StreamId, Error)> closed;  ///< broken or refused; the adapter tries again later
  };

  virtual ~RunSource() = default;
  virtual void start(Handlers handlers) = 0;
  /// Closes all streams after what was handed to it is written, within `drain`. No handler runs after `done` ran.
  virtual void stop(milliseconds drain, std::move_only_function<void()> done) = 0;

  // Reports, dropped when the stream is not open: the hello of the next one carries what matters.
  virtual void grant(StreamId stream, std::uint32_t credits) = 0;
  virtual void offer(StreamId stream, std::vector<std::string> target_keys) = 0;
  virtual void report_started(StreamId stream, std::vector<RunRef> runs) = 0;
  virtual void renew(StreamId stream, std::vector<RunRenewal> runs) = 0;
  virtual void report_ends(StreamId stream, std::vector<RunEnd> ends) = 0;
  virtual void hand_back(StreamId stream, std::vector<RunRef> runs) = 0;
  virtual void ask_time(StreamId stream, SteadyTime asked_at) = 0;
};

}  // namespace meepo::ports
