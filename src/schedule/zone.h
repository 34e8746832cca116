#pragma once
// Time zones by their IANA names, on the system's tzdata (Howard Hinnant's date library). Pure but for reading tzdata on first use.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace meepo::schedule {

/// InvalidArgument (field "zone") unless tzdata knows `zone`; Unavailable: its file cannot be read now.
Result<void> check_zone(std::string_view zone);

/// The zone of this machine (TZ, else /etc/localtime), "UTC" if it has none. For start-up.
std::string system_zone();

/// "2026-11-26T09:00:00.000+08:00". A zone that is unknown, or cannot be read now, is written in UTC. Any thread.
std::string to_iso_in_zone(SysTime time, std::string_view zone);

}  // namespace meepo::schedule
