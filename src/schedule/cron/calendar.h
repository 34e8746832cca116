#pragma once
// The Gregorian calendar in whole numbers, without branches where it is hot: days and seconds since 1970-01-01.

#include <cstdint>

namespace meepo::cron {

inline constexpr std::int64_t kDaySeconds = 86'400;
inline constexpr int kCycleYears = 400;  ///< dates and weekdays repeat after this
inline constexpr std::int64_t kCycleSeconds = 146'097 * kDaySeconds;

inline constexpr std::int64_t kEpochDays = 719'468;  ///< from 0000-03-01 to 1970-01-01

struct Date {
  std::uint32_t year;
  unsigned month;  ///< 1–12
  unsigned day;    ///< 1–31
};

/// From 0000-03-01 on. Years are counted from March, so that the leap day is the last of its year.
constexpr Date date_of(std::int64_t days) {
  const auto since = static_cast<std::uint32_t>(days + kEpochDays);
  const std::uint32_t cycle = since / 146'097;
  const std::uint32_t day_of_cycle = since % 146'097;
  const std::uint32_t year_of_cycle = (day_of_cycle - day_of_cycle / 1'460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
  const std::uint32_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const std::uint32_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_cycle + cycle * 400 + (month <= 2 ? 1U : 0U), month, day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

constexpr std::int64_t days_of(const Date& date) {
  const std::uint32_t year = date.year - (date.month <= 2 ? 1U : 0U);
  const std::uint32_t cycle = year / 400;
  const std::uint32_t year_of_cycle = year % 400;
  const std::uint32_t day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const std::uint32_t day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
  return std::int64_t{cycle} * 146'097 + day_of_cycle - kEpochDays;
}

constexpr bool is_leap(std::uint32_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/// 28–31.
constexpr unsigned month_length(std::uint32_t year, unsigned month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return 30 + ((month + (month >> 3U)) & 1U);
}

/// 0: Sunday … 6: Saturday; from 0000-03-01 on.
constexpr unsigned weekday_of(std::int64_t days) { return (static_cast<std::uint32_t>(days + kEpochDays) + 3) % 7; }

constexpr int year_of(std::int64_t seconds) { return static_cast<int>(date_of(seconds / kDaySeconds).year); }
constexpr std::int64_t seconds_of_year(int year) { return days_of({static_cast<std::uint32_t>(year), 1, 1}) * kDaySeconds; }

static_assert(days_of({1970, 1, 1}) == 0 && days_of({2000, 2, 29}) == 11'016);
static_assert(weekday_of(0) == 4);                               // a Thursday
static_assert(weekday_of(days_of({2026, 11, 26})) == 4);
static_assert(month_length(2026, 7) == 31 && month_length(2026, 8) == 31 && month_length(2026, 9) == 30);

}  // namespace meepo::cron
