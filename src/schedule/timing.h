#pragma once
// TIMING: a local time of a zone, "yyyyMMddHHmmss". Pure.

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "schedule/cron/zone.h"

namespace meepo::schedule {

/// Seconds since 1970 of a local clock. InvalidArgument (field "define"): not 14 digits, or no such date or time of day; years 1970 to
/// 9999.
Result<std::int64_t> parse_timing(std::string_view define);

/// The instant at which the zone's clock first shows this local time; if a clock change jumps over it, the first instant after the jump.
SysTime first_instant(std::int64_t local_seconds, const cron::Zone& zone);

}  // namespace meepo::schedule
