#pragma once
// The system's tzdata by the date library's types. Not for other headers: it is big.

#include <date/tz.h>

#include <string_view>

#include "base/result.h"

namespace meepo::cron {

/// The zone that tzdata knows by this name, read from its file; it lives as long as the process. InvalidArgument (field "zone"): there is
/// none. Unavailable: its file cannot be read now, for example because the process has no file descriptor left.
Result<const date::time_zone*> locate_zone(std::string_view name);

}  // namespace meepo::cron
