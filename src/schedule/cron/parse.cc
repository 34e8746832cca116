#include "schedule/cron/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "base/text.h"
#include "schedule/cron/expression.h"
#include "schedule/cron/parse_value.h"

namespace meepo::cron {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros = {{{"@yearly", "0 0 0 1 1 *"},
                                                                                   {"@annually", "0 0 0 1 1 *"},
                                                                                   {"@monthly", "0 0 0 1 * *"},
                                                                                   {"@weekly", "0 0 0 * * 0"},
                                                                                   {"@daily", "0 0 0 * * *"},
                                                                                   {"@midnight", "0 0 0 * * *"},
                                                                                   {"@hourly", "0 0 * * * *"}}};

constexpr std::string_view kOrder = "second minute hour day-of-month month day-of-week";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return result;
}

std::unexpected<Mistake> mistake(std::size_t position, std::string text) { return std::unexpected(Mistake{position, std::move(text)}); }

/// "a", "a-b", "*", each with "/n" or without.
Parsed<Item> parse_plain(Field field, std::string_view text, std::size_t position) {
  const auto& range = range_of(field);
  const auto slash = text.find('/');
  const auto base = text.substr(0, slash);
  const auto hyphen = base.find('-');
  Item item{.kind = Item::Kind::Values};
  if (base == "*") {
    item = {.kind = Item::Kind::Any, .low = range.low, .high = range.high};
  } else if (hyphen == std::string_view::npos) {
    const auto value = parse_value(field, base, position);
    if (!value) return std::unexpected(value.error());
    item.open = slash != std::string_view::npos;
    item.low = *value;
    item.high = item.open ? range.high : *value;
  } else {
    const auto low = parse_value(field, base.substr(0, hyphen), position);
    if (!low) return std::unexpected(low.error());
    const auto high = parse_value(field, base.substr(hyphen + 1), position + hyphen + 1);
    if (!high) return std::unexpected(high.error());
    item.low = field == Field::DayOfWeek && *low == 7 ? 0 : *low;
    item.high = *high;
    if (item.low > item.high) {
      const auto first = *high == range.low ? fmt::to_string(*high) : fmt::format("{}-{}", range.low, *high);
      return mistake(position, fmt::format("expected a range from low to high, found {}; Spring has none over the end: write {}-{},{}",
                                           quoted(base), *low, range.high, first));
    }
  }
  if (slash == std::string_view::npos) return item;
  // Spring replaces names by their numbers before it looks at steps, so that a step may be a name.
  const auto step = parse_number(field, text.substr(slash + 1), position + slash + 1);
  if (!step || *step < 1) {
    return mistake(position + slash + 1, fmt::format("expected a step of 1 or more, found {}", quoted(text.substr(slash + 1))));
  }
  item.step = *step;
  return item;
}

/// "L", "L-n", "LW", "nW".
Parsed<Item> parse_special_day(std::string_view text, std::size_t position) {
  if (text == "L") return Item{.kind = Item::Kind::LastDay};
  if (text == "LW") return Item{.kind = Item::Kind::LastWeekday};
  constexpr std::string_view kExpected = "expected L, L-n (n days before the last), LW (last weekday) or nW (weekday nearest to day n)";
  if (text.starts_with("L-") && text.size() > 2 && text[2] != '+') {
    const auto days = parse_number(Field::DayOfMonth, text.substr(2), position + 2);
    if (!days || *days < 1) return mistake(position + 2, fmt::format("{}, with n of 1 or more, found {}", kExpected, quoted(text)));
    return Item{.kind = Item::Kind::LastDay, .low = *days, .high = *days};
  }
  if (text.ends_with('W') && text.size() > 1 && !text.contains('L')) {
    const auto day = parse_value(Field::DayOfMonth, text.substr(0, text.size() - 1), position);
    if (!day) return std::unexpected(day.error());
    return Item{.kind = Item::Kind::NearestWeekday, .low = *day, .high = *day};
  }
  return mistake(position, fmt::format("{}, found {}", kExpected, quoted(text)));
}

