#pragma once
// A task's status: the original's codes, derived from its firings, never stored as a truth of its own (design §2).

#include <cstdint>
#include <optional>
#include <string_view>

#include "task/firing.h"

namespace meepo {

enum class Status : std::uint8_t { Create = 10, Schedule = 20, Running = 30, Done = 40, Success = 41, Cancel = 50, Fail = 51 };
std::string_view to_string(Status status);  ///< "CREATE", "SCHEDULE", …
std::optional<Status> parse_status(std::string_view text);

/// What the status depends on.
struct StatusFacts {
  bool cancelled = false;
  std::uint32_t armed = 0;                ///< firings DUE, WAITING, CLAIMED or SENT that never began
  std::uint32_t running = 0;              ///< firings RUNNING, or DUE again for a retry or re-run (attempt ≥ 1)
  Outcome last_outcome = Outcome::None;   ///< of the firing that ended last
  friend bool operator==(const StatusFacts&, const StatusFacts&) = default;
};

/// running → RUNNING; armed → SUCCESS / FAIL by the last end, SCHEDULE if none; nothing open → CANCEL, DONE or FAIL;
/// nothing open and nothing ended → CREATE.
Status derive_status(const StatusFacts& facts);

/// DONE, CANCEL, or FAIL with nothing open.
constexpr bool is_ended(const StatusFacts& facts) { return facts.armed == 0 && facts.running == 0; }

}  // namespace meepo
