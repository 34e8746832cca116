#include "schedule/cron/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "base/limits.h"
#include "base/text.h"
#include "schedule/cron/calendar.h"
#include "schedule/cron/tzdata.h"
#include "schedule/cron/zone_rule.h"

namespace meepo::cron {
namespace {

// Far outside the calendar, and far enough from the ends of the type that offsets can be added.
constexpr std::int64_t kForever = std::int64_t{1} << 60;
constexpr int kBucketBits = 24;  // 194 days: seldom more than one change in each

}  // namespace

// The library's only way to say that it does not know a name, or cannot read a file, is to throw. It reads a zone's file when the zone is
// first looked into, so that is done here.
Result<const date::time_zone*> locate_zone(std::string_view name) {
  const date::time_zone* zone = nullptr;
  try {
    if (!name.empty() && name.size() <= limits::kNameCharsMax) zone = date::locate_zone(std::string(name));
  } catch (const std::runtime_error&) {
    zone = nullptr;
  }
  if (zone == nullptr) {
    return fail(Code::InvalidArgument, fmt::format("read zone {}: expected an IANA name such as Asia/Shanghai or UTC", quoted(name)),
                "zone");
  }
  try {
    std::ignore = zone->get_info(date::sys_seconds{});
  } catch (const std::runtime_error& error) {
    return fail(Code::Unavailable, fmt::format("read zone {}: {}", quoted(name), error.what()), "zone");
  }
  return zone;
}

Zone::Zone(std::string name) : name_(std::move(name)), last_lost_day_(-kForever), cycle_end_(kForever) {}

void Zone::add(Change change) {
  if (changes_.empty()) {
    change.begin = -kForever;
  } else if (changes_.back().offset == change.offset) {
    return;  // only the name of the offset changes
  } else if (change.offset - changes_.back().offset >= kDaySeconds) {
    last_lost_day_ = change.begin;
  }
  changes_.push_back(change);
}

// tzdata lists changes up to 2037 (some zones longer) and gives a rule for the time after; the date library reads only the list.
Result<void> Zone::add_rule() {
  const auto read = read_zone_rule(name_);
  if (!read) return fail(read.error());
  const auto& rule = *read;
  if (!rule) return {};
  const std::int64_t last = changes_.size() > 1 ? changes_.back().begin : 0;
  const int first_year = year_of(last);
  const int cycle_year = first_year + 2;
  for (int year = first_year; year < cycle_year + kCycleYears; ++year) {
    for (const auto& change : rule->changes(year)) {
      if (change.seconds > last) add({change.seconds, change.offset});
    }
  }
  cycle_end_ = seconds_of_year(cycle_year + kCycleYears);
  return {};
}

void Zone::index() {
  if (changes_.size() == 1) return;
  buckets_begin_ = changes_[1].begin;
  std::size_t change = 1;
  for (std::int64_t begin = buckets_begin_; begin <= changes_.back().begin; begin += std::int64_t{1} << kBucketBits) {
    while (change + 1 < changes_.size() && changes_[change + 1].begin <= begin) ++change;
    buckets_.push_back(static_cast<std::uint16_t>(change));
  }
}

Result<Zone> Zone::find(std::string_view name) {
  const auto located = locate_zone(name);
  if (!located) return fail(located.error());
  const date::time_zone* found = *located;
  Zone zone{std::string(name)};
  date::sys_seconds at = date::sys_days{date::year{1800} / 1 / 1};
  while (true) {
    const auto info = found->get_info(at);
    zone.add({info.begin.time_since_epoch().count(), static_cast<std::int32_t>(info.offset.count())});
    if (info.end <= at || info.end >= date::sys_days{date::year{10'000} / 1 / 1}) break;
    at = info.end;
  }
  if (auto added = zone.add_rule(); !added) return fail(std::move(added.error()));
  zone.index();
  return zone;
}

const Zone& Zone::utc() {
  static const Zone kUtc = [] {
    Zone zone("UTC");
    zone.add({0, 0});
    return zone;
  }();
  return kUtc;
}

Zone::Segment Zone::segment(std::int64_t seconds) const {
  std::int64_t shift = 0;
  if (seconds >= cycle_end_) [[unlikely]] {
    shift = ((seconds - cycle_end_) / kCycleSeconds + 1) * kCycleSeconds;
    seconds -= shift;
  }
  std::size_t at = 0;
  if (!buckets_.empty() && seconds >= buckets_begin_) {
    const auto bucket = static_cast<std::size_t>((seconds - buckets_begin_) >> kBucketBits);
    at = buckets_[std::min(bucket, buckets_.size() - 1)];
    while (at + 1 < changes_.size() && changes_[at + 1].begin <= seconds) ++at;
  }
  const auto& change = changes_[at];
  const bool last = at + 1 == changes_.size();
  Segment segment{.begin = change.begin,
                  .end = last ? kForever : changes_[at + 1].begin,
                  .offset = change.offset,
                  .offset_before = at == 0 ? change.offset : changes_[at - 1].offset};
  if (cycle_end_ != kForever && last) {  // its end is the first change of the next round of the cycle
    const auto first = std::upper_bound(changes_.begin(), changes_.end(), cycle_end_ - kCycleSeconds,
                                        [](std::int64_t begin, const Change& each) { return begin < each.begin; });
    segment.end = first->begin + kCycleSeconds;
  }
  if (at != 0) segment.begin += shift;
  if (segment.end != kForever) segment.end += shift;
  return segment;
}

std::chrono::seconds Zone::offset(SysTime time) const {
  return std::chrono::seconds(segment(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()).offset);
}

std::string Zone::to_iso(SysTime time) const {
  const auto distance = offset(time);
  std::string text = to_iso_utc(time + distance);
  text.pop_back();
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(distance).count();
  const auto size = minutes < 0 ? -minutes : minutes;
  return text + fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

Result<const Zone*> Zones::find(std::string_view name) {
  if (const auto known = zones_.find(name); known != zones_.end()) return &known->second;
  auto zone = Zone::find(name);
  if (!zone) return fail(std::move(zone.error()));
  return &zones_.emplace(std::string(name), std::move(*zone)).first->second;
}

}  // namespace meepo::cron
