#pragma once
// What became of one tick, the states it goes through (design §4) and the one table that says which way is open.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "task/payload.h"

namespace meepo {

enum class State : std::uint8_t { Due = 1, Waiting = 2, Claimed = 3, Sent = 4, Running = 5, Ended = 6 };
inline constexpr std::array kStates = {State::Due, State::Waiting, State::Claimed, State::Sent, State::Running, State::Ended};
std::string_view to_string(State state);  ///< "DUE", "WAITING", …

enum class WaitReason : std::uint8_t { None = 0, NoExecutor = 1, Overlap = 2, Paused = 3, Backlog = 4 };
std::string_view to_string(WaitReason reason);  ///< "", "no executor", "overlap", "paused", "backlog"

/// How a firing (or one attempt) that began has ended.
enum class Outcome : std::uint8_t { None = 0, Success = 1, Fail = 2, Timeout = 3, Quarantined = 4, Unknown = 5, Stopped = 6 };
std::string_view to_string(Outcome outcome);  ///< "", "SUCCESS", …

enum class SkipReason : std::uint8_t { None = 0, Misfire = 1, Overlap = 2, Paused = 3, RunOnce = 4, MaxCount = 5, Ended = 6 };
std::string_view to_string(SkipReason reason);  ///< "", "misfire", "run_once", …

enum class Fate : std::uint8_t { Open = 0, Fired = 1, Skipped = 2, Cancelled = 3 };
std::string_view to_string(Fate fate);  ///< "OPEN", "FIRED", …

/// What moves a firing: the store's verbs, with what they decide.
enum class Move : std::uint8_t { Claim, Park, Unpark, Mark, Begin, Renew, End, Retry, Cancel, Skip, ReapToDue, ReapToClaimed, ReapToEnd };
inline constexpr std::array kMoves = {Move::Claim,     Move::Park,          Move::Unpark,   Move::Mark,   Move::Begin,
                                      Move::Renew,     Move::End,           Move::Retry,    Move::Cancel, Move::Skip,
                                      Move::ReapToDue, Move::ReapToClaimed, Move::ReapToEnd};
std::string_view to_string(Move move);

/// The transition table of design §4: the state that `move` leads to, or nothing where the move is refused. Total and constexpr.
constexpr std::optional<State> after(State from, Move move) {
  switch (move) {
    case Move::Claim: return from == State::Due ? std::optional(State::Claimed) : std::nullopt;
    case Move::Park: return from == State::Due ? std::optional(State::Waiting) : std::nullopt;
    case Move::Unpark: return from == State::Waiting ? std::optional(State::Due) : std::nullopt;
    case Move::Mark: return from == State::Claimed ? std::optional(State::Sent) : std::nullopt;
    case Move::Begin: return from == State::Claimed || from == State::Sent ? std::optional(State::Running) : std::nullopt;
    case Move::Renew: return from == State::Running ? std::optional(State::Running) : std::nullopt;
    case Move::End: return from == State::Running ? std::optional(State::Ended) : std::nullopt;
    case Move::Retry: return from == State::Running ? std::optional(State::Due) : std::nullopt;
    case Move::Cancel:
      return from == State::Due || from == State::Waiting || from == State::Claimed || from == State::Sent ? std::optional(State::Ended)
                                                                                                           : std::nullopt;
    case Move::Skip: return from == State::Due || from == State::Waiting ? std::optional(State::Ended) : std::nullopt;
    case Move::ReapToDue: return from == State::Claimed || from == State::Running ? std::optional(State::Due) : std::nullopt;
    case Move::ReapToClaimed: return from == State::Sent ? std::optional(State::Claimed) : std::nullopt;
    case Move::ReapToEnd: return from == State::Running ? std::optional(State::Ended) : std::nullopt;
  }
  return std::nullopt;
}

/// One firing as the store keeps it; once ended it is the ledger row.
struct Firing {
  FiringId id;
  State state = State::Due;
  SysTime due;                          ///< the tick's instant; never changes
  SysTime score;                        ///< what the state's set is ordered by: due or retry instant, lease, deadline, end
  WaitReason wait_reason = WaitReason::None;
  Fate fate = Fate::Open;
  Outcome outcome = Outcome::None;      ///< of the last attempt that ended; final once the state is Ended
  SkipReason skip_reason = SkipReason::None;

  std::uint32_t attempt = 0;            ///< the attempt that runs or ran last; 0: none began
  std::uint32_t failures = 0;           ///< attempts that ended FAIL or TIMEOUT: what the retry policy counts
  std::uint32_t crashes = 0;            ///< executor crashes counted against it; kPoisonCrashesMax: quarantined
  bool suspect = false;                 ///< was running, started, when an executor crashed: sent one at a time per executor
  bool started = false;                 ///< the executor reported that the current attempt's handler started
  RunToken run_token;                   ///< of the current or last attempt
  std::string executor;                 ///< which executor instance has or had it

  std::optional<SysTime> waiting_since; ///< WAITING only: when it was parked
  std::optional<SysTime> begun_at;      ///< of the last attempt
  std::optional<SysTime> ended_at;
  std::optional<SysTime> cancel_asked_at;
  std::optional<SysTime> cancel_acknowledged_at;
  std::optional<Payload> params;        ///< replaces the target's params (a run by hand with other arguments)
  std::optional<Payload> result;        ///< of the accepted end, or put by save_result
  std::string error;                    ///< of the last failed attempt, quarantine evidence; ≤ kErrorBytesKept
  std::optional<TaskId> chained;        ///< the task that its success created
  friend bool operator==(const Firing&, const Firing&) = default;
};

/// One attempt's own record: kept where there is more to say than the firing row does (a failure, log lines, progress).
struct Attempt {
  std::uint32_t number = 0;
  std::string executor;
  std::optional<SysTime> begun_at;
  std::optional<SysTime> ended_at;
  Outcome outcome = Outcome::None;      ///< None while it runs, or when its lease ended without an end
  std::string error;
  std::string progress;                 ///< the last one reported; ≤ kProgressBytesKept
  std::string log;                      ///< lines joined by '\n'; ≤ kLogBytesKept, then a mark
  std::string unknown_fields{};         ///< record fields that a newer Meepo wrote; kept as they are
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

}  // namespace meepo
