#pragma once
// The rule by which a zone's clock changes after the last listed change: the POSIX TZ string at the end of its tzdata file
// (RFC 8536 §3.3).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo::cron {

struct ZoneRule {
  /// "M3.2.0/2": the `week`-th (5: the last) `weekday` (0: Sunday) of `month`, at `seconds` of local time, which may leave the day.
  struct Moment {
    unsigned month;
    unsigned week;
    unsigned weekday;
    std::int32_t seconds;
  };
  struct Change {
    std::int64_t seconds;  ///< since 1970, UTC
    std::int32_t offset;  ///< from then on
  };

  std::int32_t standard_offset;
  std::int32_t summer_offset;
  Moment summer_begin;
  Moment summer_end;

  /// Both changes of a year, in order of time.
  std::array<Change, 2> changes(int year) const;
};

/// "EST5EDT,M3.2.0,M11.1.0". Nothing: no rule of that form, so the last offset stays for ever.
std::optional<ZoneRule> parse_zone_rule(std::string_view text);

/// The rule in the tzdata file of a zone that tzdata knows. Nothing: the zone has none, or there is no such file. Unavailable: it cannot be
/// opened.
Result<std::optional<ZoneRule>> read_zone_rule(const std::string& zone);

}  // namespace meepo::cron
