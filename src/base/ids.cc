#include "base/ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/bytes.h"
#include "base/text.h"

namespace meepo {
namespace {

constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int kTimeBits = 44;
constexpr int kRandomBits = 45;
constexpr std::int64_t kTimeMax = (std::int64_t{1} << kTimeBits) - 1;

// Wide enough for the 95 bits of an id; a GNU extension that both compilers have.
__extension__ using Wide = unsigned __int128;

constexpr auto kBase32Values = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kBase32.size(); ++i) values[static_cast<unsigned char>(kBase32[i])] = static_cast<std::int8_t>(i);
  return values;
}();

int base32_value(char c) { return kBase32Values[static_cast<unsigned char>(c)]; }

Wide decode(std::string_view text) {
  Wide value = 0;
  for (const char c : text) value = (value << 5U) | static_cast<Wide>(base32_value(c));
  return value;
}

/// A decimal number, at most `max`, without sign or leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

constexpr std::uint64_t kRungMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kSequenceMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kRerunMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kDueMax = std::numeric_limits<std::int64_t>::max();

bool is_base_tick(std::string_view text) {
  if (text.empty()) return false;
  const std::string_view rest = text.substr(1);
  if (text.front() == 'r') return parse_number(rest, kRungMax).has_value();
  if (text.front() == 'm') return parse_number(rest, kSequenceMax).has_value();
  if (text.front() == '-') return rest != "0" && parse_number(rest, kDueMax + 1).has_value();
  return parse_number(text, kDueMax).has_value();
}

std::optional<std::uint64_t> hex_number(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
    value = value * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

TaskId TaskId::make(Shard shard, SysTime created, std::uint64_t random) {
  const auto ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(to_unix_ms(created), 0, kTimeMax));
  Wide value = shard % kShardCount;
  value = (value << unsigned{kTimeBits}) | ms;
  value = (value << unsigned{kRandomBits}) | (random & ((std::uint64_t{1} << unsigned{kRandomBits}) - 1));
  TaskId id;
  for (std::size_t i = kLength; i-- > 0;) {
    id.text_[i] = kBase32[static_cast<std::size_t>(value & 31U)];
    value >>= 5U;
  }
  return id;
}

Result<TaskId> TaskId::parse(std::string_view text) {
  if (text.size() != kLength || std::ranges::any_of(text, [](char c) { return base32_value(c) < 0; })) {
    return fail(Code::InvalidArgument,
                fmt::format("read task id {}: expected 19 characters of 0-9 and a-z without i, l, o, u", quoted(text)), "id");
  }
  TaskId id;
  std::ranges::copy(text, id.text_.begin());
  return id;
}

Shard TaskId::shard() const { return static_cast<Shard>(decode(text()) >> unsigned{kTimeBits + kRandomBits}); }

SysTime TaskId::created() const {
  return from_unix_ms(static_cast<std::int64_t>((decode(text()) >> unsigned{kRandomBits}) & static_cast<Wide>(kTimeMax)));
}

Result<Tick> Tick::parse(std::string_view text) {
  const auto plus = text.find('+');
  const bool base_ok = is_base_tick(text.substr(0, plus));
  const bool rerun_ok = plus == std::string_view::npos || parse_number(text.substr(plus + 1), kRerunMax).value_or(0) > 0;
  if (!base_ok || !rerun_ok) {
    return fail(Code::InvalidArgument,
                fmt::format("read tick {}: expected 0, r<index>, <due Unix ms>, m<sequence> or <tick>+<n>", quoted(text)), "tick");
  }
  return Tick(std::string(text));
}

std::optional<std::uint32_t> Tick::rung_index() const {
  if (text_.front() != 'r') return std::nullopt;
  const auto number = parse_number(std::string_view(text_).substr(1), kRungMax);
  if (!number) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<SysTime> Tick::instant() const {
  if (is_real() || text_.front() == 'r' || text_.front() == 'm') return std::nullopt;
  std::int64_t ms = 0;
  std::from_chars(text_.data(), text_.data() + text_.size(), ms);
  return from_unix_ms(ms);
}

std::string FiringId::text() const {
  std::string out(task.text());
  out += '@';
  out += tick.text();
  return out;
}

Result<FiringId> FiringId::parse(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) {
    return fail(Code::InvalidArgument, fmt::format("read firing id {}: expected <task id>@<tick>", quoted(text)), "firing");
  }
  auto task = TaskId::parse(text.substr(0, at));
  if (!task) return fail(std::move(task.error()));
  auto tick = Tick::parse(text.substr(at + 1));
  if (!tick) return fail(std::move(tick.error()));
  return FiringId{.task = *task, .tick = *std::move(tick)};
}

std::string RunToken::text() const { return fmt::format("{:016x}{:016x}", high, low); }

Result<RunToken> RunToken::parse(std::string_view text) {
  const auto high = text.size() == 32 ? hex_number(text.substr(0, 16)) : std::nullopt;
  const auto low = text.size() == 32 ? hex_number(text.substr(16)) : std::nullopt;
  if (!high || !low) {
    return fail(Code::InvalidArgument, fmt::format("read run token {}: expected 32 lower-case hex digits", quoted(text)), "runToken");
  }
  return RunToken{.high = *high, .low = *low};
}

Fence Fence::make(std::uint64_t generation, std::uint64_t owner) {
  Fence fence;
  std::ranges::copy(fmt::format("{:016x}{:016x}", generation, owner), fence.text_.begin());
  return fence;
}

Result<Fence> Fence::parse(std::string_view text) {
  if (text.size() != 32 || !hex_number(text.substr(0, 16)) || !hex_number(text.substr(16))) {
    return fail(Code::InvalidArgument, fmt::format("read fence {}: expected 32 lower-case hex digits", quoted(text)), "fence");
  }
  Fence fence;
  std::ranges::copy(text, fence.text_.begin());
  return fence;
}

Shard shard_of_key(std::string_view app_id, std::string_view key) {
  return static_cast<Shard>(stable_hash(key, stable_hash(app_id)) % kShardCount);
}

Shard shard_of_request(std::string_view app_id, std::string_view request_id) {
  const auto open = request_id.find('{');
  const auto close = open == std::string_view::npos ? open : request_id.find('}', open);
  const bool tagged = close != std::string_view::npos && close > open + 1;
  return shard_of_key(app_id, tagged ? request_id.substr(open + 1, close - open - 1) : request_id);
}

TaskId chained_task_id(const FiringId& parent, SysTime due) { return TaskId::make(parent.task.shard(), due, stable_hash(parent.text())); }

}  // namespace meepo
