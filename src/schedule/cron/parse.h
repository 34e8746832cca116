#pragma once
// The grammar of cron expressions: text to fields. What the fields mean for the calendar is worked out in expression.cc.

#include <array>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meepo::cron {

/// The fields, in the order in which they are written.
enum class Field { Second, Minute, Hour, DayOfMonth, Month, DayOfWeek };
inline constexpr std::size_t kFields = 6;

struct FieldRange {
  std::string_view name;
  int low;
  int high;  ///< of `*` and of an open step; a weekday may be 7 or 0 for Sunday
};
const FieldRange& range_of(Field field);

/// One element of a field's comma-separated list.
struct Item {
  enum class Kind {
    Any,             ///< `*` or `?`; with a step every `step`-th value
    Values,          ///< `low` to `high` by `step`
    LastDay,         ///< `L`, `L-n`: `low` days before the last day of the month
    LastWeekday,     ///< `LW`
    NearestWeekday,  ///< `nW`: the weekday nearest to day `low`
    LastOfWeek,      ///< `dL`: the last weekday `low` (1–7) of the month
    NthOfWeek,       ///< `d#n`: the `high`-th weekday `low` (1–7) of the month
  };
  Kind kind = Kind::Any;
  int low = 0;   ///< of weekdays 0–7
  int high = 0;
  int step = 1;
  bool open = false;  ///< written `a/n`: to the field's highest value

  /// `*`, a range or a step: what repeats during the day rather than at fixed times.
  bool is_interval() const { return kind == Kind::Any || open || low != high; }
};

using Items = std::vector<Item>;
using Fields = std::array<Items, kFields>;

/// Macros are resolved. InvalidArgument as promised by Expression::parse.
Result<Fields> parse_fields(std::string_view text);

/// Without outer characters up to and including the blank, as Java's trim().
std::string_view trim(std::string_view text);

}  // namespace meepo::cron
