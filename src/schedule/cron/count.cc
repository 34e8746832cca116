// count() and last(): over long stretches without looking at every occurrence.

#include <algorithm>
#include <bit>

#include "schedule/cron/calendar.h"
#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

/// So far from a clock change every day is like every other.
constexpr std::int64_t kCalmAfter = 2 * kDaySeconds;

constexpr std::int64_t kToPositive = kEpochDays * kDaySeconds;  // so that dividing rounds down

std::int64_t day_of(std::int64_t local) { return (local + kToPositive) / kDaySeconds - kEpochDays; }

std::int64_t seconds_of(SysTime time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

SysTime time_of(std::int64_t seconds) { return SysTime(std::chrono::seconds(seconds)); }

/// Set bits below `at`, which is at most 63.
int below(std::uint64_t bits, std::int32_t at) { return std::popcount(bits & ((std::uint64_t{1} << static_cast<unsigned>(at)) - 1)); }

}  // namespace

/// Matching times of a day before that second, 0 to 86,400.
std::int64_t Expression::times_before(std::int32_t second_of_day) const {
  const std::int64_t seconds = std::popcount(seconds_);
  const std::int64_t minutes = std::popcount(minutes_);
  const std::int32_t hour = second_of_day / 3600;
  const std::int32_t minute = second_of_day / 60 % 60;
  std::int64_t times = below(hours_, hour) * minutes * seconds;
  if (hour > 23 || (hours_ >> static_cast<unsigned>(hour) & 1U) == 0) return times;
  times += below(minutes_, minute) * seconds;
  if ((minutes_ >> static_cast<unsigned>(minute) & 1U) == 0) return times;
  return times + below(seconds_, second_of_day % 60);
}

bool Expression::matches_day(std::int64_t day) const {
  const auto date = date_of(day);
  if ((months_ >> date.month & 1U) == 0) return false;
  return (days_of(date.year, date.month, (weekday_of(day) + 36 - date.day) % 7) >> date.day & 1U) != 0;
}

/// Matching local times from `first` to `last`, both included, as if no clock ever changed.
std::uint64_t Expression::count_local(std::int64_t first, std::int64_t last) const {
  std::int64_t times = 0;
  for (std::int64_t day = day_of(first); day <= day_of(last); ++day) {
    if (!matches_day(day)) continue;
    const std::int64_t begin = std::max<std::int64_t>(first - day * kDaySeconds, 0);
    const std::int64_t end = std::min<std::int64_t>(last + 1 - day * kDaySeconds, kDaySeconds);
    times += times_before(static_cast<std::int32_t>(end)) - times_before(static_cast<std::int32_t>(begin));
  }
  return static_cast<std::uint64_t>(times);
}

std::uint64_t Expression::count(SysTime after, SysTime until, const Zone& zone, Dst dst) const {
  std::uint64_t times = 0;
  const std::int64_t end = seconds_of(until);
  std::int64_t at = seconds_of(after);
  while (at < end && possible_) {
    const auto segment = zone.segment(at + 1);
    const std::int64_t calm_end = segment.end - kCalmAfter;
    if (at + 1 >= segment.begin + kCalmAfter && at + 1 < calm_end) {
      const std::int64_t stop = std::min(end, calm_end - 1);
      times += count_local(at + 1 + segment.offset, stop + segment.offset);
      at = stop;
      continue;
    }
    const auto found = next(time_of(at), zone, dst);
    if (!found || *found > until) return times;
    ++times;
    at = seconds_of(*found);
  }
  return times;
}

std::optional<SysTime> Expression::last(SysTime after, SysTime until, const Zone& zone, Dst dst) const {
  const std::int64_t begin = seconds_of(after);
  const auto at_most = [&](std::int64_t from) {
    const auto found = next(time_of(from), zone, dst);
    return found && *found <= until ? std::optional(seconds_of(*found)) : std::nullopt;
  };
  // Any occurrence first, looking back twice as far each time; then the last one between it and the end.
  std::int64_t end = seconds_of(until);
  std::optional<std::int64_t> found;
  for (std::int64_t back = 1; !found && end > begin; back *= 2) {
    const std::int64_t from = std::max(begin, end - back);
    found = at_most(from);
    if (!found) end = from;
  }
  if (!found) return std::nullopt;
  while (*found < end) {
    const std::int64_t middle = *found + (end - *found) / 2;
    if (const auto later = at_most(middle)) {
      found = later;
    } else {
      end = middle;
    }
  }
  return time_of(*found);
}

}  // namespace meepo::cron
