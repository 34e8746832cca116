#include <fmt/format.h>

#include <array>

#include "schedule/cron/describe_parts.h"

namespace meepo::cron {
namespace {

constexpr std::array<std::string_view, 13> kMonths = {"",     "January", "February",  "March",   "April",    "May",     "June",
                                                      "July", "August",  "September", "October", "November", "December"};
constexpr std::array<std::string_view, 8> kWeekdays = {"", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 6> kOrdinals = {"", "first", "second", "third", "fourth", "fifth"};

std::string list(const std::vector<std::string>& parts) { return join(parts, ", ", " and "); }

/// "2nd"
std::string ordinal(int number) {
  const int tens = number % 100 / 10;
  const int ones = tens == 1 ? 0 : number % 10;
  return fmt::format("{}{}", number, ones == 1 ? "st" : ones == 2 ? "nd" : ones == 3 ? "rd" : "th");
}

/// "1, 5 and 10 to 20"
template <class Name>
std::string runs(const Part& part, Name&& name) {
  std::vector<std::string> parts;
  for (const auto& run : part.runs)
    parts.push_back(run.low == run.high ? name(run.low) : fmt::format("{} to {}", name(run.low), name(run.high)));
  return list(parts);
}

std::string number(int value) { return fmt::to_string(value); }

/// "minute 5", "minutes 5 and 10 to 20"
std::string named_runs(const Part& part, std::string_view unit) {
  const bool one = part.runs.size() == 1 && !part.has_ranges();
  return fmt::format("{}{} {}", unit, one ? "" : "s", runs(part, number));
}

/// The field that leads the sentence: "every 5 minutes from minute 5 to 25", "at minutes 0 and 59".
std::string lead(const Part& part, std::string_view unit) {
  if (part.kind == Part::Kind::All) return fmt::format("every {}", unit);
  if (part.kind == Part::Kind::Runs) return fmt::format("{}{}", part.has_ranges() ? "in " : "at ", named_runs(part, unit));
  std::string text = fmt::format("every {} {}s", part.step, unit);
  if (!part.whole) text += fmt::format(" from {} {}", unit, part.low);
  if (!part.to_end) text += fmt::format(" to {}", part.high);
  return text;
}

/// A coarser field after it: "of every 2nd minute", "of minutes 5 to 10".
std::string within(const Part& part, std::string_view unit) {
  if (part.kind == Part::Kind::All) return fmt::format(" of every {}", unit);
  if (part.kind == Part::Kind::Runs) return " of " + named_runs(part, unit);
  std::string text = fmt::format(" of every {} {}", ordinal(part.step), unit);
  if (!part.whole) text += fmt::format(" from {} {}", unit, part.low);
  if (!part.to_end) text += fmt::format(" to {}", part.high);
  return text;
}

std::string clock(int hour) { return fmt::format("{:02}:00", hour); }

/// Whole hours: "every 2 hours from 08:00 to 18:00", "every hour from 09:00 to 12:00 and from 14:00 to 18:00".
std::string whole_hours(const Part& hour) {
  if (hour.kind == Part::Kind::All) return "every hour";
  if (hour.kind == Part::Kind::Step) {
    std::string text = fmt::format("every {} hours", hour.step);
    if (!hour.whole) text += fmt::format(" from {}", clock(hour.low));
    if (!hour.to_end) text += fmt::format(" to {}", clock(hour.high));
    return text;
  }
  std::vector<std::string> ranges;
  std::vector<std::string> singles;
  for (const auto& run : hour.runs) {
    if (run.low == run.high) {
      singles.push_back(clock(run.low));
    } else {
      ranges.push_back(fmt::format("from {} to {}", clock(run.low), clock(run.high)));
    }
  }
  if (ranges.empty()) return "at " + list(singles);
  return fmt::format("every hour {}{}{}", list(ranges), singles.empty() ? "" : " and at ", list(singles));
}

/// The hours of what happens within them: " from 08:00 to 10:59".
std::string during(const Part& hour, bool repeats) {
  if (hour.kind == Part::Kind::All) return repeats ? "" : " of every hour";
  if (hour.kind == Part::Kind::Step) return within(hour, "hour");
  std::vector<std::string> parts;
  for (const auto& run : hour.runs) parts.push_back(fmt::format("from {:02}:00 to {:02}:59", run.low, run.high));
  return (repeats ? " " : ", ") + list(parts);
}

std::string time_text(const Outline& outline) {
  if (!outline.times.empty()) return "at " + list(outline.times);
  const auto& [second, minute, hour] = std::tie(outline.second, outline.minute, outline.hour);
  if (!second.is(0)) {
    std::string text = lead(second, "second");
    if (!second.repeats() || minute.kind != Part::Kind::All) text += within(minute, "minute");
    return text + during(hour, minute.repeats());
  }
  if (!minute.is(0)) return lead(minute, "minute") + during(hour, minute.repeats());
  return whole_hours(hour);
}

std::string special_day(const Item& item) {
  if (item.kind == Item::Kind::LastWeekday) return "the last weekday (Monday to Friday)";
  if (item.kind == Item::Kind::NearestWeekday) return fmt::format("the weekday nearest to day {}", item.low);
  if (item.low == 0) return "the last day";
  return fmt::format("the {} to last day", ordinal(item.low + 1));
}

std::string days_text(const Outline& outline) {
  std::vector<std::string> parts;
  const auto& day = outline.day;
  if (day.kind == Part::Kind::Step) {
    parts.push_back(
        fmt::format("every {} day from day {}{}", ordinal(day.step), day.low, day.to_end ? "" : fmt::format(" to {}", day.high)));
  } else if (!day.runs.empty()) {
    parts.push_back(named_runs(day, "day"));
  }
  for (const auto& item : outline.special_days) parts.push_back(special_day(item));
  return list(parts) + " of the month";
}

std::string weekdays_text(const Outline& outline) {
  std::vector<std::string> parts;
  if (!outline.weekday.runs.empty())
    parts.push_back(runs(outline.weekday, [](int day) { return std::string(kWeekdays[static_cast<std::size_t>(day)]); }));
  for (const auto& item : outline.special_weekdays) {
    const auto name = kWeekdays[static_cast<std::size_t>(item.low)];
    if (item.kind == Item::Kind::LastOfWeek) {
      parts.push_back(fmt::format("the last {} of the month", name));
    } else {
      const auto nth = item.high <= 5 ? std::string(kOrdinals[static_cast<std::size_t>(item.high)]) : ordinal(item.high);
      parts.push_back(fmt::format("the {} {} of the month", nth, name));
    }
  }
  return list(parts);
}

}  // namespace

std::string describe_english(const Outline& outline) {
  std::string text = time_text(outline);
  if (!outline.any_day) {
    text += ", on " + days_text(outline);
    if (!outline.any_weekday) text += ", but only on " + weekdays_text(outline);
  } else if (!outline.any_weekday) {
    const bool range = outline.weekday.has_ranges() && outline.special_weekdays.empty();
    text += (range ? ", " : ", on ") + weekdays_text(outline);
  } else if (!outline.times.empty()) {
    text += " every day";
  }
  if (outline.month.kind != Part::Kind::All) {
    text += (outline.month.runs.size() == 1 && outline.month.has_ranges() ? ", from " : ", in ");
    text += runs(outline.month, [](int month) { return std::string(kMonths[static_cast<std::size_t>(month)]); });
  }
  if (!outline.possible) text += " (never: there is no such day)";
  text[0] = text[0] == 'a' ? 'A' : text[0] == 'e' ? 'E' : text[0] == 'i' ? 'I' : text[0];
  return text;
}

}  // namespace meepo::cron
