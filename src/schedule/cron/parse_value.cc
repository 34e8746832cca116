#include "schedule/cron/parse_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <ranges>
#include <span>

#include "base/text.h"

namespace meepo::cron {
namespace {

constexpr std::array<FieldRange, kFields> kRanges = {
    {{"second", 0, 59}, {"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 1, 7}}};

constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdays = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};

std::span<const std::string_view> names_of(Field field) {
  if (field == Field::Month) return kMonths;
  if (field == Field::DayOfWeek) return kWeekdays;
  return {};
}

bool same_letters(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, {}, [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

const FieldRange& range_of(Field field) { return kRanges[static_cast<std::size_t>(field)]; }

std::string expected_value(Field field) {
  const auto& range = range_of(field);
  if (field == Field::Month) return "expected a month from 1 to 12 or JAN to DEC";
  if (field == Field::DayOfWeek) return "expected a weekday from 0 to 7 (0 and 7: Sunday, 1: Monday) or MON to SUN";
  return fmt::format("expected a whole number from {} to {}", range.low, range.high);
}

Parsed<int> parse_number(Field field, std::string_view text, std::size_t position) {
  const auto names = names_of(field);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (same_letters(text, names[i])) return static_cast<int>(i) + 1;
  }
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto stranger = std::ranges::find_if_not(digits, is_digit);
  if (digits.empty() || stranger != digits.end()) {
    const auto offset = digits.empty() ? 0 : static_cast<std::size_t>(stranger - digits.begin()) + (text.size() - digits.size());
    return std::unexpected(
        Mistake{position + offset, fmt::format("{}, found {}", expected_value(field), text.empty() ? "nothing" : quoted(text))});
  }
  std::int64_t value = 0;
  for (const char digit : digits) {
    value = value * 10 + (digit - '0');
    if (value > std::numeric_limits<int>::max()) {
      return std::unexpected(Mistake{position, fmt::format("{}, found {}", expected_value(field), quoted(text))});
    }
  }
  return static_cast<int>(value);
}

Parsed<int> parse_value(Field field, std::string_view text, std::size_t position) {
  auto value = parse_number(field, text, position);
  if (!value) return value;
  const auto& range = range_of(field);
  if ((*value < range.low || *value > range.high) && !(field == Field::DayOfWeek && *value == 0)) {
    return std::unexpected(Mistake{position, fmt::format("{}, found {}", expected_value(field), quoted(text))});
  }
  return value;
}

std::string_view foreign_hint(Field field, std::string_view element) {
  const bool day = field == Field::DayOfMonth || field == Field::DayOfWeek;
  if (element.starts_with('/')) return "; Spring wants a start before the step, as in */15 (Quartz and others also take /15)";
  if (element.contains('?')) {
    return day ? "; Spring takes ? only alone, as the whole field" : "; Spring takes ? only as the whole day of month or day of week";
  }
  if (field == Field::DayOfWeek && (element == "L" || element == "l")) {
    return "; Spring has no bare L here (in Quartz it means Saturday: write SAT), only dL, as in FRIL: the last Friday of the month";
  }
  if (field == Field::DayOfWeek && element.contains('W')) return "; Spring knows W only in the day of month";
  if (field == Field::DayOfMonth && element.starts_with("L-") && element.ends_with('W')) {
    return "; Spring has no L-nW (some Quartz versions do), only L-n and LW";
  }
  if (field == Field::DayOfMonth && (element == "l" || same_letters(element, "LW") || element.ends_with('w'))) {
    return "; Spring takes L and W in the day of month only as capitals";
  }
  if (field == Field::DayOfMonth && element.contains('#')) return "; Spring knows # only in the day of week";
  if (!day && (element.contains('L') || element.contains('W') || element.contains('#')) &&
      !std::ranges::any_of(element, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) && c != 'L' && c != 'W'; })) {
    return "; Spring knows L, W and # only in the day fields";
  }
  if (element == "H" || element.starts_with("H/") || element.starts_with("H(")) return "; H is Jenkins's, Spring has no such value";
  if (element.contains('C') && day && std::ranges::all_of(element, [](char c) { return c == 'C' || is_digit(c); })) {
    return "; C is of old Quartz versions, Spring has no calendars";
  }
  if (element.contains('~')) return "; a random value (~) is not of Spring";
  return {};
}

}  // namespace meepo::cron
