#pragma once
// Cron expressions with the meaning of Spring's CronExpression (5.3 and later): six fields, second first; README.md has the grammar.
// A value: parsed once, then only read, from any thread. No clock, no allocation in next().

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "schedule/cron/zone.h"

namespace meepo::cron {

/// Longer expressions are refused. All six fields written out value by value take 560 characters.
inline constexpr std::size_t kExpressionCharsMax = 1024;

/// What happens to local times that a clock change removes (a gap) or repeats (a fold).
enum class Dst {
  Spring,  ///< fires at every instant whose local time matches: nothing in a gap, twice in a fold
  Once,    ///< a time in a gap fires at the first instant after it; a fixed time fires once in a fold, the first time; intervals go on
};

/// Which rule of a clock change had a part in an occurrence: for previews.
enum class Shift {
  None,
  AfterGap,       ///< earlier matching local times were skipped, because the clock jumped over them
  FromGap,        ///< its local time does not exist: moved to the first instant after the gap
  SecondOfTwo,    ///< its local time occurs twice; this is the second
  AfterRepeated,  ///< the second occurrence of an earlier local time was left out
};

struct Occurrence {
  SysTime time;  ///< a whole second
  Shift shift = Shift::None;

  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

enum class Language { English, Chinese };

class Expression {
 public:
  /// InvalidArgument (field "define"): the message names the field, the character and what was expected; for what other crons would
  /// accept (Quartz, Unix crontab) it says how Spring differs.
  static Result<Expression> parse(std::string_view text);

  /// The first occurrence strictly after `after`, at a whole second. Nothing: there is none before the year 10000, or within 400 years
  /// (then the calendar has repeated itself).
  std::optional<SysTime> next(SysTime after, const Zone& zone, Dst dst) const;

  /// As next(), and the rule that moved or skipped a time.
  std::optional<Occurrence> next_occurrence(SysTime after, const Zone& zone, Dst dst) const;

  /// How many occurrences t there are with after < t ≤ until; as many as next() would find one by one. Costs some 20 ns a day, but near
  /// clock changes some 30 ns an occurrence.
  std::uint64_t count(SysTime after, SysTime until, const Zone& zone, Dst dst) const;

  /// The last occurrence t with after < t ≤ until; nothing if there is none. Costs some 50 next().
  std::optional<SysTime> last(SysTime after, SysTime until, const Zone& zone, Dst dst) const;

  /// A sentence for people: "At 09:00, Monday to Friday" / "周一至周五 09:00". Allocates; not for hot paths.
  std::string describe(Language language) const;

  /// As it was given, without outer blanks.
  const std::string& text() const { return text_; }

 private:
  Expression() = default;
  std::optional<std::int64_t> next_local(std::int64_t local) const;
  std::optional<std::int64_t> next_after_lost_day(const Zone::Segment& segment, std::int64_t local) const;
  bool takes_over_lost_day(std::int64_t day) const;
  std::optional<std::int64_t> later_month(std::uint32_t year, unsigned month) const;
  std::optional<std::int32_t> time_of_day(std::int32_t second_of_day) const;
  std::int64_t times_before(std::int32_t second_of_day) const;
  bool matches_day(std::int64_t day) const;
  std::uint64_t count_local(std::int64_t first, std::int64_t last) const;
  std::uint32_t days_of(std::uint32_t year, unsigned month, unsigned weekday_of_first) const;

  std::uint64_t seconds_ = 0;      ///< bit n: second n matches
  std::uint64_t minutes_ = 0;
  std::uint32_t hours_ = 0;
  std::uint32_t months_ = 0;       ///< bits 1–12
  std::int32_t first_time_ = 0;    ///< of a matching day, in seconds
  bool possible_ = false;          ///< some day of the calendar matches
  bool fixed_ = false;             ///< no `*`, range or step in second, minute and hour
  /// Bits 1–31, by length of the month (28–31) and weekday of its first (0: Sunday): L, W, # and both day fields are worked out in
  /// parse().
  std::array<std::array<std::uint32_t, 7>, 4> days_{};
  std::string text_;
};

}  // namespace meepo::cron
