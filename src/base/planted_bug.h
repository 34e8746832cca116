#pragma once
// Bugs that the test build can switch on, one at a time: a simulation that does not find them proves nothing. docs/testing.md says
// which seed found which. In other builds planted() is always false and costs nothing. The switch is set before threads start.

#include <cstdint>

namespace meepo {

enum class PlantedBug : std::uint8_t {
  None,
  TickNamedByNow,        ///< a firing id that depends on when it was armed
  NextTickFromNow,       ///< the next tick is computed from the clock, not from the tick before
  NextTickArmedLater,    ///< ... and armed in an operation of its own after the claim
  ZoneIgnored,           ///< cron expressions are read in UTC
  NoLeaseReaper,         ///< runs whose lease has ended are left
  NoFenceCheck,          ///< the store lets an old owner write
  BeginIgnoresCancel,    ///< cancel leaves what is DUE
  EndIgnoresToken,       ///< any token ends a run
  RequestIdIgnored,      ///< a repeated create creates again
  NoQuarantine,          ///< a task that kills its executor goes on for ever
  UnboundedQueue,        ///< more runs are sent to an executor than it has granted credits for
  UncappedSleep,         ///< the delay between repeats of a request grows without end
};

#ifdef MEEPO_PLANTED_BUGS
inline PlantedBug planted_bug = PlantedBug::None;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): the switch
inline bool planted(PlantedBug bug) { return planted_bug == bug; }
#else
constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace meepo
