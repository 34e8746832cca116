// next(): first in local time, where an expression is only bit masks, then through the zone's clock changes.

#include <bit>

#include "schedule/cron/calendar.h"
#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

constexpr std::int64_t kFirstSecond = days_of({1, 1, 1}) * kDaySeconds;
constexpr std::int64_t kEndSecond = days_of({10'000, 1, 1}) * kDaySeconds;
/// More than two offsets of one zone ever differ (31 hours, where the date line moved).
constexpr std::int64_t kOffsetSpan = 36 * 3600;

constexpr std::int64_t kToPositive = kEpochDays * kDaySeconds;  // so that dividing rounds down

/// Bits above `at`, which is at most 63.
constexpr std::uint64_t above(std::uint64_t bits, unsigned at) { return bits & (~std::uint64_t{1} << at); }

}  // namespace

std::uint32_t Expression::days_of(std::uint32_t year, unsigned month, unsigned weekday_of_first) const {
  return days_[month_length(year, month) - 28][weekday_of_first];
}

/// The first matching time of day at or after that second.
std::optional<std::int32_t> Expression::time_of_day(std::int32_t second_of_day) const {
  auto hour = static_cast<unsigned>(second_of_day) / 3600;
  auto minute = static_cast<unsigned>(second_of_day) / 60 % 60;
  auto second = static_cast<unsigned>(second_of_day) % 60;
  const auto answer = [](unsigned h, int m, int s) { return static_cast<std::int32_t>(h * 3600) + m * 60 + s; };
  if ((hours_ >> hour & 1U) != 0) {
    if ((minutes_ >> minute & 1U) != 0) {
      if (const auto seconds = seconds_ >> second << second; seconds != 0) {
        return answer(hour, static_cast<int>(minute), std::countr_zero(seconds));
      }
    }
    if (const auto minutes = above(minutes_, minute); minutes != 0) {
      return answer(hour, std::countr_zero(minutes), std::countr_zero(seconds_));
    }
  }
  const auto hours = above(hours_, hour);
  if (hours == 0) return std::nullopt;
  return answer(static_cast<unsigned>(std::countr_zero(hours)), std::countr_zero(minutes_), std::countr_zero(seconds_));
}

/// The first matching second of a month after this one.
std::optional<std::int64_t> Expression::later_month(std::uint32_t year, unsigned month) const {
  const std::uint32_t last_year = year + kCycleYears;
  while (true) {
    auto months = static_cast<std::uint32_t>(above(months_, month));
    if (months == 0) {
      months = months_;
      if (++year > last_year) return std::nullopt;
    }
    month = static_cast<unsigned>(std::countr_zero(months));
    const auto first = cron::days_of({year, month, 1});
    const auto days = days_of(year, month, weekday_of(first));
    if (days != 0) return (first + std::countr_zero(days) - 1) * kDaySeconds + first_time_;
  }
}

/// The first matching second of local time at or after `local`, as if no clock ever changed.
std::optional<std::int64_t> Expression::next_local(std::int64_t local) const {
  const auto since = static_cast<std::uint64_t>(local + kToPositive);
  const auto day = static_cast<std::int64_t>(since / kDaySeconds) - kEpochDays;
  const auto date = date_of(day);
  if ((months_ >> date.month & 1U) != 0) {
    const auto days = days_of(date.year, date.month, (weekday_of(day) + 36 - date.day) % 7);
    if ((days >> date.day & 1U) != 0) {
      if (const auto time = time_of_day(static_cast<std::int32_t>(since % kDaySeconds))) return day * kDaySeconds + *time;
    }
    if (const auto later = above(days, date.day); later != 0) {
      return (day + std::countr_zero(later) - static_cast<int>(date.day)) * kDaySeconds + first_time_;
    }
  }
  return later_month(date.year, date.month);
}

/// As next_local, in a segment that begins after a day or more of local time was left out (Apia had no 30 December 2011).
std::optional<std::int64_t> Expression::next_after_lost_day(const Zone::Segment& segment, std::int64_t local) const {
  const auto day = (segment.begin + segment.offset + kToPositive) / kDaySeconds - kEpochDays;
  const auto day_begin = day * kDaySeconds;
  const bool day_before_is_lost = segment.begin + segment.offset_before <= day_begin - kDaySeconds;
  if (day_before_is_lost && local < day_begin + kDaySeconds && takes_over_lost_day(day)) {
    if (const auto time = time_of_day(static_cast<std::int32_t>(local - day_begin))) return day_begin + *time;
  }
  return next_local(local);
}

std::optional<Occurrence> Expression::next_occurrence(SysTime after, const Zone& zone, Dst dst) const {
  const auto after_second = std::max(std::chrono::floor<std::chrono::seconds>(after).time_since_epoch().count(), kFirstSecond);
  if (!possible_ || after_second >= kEndSecond) return std::nullopt;
  const bool leave_out = dst == Dst::Once && fixed_;  // what a fold repeats
  const std::int64_t limit = std::min(after_second + kCycleSeconds, kEndSecond);
  const auto answer = [](std::int64_t second, Shift shift) { return Occurrence{SysTime(std::chrono::seconds(second)), shift}; };

  const std::int64_t last_lost_day = dst == Dst::Spring ? zone.last_lost_day() : kFirstSecond;
  const auto search = [&](const Zone::Segment& in, std::int64_t local) {
    if (in.begin <= last_lost_day && in.offset - in.offset_before >= kDaySeconds) [[unlikely]]
      return next_after_lost_day(in, local);
    return next_local(local);
  };

  // Begins in the segment of `after`, not in that of the second after it: a clock change right there is then met like any other.
  auto segment = zone.segment(after_second);
  auto shift = Shift::None;
  auto found = search(segment, after_second + 1 + segment.offset);
  const auto repeated_end = segment.begin + segment.offset_before;
  if (leave_out && segment.offset < segment.offset_before && found && *found < repeated_end) {
    shift = Shift::AfterRepeated;
    found = next_local(repeated_end);
  }
  while (found && *found - segment.offset < limit) {
    if (*found - segment.offset < segment.end) {
      const bool second_of_two = segment.offset < segment.offset_before && *found < segment.begin + segment.offset_before;
      return answer(*found - segment.offset, second_of_two ? Shift::SecondOfTwo : shift);
    }
    // Local times before *found and after the start do not match, and from a day after the start on no clock goes back to before it.
    if (segment.end > std::max(after_second + kOffsetSpan, last_lost_day) && *found - kOffsetSpan > segment.end) {
      segment = zone.segment(*found - kOffsetSpan);
      continue;
    }
    const auto next = zone.segment(segment.end);
    const auto old_end = segment.end + segment.offset;
    const auto new_begin = segment.end + next.offset;
    if (new_begin > old_end && *found < new_begin) {  // in the gap
      found = search(next, new_begin);
      if (dst == Dst::Once) return answer(segment.end, found && *found == new_begin ? Shift::None : Shift::FromGap);
      shift = Shift::AfterGap;
    } else if (new_begin > old_end) {
      if (segment.end <= last_lost_day) found = search(next, new_begin);
    } else {  // a fold
      const auto repeated = next_local(new_begin);
      if (!leave_out) {
        found = repeated;
      } else if (repeated && *repeated < old_end) {
        shift = Shift::AfterRepeated;
      }
    }
    segment = next;
  }
  return std::nullopt;
}

std::optional<SysTime> Expression::next(SysTime after, const Zone& zone, Dst dst) const {
  const auto found = next_occurrence(after, zone, dst);
  if (!found) return std::nullopt;
  return found->time;
}

}  // namespace meepo::cron
