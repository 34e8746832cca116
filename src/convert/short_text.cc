#include "convert/short_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/time.h"
#include "convert/convert.h"

namespace meepo::convert {

namespace {

std::unexpected<Error> refuse(std::string_view field, std::string_view text, std::string_view expected) {
  return fail(Code::InvalidArgument, std::string(field) + " is \"" + std::string(text) + "\"; expected " + std::string(expected),
              std::string(field));
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c); });
  return out;
}

constexpr std::string_view kRetryExpected =
    "none, fixed:RETRIES:DELAY (fixed:3:1s), exponential:RETRIES:FIRST[:FACTOR[:CAP[:JITTER]]] (exponential:5:1s:2:60s:0.1) or "
    "ladder:DELAY,DELAY,… (ladder:1s,5s,30s)";

std::optional<std::uint32_t> delay_ms(std::string_view text) {
  const auto delay = parse_duration(text, {});
  if (!delay) return std::nullopt;
  return static_cast<std::uint32_t>(delay->count());
}

bool read_ladder(std::string_view text, v1::RetryPolicy::Ladder& out) {
  for (const std::string_view part : split(text, ',')) {
    const auto delay = delay_ms(part);
    if (!delay) return false;
    out.add_delays_ms(*delay);
  }
  return true;
}

bool read_fixed(const std::vector<std::string_view>& parts, v1::RetryPolicy::Fixed& out) {
  if (parts.size() != 3) return false;
  const auto retries = number<std::uint32_t>(parts[1]);
  const auto delay = delay_ms(parts[2]);
  if (!retries || !delay) return false;
  out.set_max_retries(*retries);
  out.set_delay_ms(*delay);
  return true;
}

bool read_exponential(const std::vector<std::string_view>& parts, v1::RetryPolicy::Exponential& out) {
  if (parts.size() < 3 || parts.size() > 6) return false;
  const auto retries = number<std::uint32_t>(parts[1]);
  const auto delay = delay_ms(parts[2]);
  const auto factor = parts.size() > 3 ? number<double>(parts[3]) : 2.0;
  const auto cap = parts.size() > 4 ? delay_ms(parts[4]) : 0U;
  const auto jitter = parts.size() > 5 ? number<double>(parts[5]) : 0.0;
  if (!retries || !delay || !factor || !cap || !jitter) return false;
  out.set_max_retries(*retries);
  out.set_delay_ms(*delay);
  out.set_factor(*factor);
  out.set_cap_ms(*cap);
  out.set_jitter(*jitter);
  return true;
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text, std::string_view field) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  static constexpr std::array kUnits = {Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
  static constexpr std::string_view kExpected = "a whole number with ms, s, m, h or d, at most 49 days: 500ms, 60s, 2m";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = number<std::uint64_t>(text.substr(0, digits));
  const auto unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (!count || unit == kUnits.end() || *count > kMax / unit->milliseconds) return refuse(field, text, kExpected);
  return milliseconds(*count * unit->milliseconds);
}

Result<v1::RetryPolicy> parse_retry(std::string_view text, std::string_view field) {
  v1::RetryPolicy policy;
  if (text == "none") return policy;
  const auto parts = split(text, ':');
  bool good = false;
  if (parts[0] == "ladder" && parts.size() == 2) good = read_ladder(parts[1], *policy.mutable_ladder());
  if (parts[0] == "fixed") good = read_fixed(parts, *policy.mutable_fixed());
  if (parts[0] == "exponential") good = read_exponential(parts, *policy.mutable_exponential());
  if (!good) return refuse(field, text, kRetryExpected);
  return policy;
}

Result<v1::Target> parse_service(std::string_view text, std::string_view params_json, std::string_view field) {
  static constexpr std::string_view kExpected = "INTERFACE#METHOD[:VERSION[:GROUP]], for example meepo.demo.Echo#echo";
  const std::size_t hash = text.find('#');
  if (hash == 0 || hash == std::string_view::npos) return refuse(field, text, kExpected);
  const auto parts = split(text.substr(hash + 1), ':');
  if (parts.size() > 3 || parts[0].empty()) return refuse(field, text, kExpected);
  v1::Target target;
  v1::ServiceTarget& service = *target.mutable_service();
  service.set_interface(std::string(text.substr(0, hash)));
  service.set_method(std::string(parts[0]));
  if (parts.size() > 1) service.set_version(std::string(parts[1]));
  if (parts.size() > 2) service.set_group(std::string(parts[2]));
  if (!params_json.empty()) service.mutable_params()->set_json(std::string(params_json));
  return target;
}

Result<v1::Kind::Value> parse_kind(std::string_view text, std::string_view field) {
  const std::string kind = lower(text);
  if (kind == "real") return v1::Kind::REAL;
  if (kind == "ladder") return v1::Kind::LADDER;
  if (kind == "timing") return v1::Kind::TIMING;
  if (kind == "plan") return v1::Kind::PLAN;
  return refuse(field, text, "real, ladder, timing or plan");
}

Result<v1::Misfire> parse_misfire(std::string_view text, std::string_view field) {
  static constexpr std::string_view kExpected = "once, skip, all or all:MOST, perhaps with a window: once,30m";
  const std::size_t comma = text.find(',');
  const auto parts = split(text.substr(0, comma), ':');
  v1::Misfire misfire;
  if (parts[0] == "once") misfire.set_policy(v1::Misfire::ONCE);
  if (parts[0] == "skip") misfire.set_policy(v1::Misfire::SKIP);
  if (parts[0] == "all") misfire.set_policy(v1::Misfire::ALL);
  const bool has_most = parts.size() == 2 && parts[0] == "all";
  if (misfire.policy() == v1::Misfire::DEFAULT || parts.size() > 2 || (parts.size() == 2 && !has_most)) {
    return refuse(field, text, kExpected);
  }
  if (has_most) {
    const auto most = number<std::uint32_t>(parts[1]);
    if (!most) return refuse(field, text, kExpected);
    misfire.set_max(*most);
  }
  if (comma == std::string_view::npos) return misfire;
  const auto window = parse_duration(text.substr(comma + 1), {});
  if (!window || window->count() % 1'000 != 0) return refuse(field, text, kExpected);
  misfire.set_window_seconds(static_cast<std::uint32_t>(window->count() / 1'000));
  return misfire;
}

Result<v1::Overlap::Policy> parse_overlap(std::string_view text, std::string_view field) {
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  v1::Overlap::Policy policy = v1::Overlap::DEFAULT;
  if (!v1::Overlap::Policy_Parse(name, &policy) || policy == v1::Overlap::DEFAULT) {
    return refuse(field, text, "skip, buffer-one, buffer-all, cancel-other or allow");
  }
  return policy;
}

Result<google::protobuf::Timestamp> parse_instant(std::string_view text, std::string_view field) {
  const auto time = parse_iso(text);
  if (!time) return refuse(field, text, "ISO 8601 such as 2026-11-26T09:30:00+08:00");
  return to_proto(*time);
}

Result<v1::Dst::Rule> parse_dst(std::string_view text, std::string_view field) {
  if (text == "spring") return v1::Dst::SPRING;
  if (text == "once") return v1::Dst::ONCE;
  return refuse(field, text, "spring or once");
}

Result<v1::OnLost> parse_on_lost(std::string_view text, std::string_view field) {
  if (text == "rerun") return v1::RERUN;
  if (text == "unknown") return v1::ON_LOST_UNKNOWN;
  return refuse(field, text, "rerun or unknown");
}

Result<std::pair<std::string, std::string>> parse_label(std::string_view text, std::string_view field) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return refuse(field, text, "KEY=VALUE");
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace meepo::convert
