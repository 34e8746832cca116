#pragma once
// The two clocks of Meepo, never mixed: wall time in whole milliseconds (what users see and the store keeps) and
// monotonic time in nanoseconds (what waits are measured on).

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo {

using std::chrono::milliseconds;

using SysTime = std::chrono::sys_time<milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

constexpr SysTime from_unix_ms(std::int64_t ms) { return SysTime(milliseconds(ms)); }
constexpr std::int64_t to_unix_ms(SysTime time) { return time.time_since_epoch().count(); }

/// "2026-11-24T05:10:00.123Z": UTC, always with three digits of milliseconds. Times outside the years 0000–9999 are clamped.
std::string to_iso_utc(SysTime time);

/// Reads what to_iso_utc writes; also without the fraction or with more digits (cut to milliseconds), and with an offset ("+08:00")
/// in place of Z.
/// InvalidArgument: anything else; the message quotes the text.
Result<SysTime> parse_iso(std::string_view text);

}  // namespace meepo
