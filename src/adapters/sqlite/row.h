#pragma once
// One row of table `firing` in memory: a firing, the task it belongs to (facts, without the record), or both in one (REAL).
// Pure: what the columns mean and how small values are packed.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "ports/store_requests.h"
#include "task/firing.h"
#include "task/status.h"
#include "task/task.h"

namespace meepo::adapters::sqlite {

// ---- keys ---------------------------------------------------------------------------------------------------------------------

/// A task id in 12 bytes that sort as the id does: its 95 bits, high bits first, then one zero bit.
using PackedId = std::array<char, 12>;
PackedId pack(const TaskId& id);
Result<TaskId> unpack(std::string_view bytes);
inline std::string_view view(const PackedId& id) { return {id.data(), id.size()}; }

inline constexpr std::int64_t kBuckets = 1 << 14;
inline constexpr int kTaskEnded = 7;  ///< beside the states: the row's task has ended

/// The first and last `place` of a shard's set. `state`: a State's number or kTaskEnded.
constexpr std::int64_t place_first(Shard shard, int state) { return (std::int64_t{shard} * 8 + state) * kBuckets; }
constexpr std::int64_t place_last(Shard shard, int state) { return place_first(shard, state) + kBuckets - 1; }
constexpr std::int64_t place_waiting(Shard shard, std::int64_t target) {
  return place_first(shard, static_cast<int>(State::Waiting)) + 1 + (target % (kBuckets - 1));
}

// ---- the task's part ----------------------------------------------------------------------------------------------------------

struct Facts {
  Kind kind = Kind::Real;
  bool run_once = false;
  bool cancelled = false;
  bool paused = false;
  bool succeeded = false;              ///< a SUCCESS was accepted
  bool record_apart = false;           ///< its record is in table `record`
  bool unique_key = false;
  bool ranges = false;                 ///< it has rows in tick_range
  bool attempts = false;               ///< it has rows in attempt
  bool records = false;                ///< it has rows in record
  std::uint32_t version = 1;
  std::uint32_t armed = 0;             ///< StatusFacts
  std::uint32_t running = 0;           ///< StatusFacts
  Outcome last_outcome = Outcome::None;
  std::uint64_t fired = 0;             ///< firings that ended FIRED
  std::uint64_t sequence = 0;          ///< of the last ledger row
  std::uint64_t by_hand = 0;           ///< of the last run by hand
  std::optional<SysTime> ended_at;
  std::string latest;                  ///< tick of the firing that began last; empty: none
  std::string planned;                 ///< the last planned tick that was armed or skipped; empty for REAL
  Overlap overlap = Overlap::Allow;    ///< overlap_of() of the spec
  std::uint32_t max_count = 0;         ///< 0: no limit
  std::uint64_t begun = 0;             ///< planned ticks that began, of a task with max_count

  StatusFacts status_facts() const { return {.cancelled = cancelled, .armed = armed, .running = running, .last_outcome = last_outcome}; }
  Status status() const { return derive_status(status_facts()); }
  bool ended() const { return is_ended(status_facts()); }
  /// Nothing planned begins any more, not even a retry.
  bool takes_no_more() const { return cancelled || (run_once && succeeded); }
  /// As many planned ticks have begun as may, or will have with `more`.
  bool has_all(std::uint64_t more = 0) const { return max_count > 0 && begun + more >= max_count; }
  /// Its planned ticks wait for one another.
  bool buffers() const { return overlap == Overlap::BufferOne || overlap == Overlap::BufferAll || overlap == Overlap::CancelOther; }
  /// Takes over what the store itself needs of a spec.
  void follow(const TaskSpec& spec);
  friend bool operator==(const Facts&, const Facts&) = default;
};

std::string encode_facts(const Facts& facts);
Result<Facts> decode_facts(std::string_view bytes);

// ---- the row ------------------------------------------------------------------------------------------------------------------

struct Row {
  TaskId task;
  std::string tick;                    ///< as stored: "" for the row that is only the task's
  bool has_firing = false;
  bool has_task = false;

  Firing firing;                       ///< without `executor`'s text
  std::int64_t target = 0;             ///< name ids; 0: none
  std::int64_t executor = 0;
  std::int32_t priority = 5;
  OnLost on_lost = OnLost::Rerun;
  bool end_accepted = false;           ///< the last attempt ended by an accepted end
  bool next_armed = false;             ///< its claim has armed the tick after it
  std::uint64_t sequence = 0;
  std::uint32_t pinned_version = 0;    ///< the task's version it ends on; 0: the current one

  Facts facts;
  std::string new_record;              ///< to be written; empty: the stored one stays

  bool fresh = false;                  ///< not stored yet
  bool dirty = false;
  bool removed = false;
  std::optional<State> stored_state;   ///< as counted in the shard's counts
  std::optional<Status> stored_status;

  bool planned() const { return !firing.id.tick.is_by_hand() && tick.find('+') == std::string::npos; }
  bool open() const { return has_firing && firing.state != State::Ended; }
  /// A task's firing that is open counts as armed until an attempt began.
  bool never_began() const { return firing.attempt == 0; }
  friend bool operator==(const Row&, const Row&) = default;
  std::optional<std::int64_t> place() const;
  std::int64_t score() const;          ///< with place() only
};

/// The small fields of a row in one integer, and back.
std::int64_t encode_flags(const Row& row);
Result<void> decode_flags(std::int64_t flags, Row& row);

/// The rare fields of a row: empty when there are none.
std::string encode_more(const Row& row);
Result<void> decode_more(std::string_view bytes, Row& row);

std::string encode_token(const RunToken& token);
Result<RunToken> decode_token(std::string_view bytes);

// ---- counts of a shard --------------------------------------------------------------------------------------------------------

inline constexpr std::array kStatuses = {Status::Create,  Status::Schedule, Status::Running, Status::Done,
                                         Status::Success, Status::Cancel,   Status::Fail};
constexpr std::size_t index_of(Status status) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (kStatuses.at(i) == status) return i;
  }
  return 0;
}
constexpr std::size_t index_of(State state) { return static_cast<std::size_t>(state) - 1; }

struct Counts {
  std::array<std::uint64_t, kStatuses.size()> tasks{};
  std::array<std::uint64_t, kStates.size()> firings{};
};

std::string encode_counts(const Counts& counts);
Result<Counts> decode_counts(std::string_view bytes);

}  // namespace meepo::adapters::sqlite
