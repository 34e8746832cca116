#include "schedule/cron/expression.h"

#include <algorithm>
#include <bit>

#include "schedule/cron/calendar.h"
#include "schedule/cron/parse.h"

namespace meepo::cron {
namespace {

constexpr unsigned kSaturday = 6;
constexpr std::uint32_t bit(unsigned at) { return std::uint32_t{1} << at; }

/// Bit n for each value n of the field.
std::uint64_t mask_of(const Items& items) {
  std::uint64_t mask = 0;
  for (const auto& item : items) {
    if (item.kind != Item::Kind::Any && item.kind != Item::Kind::Values) continue;
    for (std::int64_t value = item.low; value <= item.high; value += item.step) mask |= std::uint64_t{1} << value;
  }
  return mask;
}

bool is_fixed(const Items& items) { return std::ranges::none_of(items, &Item::is_interval); }

/// A month of one of the 28 kinds.
struct Month {
  unsigned length;
  unsigned first;  ///< weekday of its first day, 0: Sunday

  unsigned weekday(unsigned day) const { return (first + day - 1) % 7; }
  bool is_weekend(unsigned day) const { return weekday(day) == 0 || weekday(day) == kSaturday; }
  /// The days from the first of that weekday on, each week.
  unsigned first_of(unsigned weekday) const { return 1 + (weekday + 7 - first) % 7; }
};

/// The weekday nearest to `day` inside the month; none when the month has no such day, or its last day is a Sunday (as Spring).
std::uint32_t nearest_weekday(const Month& month, unsigned day) {
  if (day > month.length) return 0;
  if (month.weekday(day) == kSaturday) return bit(day == 1 ? 3 : day - 1);
  if (month.weekday(day) == 0) return day == month.length ? 0 : bit(day + 1);
  return bit(day);
}

std::uint32_t days_of_month(const Items& items, const Month& month) {
  std::uint32_t days = static_cast<std::uint32_t>(mask_of(items));
  for (const auto& item : items) {
    const auto low = static_cast<unsigned>(item.low);
    if (item.kind == Item::Kind::LastDay && low < month.length) days |= bit(month.length - low);
    if (item.kind == Item::Kind::NearestWeekday) days |= nearest_weekday(month, low);
    if (item.kind == Item::Kind::LastWeekday) {
      unsigned day = month.length;
      while (month.is_weekend(day)) --day;
      days |= bit(day);
    }
  }
  return days;
}

std::uint32_t days_of_week(const Items& items, const Month& month) {
  const auto weekdays = mask_of(items);
  std::uint32_t days = 0;
  for (unsigned day = 1; day <= month.length; ++day) {
    const unsigned weekday = month.weekday(day);
    if ((weekdays >> weekday & 1U) != 0 || (weekday == 0 && (weekdays >> 7U & 1U) != 0)) days |= bit(day);
  }
  for (const auto& item : items) {
    const unsigned first = month.first_of(static_cast<unsigned>(item.low) % 7);
    if (item.kind == Item::Kind::LastOfWeek) days |= bit(first + (month.length - first) / 7 * 7);
    if (item.kind == Item::Kind::NthOfWeek && item.high <= 5) {
      const unsigned day = first + (static_cast<unsigned>(item.high) - 1) * 7;
      if (day <= month.length) days |= bit(day);
    }
  }
  return days;
}

/// The same for a day whose day before does not exist in its zone: Spring computes L, W and # on the missing day, and the arithmetic of
/// java.time then moves what falls on it one day on. Not so the nearest weekday, unless it had come there from this day, a Saturday.
template <class DaysOf>
bool matches_beside(const Items& items, const Month& month, unsigned day, DaysOf&& days_of) {
  if ((days_of(items, month) & bit(day)) != 0) return true;
  Items moved;
  for (const auto& item : items) {
    const bool plain = item.kind == Item::Kind::Any || item.kind == Item::Kind::Values;
    if (!plain && (item.kind != Item::Kind::NearestWeekday || item.low == static_cast<int>(day))) moved.push_back(item);
  }
  return (days_of(moved, month) & bit(day - 1)) != 0;
}

}  // namespace

bool Expression::takes_over_lost_day(std::int64_t day) const {
  const auto date = date_of(day);
  if (date.day == 1 || (months_ >> date.month & 1U) == 0) return false;
  const auto fields = parse_fields(text_);  // a zone loses a day at most once or twice in its history
  if (!fields) return false;
  const Month month{month_length(date.year, date.month), weekday_of(day - static_cast<int>(date.day) + 1)};
  return matches_beside((*fields)[static_cast<std::size_t>(Field::DayOfMonth)], month, date.day, days_of_month) &&
         matches_beside((*fields)[static_cast<std::size_t>(Field::DayOfWeek)], month, date.day, days_of_week);
}

Result<Expression> Expression::parse(std::string_view text) {
  const auto fields = parse_fields(text);
  if (!fields) return std::unexpected(fields.error());
  const auto items = [&](Field field) -> const Items& { return (*fields)[static_cast<std::size_t>(field)]; };
  Expression made;
  made.text_ = std::string(trim(text));
  made.seconds_ = mask_of(items(Field::Second));
  made.minutes_ = mask_of(items(Field::Minute));
  made.hours_ = static_cast<std::uint32_t>(mask_of(items(Field::Hour)));
  made.months_ = static_cast<std::uint32_t>(mask_of(items(Field::Month)));
  made.first_time_ = std::countr_zero(made.hours_) * 3600 + std::countr_zero(made.minutes_) * 60 + std::countr_zero(made.seconds_);
  made.fixed_ = is_fixed(items(Field::Second)) && is_fixed(items(Field::Minute)) && is_fixed(items(Field::Hour));
  for (unsigned length = 28; length <= 31; ++length) {
    for (unsigned first = 0; first < 7; ++first) {
      const Month month{length, first};
      const auto inside = static_cast<std::uint32_t>((std::uint64_t{1} << (length + 1)) - 2);
      made.days_[length - 28][first] =
          days_of_month(items(Field::DayOfMonth), month) & days_of_week(items(Field::DayOfWeek), month) & inside;
    }
  }
  // Each month begins on each weekday within 400 years, and so does a February of 29 days.
  for (unsigned month = 1; month <= 12; ++month) {
    if ((made.months_ >> month & 1U) == 0) continue;
    for (const std::uint32_t year : {2023U, 2024U}) {
      made.possible_ |= std::ranges::any_of(made.days_[month_length(year, month) - 28], [](std::uint32_t days) { return days != 0; });
    }
  }
  return made;
}

}  // namespace meepo::cron
