#include "schedule/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "schedule/cron/calendar.h"

namespace meepo::schedule {
namespace {

constexpr std::size_t kDigits = 14;
constexpr std::uint32_t kFirstYear = 1970;
/// No zone's clock differs by more from UTC.
constexpr std::int64_t kOffsetMost = 36 * 3600;

unsigned number(std::string_view digits) {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::unexpected<Error> refuse(std::string_view define, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("define is {}: expected {}", quoted(define), expected), "define");
}

}  // namespace

Result<std::int64_t> parse_timing(std::string_view define) {
  const bool digits = define.size() == kDigits && define.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return refuse(define, "a time in the task's zone as yyyyMMddHHmmss, such as 20261126093000");
  const cron::Date date{.year = number(define.substr(0, 4)), .month = number(define.substr(4, 2)), .day = number(define.substr(6, 2))};
  const unsigned hour = number(define.substr(8, 2));
  const unsigned minute = number(define.substr(10, 2));
  const unsigned second = number(define.substr(12, 2));
  if (date.year < kFirstYear) return refuse(define, fmt::format("a year from {} on", kFirstYear));
  const bool is_date = date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= cron::month_length(date.year, date.month);
  if (!is_date) return refuse(define, "a date of the calendar in its first eight digits, yyyyMMdd");
  if (hour > 23 || minute > 59 || second > 59) return refuse(define, "a time of day from 000000 to 235959 in its last six digits, HHmmss");
  return cron::days_of(date) * cron::kDaySeconds + hour * 3600 + minute * 60 + second;
}

SysTime first_instant(std::int64_t local_seconds, const cron::Zone& zone) {
  auto segment = zone.segment(local_seconds - kOffsetMost);
  while (local_seconds - segment.offset >= segment.end) segment = zone.segment(segment.end);
  return SysTime(std::chrono::seconds(std::max(local_seconds - segment.offset, segment.begin)));
}

}  // namespace meepo::schedule
