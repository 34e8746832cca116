#include "tests/cron/reference.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace meepo::cron::test {
namespace {

using date::day;
using date::days;
using date::weekday;
using date::year_month_day;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

int value_of(const std::string& text) {
  static const std::string kMonths = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  static const std::string kWeekdays = "MONTUEWEDTHUFRISATSUN";
  if (text.find_first_not_of("0123456789") == std::string::npos) return std::stoi(text);
  const auto month = kMonths.find(text);
  return static_cast<int>(month != std::string::npos ? month / 3 : kWeekdays.find(text) / 3) + 1;
}

/// One plain element: "*", "5", "1-5", each with a step or without.
bool plain_matches(const std::string& element, int value, int low, int high) {
  const auto step_parts = split(element, '/');
  int begin = low;
  int end = high;
  if (step_parts[0] != "*" && step_parts[0] != "?") {
    const auto bounds = split(step_parts[0], '-');
    begin = value_of(bounds[0]);
    end = bounds.size() == 2 ? value_of(bounds[1]) : step_parts.size() == 2 ? high : begin;
    if (bounds.size() == 2 && high == 7 && begin == 7) begin = 0;
  }
  const int step = step_parts.size() == 2 ? value_of(step_parts[1]) : 1;
  return value >= begin && value <= end && (value - begin) % step == 0;
}

date::local_days last_day(const year_month_day& date) { return date::local_days(date.year() / date.month() / date::last); }

bool is_weekend(date::local_days date) { return weekday(date) == date::Saturday || weekday(date) == date::Sunday; }

bool day_matches(const std::string& element, const year_month_day& date) {
  const auto today = date::local_days(date);
  const auto last = last_day(date);
  if (element == "L") return today == last;
  if (element == "LW") {
    auto wanted = last;
    while (is_weekend(wanted)) wanted -= days(1);
    return today == wanted;
  }
  if (element.starts_with("L-")) return last - days(value_of(element.substr(2))) == today;
  if (!element.ends_with('W')) return plain_matches(element, static_cast<int>(static_cast<unsigned>(date.day())), 1, 31);
  const auto wanted = date.year() / date.month() / day(static_cast<unsigned>(value_of(element.substr(0, element.size() - 1))));
  if (!wanted.ok()) return false;
  auto target = date::local_days(wanted);
  if (weekday(target) == date::Saturday) target += wanted.day() == day(1) ? days(2) : days(-1);
  if (weekday(target) == date::Sunday) target += days(1);
  return target == today;  // in another month when the last day is a Sunday: then never in this one
}

bool weekday_matches(const std::string& element, const year_month_day& date) {
  const auto today = date::local_days(date);
  const auto weekday_number = static_cast<int>(weekday(today).iso_encoding());
  const auto same = [&](const std::string& name) { return (value_of(name) + 6) % 7 == weekday_number - 1; };
  if (element.ends_with('L')) return same(element.substr(0, element.size() - 1)) && last_day(date) - today < days(7);
  if (const auto hash = element.find('#'); hash != std::string::npos) {
    return same(element.substr(0, hash)) &&
           (static_cast<unsigned>(date.day()) + 6) / 7 == static_cast<unsigned>(value_of(element.substr(hash + 1)));
  }
  // 0 and 7 are both Sunday; a range may name either.
  const int low = element.starts_with('*') ? 1 : 0;
  return plain_matches(element, weekday_number, low, 7) || (weekday_number == 7 && low == 0 && plain_matches(element, 0, 0, 7));
}

}  // namespace

Reference::Reference(const std::string& expression) {
  std::istringstream stream(expression);
  for (auto& field : fields_) stream >> field;
  for (int value = 0; value < 60; ++value) {
    const auto at = static_cast<std::size_t>(value);
    for (const auto& element : split(fields_[0], ',')) second_[at] = second_[at] || plain_matches(element, value, 0, 59);
    for (const auto& element : split(fields_[1], ',')) minute_[at] = minute_[at] || plain_matches(element, value, 0, 59);
    for (const auto& element : split(fields_[2], ',')) {
      if (value < 24) hour_[at] = hour_[at] || plain_matches(element, value, 0, 23);
    }
  }
  interval_ = (fields_[0] + fields_[1] + fields_[2]).find_first_of("*-/") != std::string::npos;
}

bool Reference::matches(date::local_seconds time, bool day_before_is_lost) const {
  const auto today = date::floor<days>(time);
  const date::hh_mm_ss<std::chrono::seconds> clock(time - today);
  if (!second_[static_cast<std::size_t>(clock.seconds().count())] || !minute_[static_cast<std::size_t>(clock.minutes().count())] ||
      !hour_[static_cast<std::size_t>(clock.hours().count())]) {
    return false;
  }
  const year_month_day date(today);
  const auto any = [&](const std::string& field, auto&& test) { return std::ranges::any_of(split(field, ','), test); };
  const int month = static_cast<int>(static_cast<unsigned>(date.month()));
  // A special day that the zone has lost counts on the day after; a nearest weekday only if that is the day it is nearest to.
  const year_month_day lost(today - days(1));
  const auto moved = [&](const std::string& element, auto&& test) {
    const bool nearest = element.ends_with('W') && element != "LW";
    return day_before_is_lost && element.find_first_of("LW#") != std::string::npos && test(element, lost) &&
           (!nearest || element == std::to_string(static_cast<unsigned>(date.day())) + "W");
  };
  return any(fields_[4], [&](const std::string& element) { return plain_matches(element, month, 1, 12); }) &&
         any(fields_[3], [&](const std::string& element) { return day_matches(element, date) || moved(element, day_matches); }) &&
         any(fields_[5], [&](const std::string& element) { return weekday_matches(element, date) || moved(element, weekday_matches); });
}

namespace {

/// The local day before which a whole day was left out, if the segment begins with such a gap.
std::optional<date::local_days> after_lost_day(const date::sys_info& info, const date::time_zone& zone) {
  if (info.begin < date::sys_days(date::year(1900) / 1 / 1)) return std::nullopt;
  const auto before = zone.get_info(info.begin - std::chrono::seconds(1));
  if (info.offset - before.offset < days(1)) return std::nullopt;
  return date::floor<days>(date::local_seconds(info.begin.time_since_epoch() + info.offset));
}

}  // namespace

std::optional<date::sys_seconds> Reference::next(date::sys_seconds after, date::sys_seconds end, const date::time_zone& zone,
                                                 bool once) const {
  auto info = zone.get_info(after);
  auto beside = after_lost_day(info, zone);
  for (auto at = after + std::chrono::seconds(1); at <= end; at += std::chrono::seconds(1)) {
    if (at >= info.end) {
      const auto old_end = date::local_seconds(at.time_since_epoch() + info.offset);
      info = zone.get_info(at);
      beside = after_lost_day(info, zone);
      const auto new_begin = date::local_seconds(at.time_since_epoch() + info.offset);
      // once: what the gap swallows is made up for at its end.
      for (auto missing = old_end; once && missing < new_begin; missing += std::chrono::seconds(1)) {
        if (matches(missing, false)) return at;
      }
    }
    const auto local = date::local_seconds(at.time_since_epoch() + info.offset);
    if (!matches(local, !once && beside && date::floor<days>(local) == *beside)) continue;
    if (once && !interval_) {
      const auto both = zone.get_info(local);
      if (both.result == date::local_info::ambiguous && info.offset == both.second.offset) continue;
    }
    return at;
  }
  return std::nullopt;
}

}  // namespace meepo::cron::test
