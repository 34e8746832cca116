#pragma once
// What both languages of describe() say about an expression, before it is put into words.

#include <string>
#include <string_view>
#include <vector>

#include "schedule/cron/parse.h"

namespace meepo::cron {

/// The plain values of one field.
struct Part {
  struct Run {
    int low;
    int high;  ///< the same as low, or at least two more
  };
  enum class Kind {
    All,
    Step,  ///< every `step`-th value from `low` to `high`: three or more, or the whole field
    Runs,  ///< in ascending order; none when the field has only special elements
  };
  Kind kind = Kind::All;
  int low = 0;
  int high = 0;
  int step = 1;
  bool whole = false;  ///< of a step: it goes round the field evenly, as in every 15 minutes
  bool to_end = false; ///< of a step: to the field's end
  std::vector<Run> runs;

  bool is(int value) const { return kind == Kind::Runs && runs.size() == 1 && runs[0].low == value && runs[0].high == value; }
  bool has_ranges() const;
  /// Goes on evenly, so that its field needs no mention of the next coarser one.
  bool repeats() const { return kind == Kind::All || (kind == Kind::Step && whole); }
  /// Every value, of Runs only.
  std::vector<int> values() const;
};

struct Outline {
  Part second;
  Part minute;
  Part hour;
  Part day;
  Part month;
  Part weekday;  ///< values 1–7
  Items special_days;
  Items special_weekdays;
  std::vector<std::string> times;  ///< "09:30" or "09:30:15", when the times of a day are few and fixed; else empty
  bool any_day = false;
  bool any_weekday = false;
  bool possible = true;  ///< there is such a day
};

Outline outline_of(const Fields& fields, bool possible);

/// "a", "a and b", "a, b and c", with the words of a language.
std::string join(const std::vector<std::string>& parts, std::string_view comma, std::string_view last);

std::string describe_english(const Outline& outline);
std::string describe_chinese(const Outline& outline);

}  // namespace meepo::cron