/// "dL", "d#n".
Parsed<Item> parse_special_weekday(std::string_view text, std::size_t position) {
  const bool last = text.ends_with('L') || text.ends_with('l');
  const auto hash = text.rfind('#');
  const auto name = last ? text.substr(0, text.size() - 1) : text.substr(0, hash);
  if (name.empty()) return mistake(position, fmt::format("expected a weekday before {}", last ? "L" : "#"));
  const auto weekday = parse_value(Field::DayOfWeek, name, position);
  if (!weekday) return std::unexpected(weekday.error());
  Item item{.kind = Item::Kind::LastOfWeek, .low = *weekday == 0 ? 7 : *weekday, .high = 0};
  if (last) return item;
  const auto ordinal = parse_number(Field::DayOfWeek, text.substr(hash + 1), position + hash + 1);
  if (!ordinal || *ordinal < 1) {
    return mistake(position + hash + 1, fmt::format("expected a number from 1 to 5 after #, found {}", quoted(text.substr(hash + 1))));
  }
  item.kind = Item::Kind::NthOfWeek;
  item.high = *ordinal;
  return item;
}

/// In the day of week a lower-case l counts too, as the field is made upper case first; L occurs in no weekday's name.
bool is_special(Field field, std::string_view text) {
  if (field == Field::DayOfMonth) return text.find_first_of("LW") != std::string_view::npos;
  return field == Field::DayOfWeek && text.find_first_of("Ll#") != std::string_view::npos;
}

Parsed<Item> parse_item(Field field, std::string_view text, std::size_t position, bool question_allowed) {
  if (text.empty()) return mistake(position, fmt::format("{}, found an empty list element", expected_value(field)));
  if (text == "?" && question_allowed) return Item{.kind = Item::Kind::Any, .low = range_of(field).low, .high = range_of(field).high};
  if (!is_special(field, text)) return parse_plain(field, text, position);
  return field == Field::DayOfMonth ? parse_special_day(text, position) : parse_special_weekday(text, position);
}

Parsed<Items> parse_items(Field field, std::string_view text) {
  const bool day = field == Field::DayOfMonth || field == Field::DayOfWeek;
  // Spring reads a list with a special element one by one, and then ? may be one of them.
  const bool question_allowed = day && (text == "?" || is_special(field, text));
  Items items;
  std::size_t begin = 0;
  while (true) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto element = text.substr(begin, end - begin);
    auto item = parse_item(field, element, begin, question_allowed);
    if (!item) return mistake(item.error().position, item.error().text.append(foreign_hint(field, element)));
    items.push_back(*item);
    if (end == text.size()) return items;
    begin = end + 1;
  }
}

/// Why a number of fields other than six is wrong, for what people bring from elsewhere.
std::string_view count_hint(std::string_view text, std::size_t count) {
  if (text.starts_with("@reboot") || text.starts_with("@every")) return "; there is no such macro in Spring, an interval is written as */n";
  if (text.starts_with('@')) return "; the macros are @yearly @annually @monthly @weekly @daily @midnight @hourly";
  if (text.starts_with("CRON_TZ=") || text.starts_with("TZ=")) return "; the zone is no part of a Spring expression, it is given beside it";
  if (text.find_first_of("\t\n\r") != std::string_view::npos) return "; fields are separated by blanks, not by tabs or line ends";
  if (count == 7) return "; the seventh field, the year, is of Quartz: Spring has none, leave it out";
  if (count == 5) return "; a Unix crontab has no seconds: put 0 before the minutes";
  return {};
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (const auto part = trim(text.substr(0, end)); !part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto is_outer = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_outer(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_outer(text.back())) text.remove_suffix(1);
  return text;
}

Result<Fields> parse_fields(std::string_view text) {
  text = trim(text);
  if (text.size() > kExpressionCharsMax) {
    return fail(Code::InvalidArgument,
                fmt::format("read a cron expression of {} characters: expected at most {}", text.size(), kExpressionCharsMax), "define");
  }
  const auto macro = std::ranges::find(kMacros, lower(text), &std::pair<std::string_view, std::string_view>::first);
  const auto parts = split(macro == kMacros.end() ? text : macro->second);
  if (parts.size() != kFields) {
    return fail(Code::InvalidArgument,
                fmt::format("read cron expression {}: expected six fields ({}), found {}{}", quoted(text), kOrder, parts.size(),
                            count_hint(text, parts.size())),
                "define");
  }
  Fields fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    auto items = parse_items(field, parts[i]);
    if (!items) {
      return fail(Code::InvalidArgument,
                  fmt::format("read cron expression {}: field {} ({}) {}, character {}: {}", quoted(text), i + 1, range_of(field).name,
                              quoted(parts[i]), items.error().position + 1, items.error().text),
                  "define");
    }
    fields[i] = std::move(*items);
  }
  return fields;
}

}  // namespace meepo::cron
