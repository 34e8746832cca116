#pragma once
// A slow second opinion on cron: looks at every second of local time, with its own reading of expressions and the date library's zones.

#include <date/tz.h>

#include <array>
#include <optional>
#include <string>

namespace meepo::cron::test {

class Reference {
 public:
  /// `expression` is valid and has six fields.
  explicit Reference(const std::string& expression);

  /// The first occurrence after `after` and not after `end`.
  std::optional<date::sys_seconds> next(date::sys_seconds after, date::sys_seconds end, const date::time_zone& zone, bool once) const;

 private:
  bool matches(date::local_seconds time, bool day_before_is_lost) const;

  std::array<std::string, 6> fields_;
  std::array<bool, 60> second_{};
  std::array<bool, 60> minute_{};
  std::array<bool, 24> hour_{};
  bool interval_ = false;
};

}  // namespace meepo::cron::test
