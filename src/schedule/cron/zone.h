#pragma once
// A time zone as a table of its clock changes, made once from the system's tzdata: looked up in nanoseconds, from any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace meepo::cron {

class Zone {
 public:
  /// InvalidArgument (field "zone") unless tzdata knows `name`; Unavailable: its file cannot be read. Takes some 0.1 ms and 20 KB: keep it (see Zones).
  static Result<Zone> find(std::string_view name);
  static const Zone& utc();

  /// A stretch of time with one offset from UTC; seconds since 1970.
  struct Segment {
    std::int64_t begin;  ///< inclusive
    std::int64_t end;  ///< exclusive
    std::int32_t offset;  ///< local time − UTC
    std::int32_t offset_before;  ///< of the segment before; the same in the first one
  };
  /// The segment that holds `seconds`.
  Segment segment(std::int64_t seconds) const;

  /// Where the last segment begins before which a whole local day or more was left out; before all time for most zones.
  std::int64_t last_lost_day() const { return last_lost_day_; }

  const std::string& name() const { return name_; }
  std::chrono::seconds offset(SysTime time) const;
  /// "2026-11-26T09:00:00.000+08:00"
  std::string to_iso(SysTime time) const;

 private:
  struct Change {
    std::int64_t begin;
    std::int32_t offset;
  };

  explicit Zone(std::string name);
  void add(Change change);
  Result<void> add_rule();
  void index();

  std::string name_;
  std::vector<Change> changes_;  ///< ordered; the first begins with time itself
  std::vector<std::uint16_t> buckets_;  ///< the change that holds the first second of each bucket
  std::int64_t buckets_begin_ = 0;
  std::int64_t last_lost_day_;
  std::int64_t cycle_end_;  ///< from here on the 400 years before repeat; the end of time without a rule
};

/// The zones that its owner has asked for: each is made once. For one thread; the zones may be read by all as long as it lives.
class Zones {
 public:
  /// As Zone::find. At most as many as tzdata has names (some 600) are kept.
  Result<const Zone*> find(std::string_view name);

 private:
  std::map<std::string, Zone, std::less<>> zones_;
};

}  // namespace meepo::cron
