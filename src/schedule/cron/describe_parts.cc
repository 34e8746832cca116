#include "schedule/cron/describe_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "schedule/cron/expression.h"

namespace meepo::cron {
namespace {

constexpr std::size_t kTimesMax = 12;        // more are not listed
constexpr std::size_t kTimesOfRangesMax = 4; // a range reads better as one

bool is_plain(const Item& item) { return item.kind == Item::Kind::Any || item.kind == Item::Kind::Values; }

Part part_of(Field field, const Items& items) {
  const auto& range = range_of(field);
  std::uint64_t mask = 0;
  std::size_t plain = 0;
  Part part;
  for (const auto& item : items) {
    if (!is_plain(item)) continue;
    ++plain;
    part.low = item.low;
    part.step = item.step;
    for (std::int64_t value = item.low; value <= item.high; value += item.step) {
      mask |= std::uint64_t{1} << (field == Field::DayOfWeek && value == 0 ? 7 : value);
      part.high = static_cast<int>(value);
    }
    part.to_end = item.high == range.high;
  }
  std::vector<int> values;
  for (int value = range.low; value <= range.high; ++value) {
    if ((mask >> value & 1U) != 0) values.push_back(value);
  }
  const auto count = static_cast<std::size_t>(range.high - range.low + 1);
  if (values.size() == count) return Part{};
  part.kind = Part::Kind::Runs;
  if (plain == 1 && plain == items.size() && part.step > 1) {
    part.whole = part.low == range.low && part.to_end && count % static_cast<std::size_t>(part.step) == 0 && values.size() > 1;
    if (part.whole || values.size() > 2) part.kind = Part::Kind::Step;
  }
  for (std::size_t at = 0; at < values.size();) {
    std::size_t end = at + 1;
    while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
    if (end - at < 3) end = at + 1;
    part.runs.push_back({values[at], values[end - 1]});
    at = end;
  }
  return part;
}

std::vector<std::string> times_of(const Part& second, const Part& minute, const Part& hour) {
  for (const auto* part : {&second, &minute, &hour}) {
    if (part->kind != Part::Kind::Runs) return {};
  }
  const auto seconds = second.values();
  const auto minutes = minute.values();
  const auto hours = hour.values();
  const bool ranges = second.has_ranges() || minute.has_ranges() || hour.has_ranges();
  if (seconds.size() * minutes.size() * hours.size() > (ranges ? kTimesOfRangesMax : kTimesMax)) return {};
  std::vector<std::string> times;
  for (const int h : hours) {
    for (const int m : minutes) {
      for (const int s : seconds)
        times.push_back(second.is(0) ? fmt::format("{:02}:{:02}", h, m) : fmt::format("{:02}:{:02}:{:02}", h, m, s));
    }
  }
  return times;
}

}  // namespace

bool Part::has_ranges() const {
  return std::ranges::any_of(runs, [](const Run& run) { return run.low != run.high; });
}

std::vector<int> Part::values() const {
  std::vector<int> values;
  for (const auto& run : runs) {
    for (int value = run.low; value <= run.high; ++value) values.push_back(value);
  }
  return values;
}

Outline outline_of(const Fields& fields, bool possible) {
  const auto part = [&](Field field) { return part_of(field, fields[static_cast<std::size_t>(field)]); };
  Outline outline{.second = part(Field::Second),
                  .minute = part(Field::Minute),
                  .hour = part(Field::Hour),
                  .day = part(Field::DayOfMonth),
                  .month = part(Field::Month),
                  .weekday = part(Field::DayOfWeek),
                  .possible = possible};
  outline.times = times_of(outline.second, outline.minute, outline.hour);
  outline.any_day = outline.day.kind == Part::Kind::All;
  outline.any_weekday = outline.weekday.kind == Part::Kind::All;
  const auto specials = [](const Items& items) {
    Items found;
    std::ranges::remove_copy_if(items, std::back_inserter(found), is_plain);
    return found;
  };
  if (!outline.any_day) outline.special_days = specials(fields[static_cast<std::size_t>(Field::DayOfMonth)]);
  if (!outline.any_weekday) outline.special_weekdays = specials(fields[static_cast<std::size_t>(Field::DayOfWeek)]);
  return outline;
}

std::string join(const std::vector<std::string>& parts, std::string_view comma, std::string_view last) {
  std::string text;
  for (std::size_t at = 0; at < parts.size(); ++at) {
    if (at != 0) text += at + 1 == parts.size() ? last : comma;
    text += parts[at];
  }
  return text;
}

std::string Expression::describe(Language language) const {
  const auto fields = parse_fields(text_);
  if (!fields) return text_;  // cannot be: parse() has read it
  const auto outline = outline_of(*fields, possible_);
  return language == Language::Chinese ? describe_chinese(outline) : describe_english(outline);
}

}  // namespace meepo::cron
