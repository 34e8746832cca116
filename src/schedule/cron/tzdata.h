#pragma once
// The system's tzdata by the date library's types. Not for other headers: it is big.

#include <date/tz.h>

#include <string_view>

namespace meepo::cron {

/// The zone that tzdata knows by this name; nullptr if there is none. It lives as long as the process.
const date::time_zone* locate_zone(std::string_view name);

}  // namespace meepo::cron
