#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace meepo {
namespace {

/// Takes exactly `digits` decimal digits off the front of `in`.
std::optional<int> take_digits(std::string_view& in, std::size_t digits) {
  if (in.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (in[i] < '0' || in[i] > '9') return std::nullopt;
    value = value * 10 + (in[i] - '0');
  }
  in.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& in, char wanted) {
  if (in.empty() || in.front() != wanted) return false;
  in.remove_prefix(1);
  return true;
}

std::optional<SysTime> parse(std::string_view in) {
  using namespace std::chrono;
  const auto year_number = take_digits(in, 4);
  if (!year_number || !take_char(in, '-')) return std::nullopt;
  const auto month_number = take_digits(in, 2);
  if (!month_number || !take_char(in, '-')) return std::nullopt;
  const auto day_number = take_digits(in, 2);
  if (!day_number || !take_char(in, 'T')) return std::nullopt;
  const auto hour = take_digits(in, 2);
  if (!hour || *hour > 23 || !take_char(in, ':')) return std::nullopt;
  const auto minute = take_digits(in, 2);
  if (!minute || *minute > 59 || !take_char(in, ':')) return std::nullopt;
  const auto second = take_digits(in, 2);
  if (!second || *second > 59) return std::nullopt;
  int millis = 0;
  if (take_char(in, '.')) {
    int scale = 100;
    if (in.empty() || in.front() < '0' || in.front() > '9') return std::nullopt;
    while (!in.empty() && in.front() >= '0' && in.front() <= '9') {
      millis += (in.front() - '0') * scale;
      scale /= 10;
      in.remove_prefix(1);
    }
  }
  milliseconds offset{0};
  if (!take_char(in, 'Z')) {
    if (in.empty() || (in.front() != '+' && in.front() != '-')) return std::nullopt;
    const int sign = in.front() == '+' ? 1 : -1;
    in.remove_prefix(1);
    const auto offset_hour = take_digits(in, 2);
    if (!offset_hour || *offset_hour > 18 || !take_char(in, ':')) return std::nullopt;
    const auto offset_minute = take_digits(in, 2);
    if (!offset_minute || *offset_minute > 59) return std::nullopt;
    offset = sign * (hours(*offset_hour) + minutes(*offset_minute));
  }
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)), day(static_cast<unsigned>(*day_number))};
  if (!in.empty() || !date.ok()) return std::nullopt;
  return SysTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + milliseconds(millis) - offset;
}

}  // namespace

std::string to_iso_utc(SysTime time) {
  using namespace std::chrono;
  time = std::clamp<SysTime>(time, sys_days(year(0) / 1 / 1), sys_days(year(10'000) / 1 / 1) - milliseconds(1));
  const auto days = floor<std::chrono::days>(time);
  const year_month_day date(days);
  const hh_mm_ss clock(time - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<SysTime> parse_iso(std::string_view text) {
  if (const auto time = parse(text)) return *time;
  return fail(Code::InvalidArgument,
              fmt::format("read time {}: expected ISO 8601 such as 2026-11-24T05:10:00Z or …T05:10:00.123+08:00", quoted(text)));
}

}  // namespace meepo
