#include "schedule/cron/zone_rule.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "schedule/cron/calendar.h"

namespace meepo::cron {
namespace {

constexpr std::size_t kZoneFileBytesMax = 64UL << 10U;  // real ones have at most a few KB

/// Takes the parts of a TZ string from its front; after a mistake everything fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::int32_t> number() {
    std::int32_t value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && digits < 4 && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits)
      value = value * 10 + rest_[digits] - '0';
    rest_.remove_prefix(digits);
    if (digits == 0) return std::nullopt;
    return value;
  }
  /// "EST" or "<+0330>".
  bool name() {
    const bool bracket = take('<');
    std::size_t size = 0;
    while (size < rest_.size() &&
           (bracket ? rest_[size] != '>' : (rest_[size] >= 'A' && rest_[size] <= 'Z') || (rest_[size] >= 'a' && rest_[size] <= 'z'))) {
      ++size;
    }
    rest_.remove_prefix(size);
    return size != 0 && (!bracket || take('>'));
  }
  /// "[-]h[:m[:s]]" in seconds.
  std::optional<std::int32_t> duration() {
    const bool negative = take('-');
    if (!negative) (void)take('+');
    const auto hours = number();
    if (!hours) return std::nullopt;
    std::int32_t seconds = *hours * 3600;
    for (const std::int32_t unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number();
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return negative ? -seconds : seconds;
  }
  /// ",M3.2.0/2".
  std::optional<ZoneRule::Moment> moment() {
    if (!take(',') || !take('M')) return std::nullopt;
    const auto month = number();
    if (!month || *month < 1 || *month > 12 || !take('.')) return std::nullopt;
    const auto week = number();
    if (!week || *week < 1 || *week > 5 || !take('.')) return std::nullopt;
    const auto weekday = number();
    if (!weekday || *weekday > 6) return std::nullopt;
    std::optional<std::int32_t> seconds = 2 * 3600;
    if (take('/')) seconds = duration();
    if (!seconds) return std::nullopt;
    return ZoneRule::Moment{static_cast<unsigned>(*month), static_cast<unsigned>(*week), static_cast<unsigned>(*weekday), *seconds};
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::int64_t local_seconds(const ZoneRule::Moment& moment, std::uint32_t year) {
  const std::int64_t first = days_of({year, moment.month, 1});
  unsigned day = 1 + (moment.weekday + 7 - weekday_of(first)) % 7 + (moment.week - 1) * 7;
  if (day > month_length(year, moment.month)) day -= 7;
  return (first + day - 1) * kDaySeconds + moment.seconds;
}

}  // namespace

std::array<ZoneRule::Change, 2> ZoneRule::changes(int year) const {
  const auto unsigned_year = static_cast<std::uint32_t>(year);
  std::array<Change, 2> both = {Change{local_seconds(summer_begin, unsigned_year) - standard_offset, summer_offset},
                                Change{local_seconds(summer_end, unsigned_year) - summer_offset, standard_offset}};
  if (both[1].seconds < both[0].seconds) std::swap(both[0], both[1]);
  return both;
}

std::optional<ZoneRule> parse_zone_rule(std::string_view text) {
  Reader reader(text);
  if (!reader.name()) return std::nullopt;
  const auto standard = reader.duration();  // POSIX counts westwards
  if (!standard || !reader.name()) return std::nullopt;
  std::int32_t summer_offset = -*standard + 3600;
  auto begin = reader.moment();
  if (!begin) {
    const auto summer = reader.duration();
    if (!summer) return std::nullopt;
    summer_offset = -*summer;
    begin = reader.moment();
  }
  const auto end = reader.moment();
  if (!begin || !end || !reader.at_end()) return std::nullopt;
  return ZoneRule{.standard_offset = -*standard, .summer_offset = summer_offset, .summer_begin = *begin, .summer_end = *end};
}

Result<std::optional<ZoneRule>> read_zone_rule(const std::string& zone) {
  // The date library reads the same files, but not their rules.
  const std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })> file(
      std::fopen(("/usr/share/zoneinfo/" + zone).c_str(), "rb"));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) {
    return fail(Code::Unavailable, "read zone \"" + zone + "\": " + std::generic_category().message(errno), "zone");
  }
  std::string bytes(kZoneFileBytesMax, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  // The footer: the rule between the last two line ends.
  if (!bytes.starts_with("TZif") || bytes.back() != '\n') return std::nullopt;
  bytes.pop_back();
  const auto begin = bytes.rfind('\n');
  if (begin == std::string::npos) return std::nullopt;
  return parse_zone_rule(std::string_view(bytes).substr(begin + 1));
}

}  // namespace meepo::cron
