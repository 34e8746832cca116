// How a row's columns are packed. All numbers are varints (base/bytes.h); times are Unix milliseconds.

#include <algorithm>
#include <utility>

#include "adapters/sqlite/row.h"
#include "base/bytes.h"

namespace meepo::adapters::sqlite {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) digits.at(static_cast<unsigned char>(kAlphabet.at(i))) = static_cast<std::uint8_t>(i);
  return digits;
}
constexpr auto kDigits = make_digits();

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Code::Corruption, "the stored " + std::string(what) + " does not decode");
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

std::optional<std::string_view> take_text(std::string_view& in) {
  const auto size = take_varint(in);
  if (!size || *size > in.size()) return std::nullopt;
  const auto text = in.substr(0, *size);
  in.remove_prefix(*size);
  return text;
}

// Facts: bits of its first number.
enum FactsBit : unsigned { kRunOnce = 3, kCancelled, kPaused, kSucceeded, kRecordApart, kUniqueKey, kRanges, kAttempts, kRecords };

std::uint64_t bit(bool value, unsigned place) { return std::uint64_t{value} << place; }
bool bit_of(std::uint64_t bits, unsigned place) { return ((bits >> place) & 1U) != 0; }

// more: { tag, length, bytes } …
enum MoreTag : std::uint64_t {
  kWaitingSince = 1,
  kCancelAskedAt,
  kCancelAcknowledgedAt,
  kParams,
  kResult,
  kError,
  kChained,
  kPinnedVersion
};

void append_number_field(std::string& out, MoreTag tag, std::uint64_t value) {
  std::string number;
  append_varint(number, value);
  append_varint(out, tag);
  append_text(out, number);
}

void append_time_field(std::string& out, MoreTag tag, const std::optional<SysTime>& time) {
  if (time) append_number_field(out, tag, static_cast<std::uint64_t>(to_unix_ms(*time)));
}

void append_payload_field(std::string& out, MoreTag tag, const std::optional<Payload>& payload) {
  if (!payload) return;
  append_varint(out, tag);
  append_varint(out, payload->data.size() + 1);
  out.push_back(static_cast<char>(payload->encoding));
  out.append(payload->data);
}

std::optional<Payload> payload_of(std::string_view bytes) {
  if (bytes.empty() || bytes.front() < 1 || bytes.front() > 3) return std::nullopt;
  return Payload{.encoding = static_cast<Encoding>(bytes.front()), .data = std::string(bytes.substr(1))};
}

bool take_more_field(std::uint64_t tag, std::string_view bytes, Row& row) {
  auto& firing = row.firing;
  switch (tag) {
    case kParams: return (firing.params = payload_of(bytes)).has_value();
    case kResult: return (firing.result = payload_of(bytes)).has_value();
    case kError: firing.error = bytes; return true;
    case kChained: {
      const auto id = unpack(bytes);
      if (id) firing.chained = *id;
      return id.has_value();
    }
    default: break;
  }
  const auto number = take_varint(bytes);
  if (!number) return false;
  const auto time = from_unix_ms(static_cast<std::int64_t>(*number));
  switch (tag) {
    case kWaitingSince: firing.waiting_since = time; return true;
    case kCancelAskedAt: firing.cancel_asked_at = time; return true;
    case kCancelAcknowledgedAt: firing.cancel_acknowledged_at = time; return true;
    case kPinnedVersion: row.pinned_version = static_cast<std::uint32_t>(*number); return true;
    default: return false;
  }
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU));
}

}  // namespace

PackedId pack(const TaskId& id) {
  PackedId packed{};
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t place = 0;
  for (const char c : id.text()) {
    bits = (bits << 5U) | kDigits[static_cast<unsigned char>(c)];
    held += 5;
    if (held >= 8) {
      held -= 8;
      packed[place++] = static_cast<char>((bits >> held) & 0xffU);
    }
  }
  packed[place] = static_cast<char>((bits << (8 - held)) & 0xffU);
  return packed;
}

Result<TaskId> unpack(std::string_view bytes) {
  if (bytes.size() != PackedId{}.size()) return corrupt("task id");
  std::array<char, TaskId::kLength> text{};
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t place = 0;
  for (const char byte : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(byte);
    held += 8;
    while (held >= 5 && place < text.size()) {
      held -= 5;
      text[place++] = kAlphabet[(bits >> held) & 31U];
    }
  }
  return TaskId::parse({text.data(), text.size()});
}

void Facts::follow(const TaskSpec& spec) {
  run_once = spec.options.run_once;
  overlap = overlap_of(spec);
  max_count = spec.options.max_count;
}

std::string encode_facts(const Facts& f) {
  std::string out;
  out.reserve(24);
  append_varint(out, static_cast<std::uint64_t>(f.kind) | bit(f.run_once, kRunOnce) | bit(f.cancelled, kCancelled) |
                         bit(f.paused, kPaused) | bit(f.succeeded, kSucceeded) | bit(f.record_apart, kRecordApart) |
                         bit(f.unique_key, kUniqueKey) | bit(f.ranges, kRanges) | bit(f.attempts, kAttempts) | bit(f.records, kRecords));
  append_varint(out, f.version);
  append_varint(out, f.armed);
  append_varint(out, f.running);
  append_varint(out, static_cast<std::uint64_t>(f.last_outcome));
  append_varint(out, f.fired);
  append_varint(out, f.sequence);
  append_varint(out, f.by_hand);
  append_varint(out, f.ended_at ? static_cast<std::uint64_t>(to_unix_ms(*f.ended_at)) : 0);
  append_text(out, f.latest);
  append_text(out, f.planned);
  if (f.kind == Kind::Real) return out;
  append_varint(out, static_cast<std::uint64_t>(f.overlap));
  append_varint(out, f.max_count);
  append_varint(out, f.begun);
  return out;
}

/// What was added to the facts later: not there, or not in a REAL's, means the defaults.
static bool take_later_facts(std::string_view bytes, Facts& facts) {
  if (bytes.empty()) {
    facts.overlap = facts.kind == Kind::Ladder && facts.run_once ? Overlap::BufferAll : Overlap::Allow;
    return true;
  }
  const auto overlap = take_varint(bytes);
  const auto max_count = take_varint(bytes);
  const auto begun = take_varint(bytes);
  if (!overlap || !max_count || !begun || *overlap > static_cast<std::uint64_t>(Overlap::Allow)) return false;
  facts.overlap = static_cast<Overlap>(*overlap);
  facts.max_count = static_cast<std::uint32_t>(*max_count);
  facts.begun = *begun;
  return true;
}

Result<Facts> decode_facts(std::string_view bytes) {
  std::array<std::uint64_t, 9> numbers{};
  for (auto& number : numbers) {
    const auto taken = take_varint(bytes);
    if (!taken) return corrupt("task's facts");
    number = *taken;
  }
  const auto latest = take_text(bytes);
  const auto planned = take_text(bytes);
  const auto bits = numbers[0];
  if (!latest || !planned || (bits & 7U) < 1 || (bits & 7U) > 4 || numbers[4] > 6) return corrupt("task's facts");
  Facts facts{.kind = static_cast<Kind>(bits & 7U),
              .run_once = bit_of(bits, kRunOnce),
              .cancelled = bit_of(bits, kCancelled),
              .paused = bit_of(bits, kPaused),
              .succeeded = bit_of(bits, kSucceeded),
              .record_apart = bit_of(bits, kRecordApart),
              .unique_key = bit_of(bits, kUniqueKey),
              .ranges = bit_of(bits, kRanges),
              .attempts = bit_of(bits, kAttempts),
              .records = bit_of(bits, kRecords),
              .version = static_cast<std::uint32_t>(numbers[1]),
              .armed = static_cast<std::uint32_t>(numbers[2]),
              .running = static_cast<std::uint32_t>(numbers[3]),
              .last_outcome = static_cast<Outcome>(numbers[4]),
              .fired = numbers[5],
              .sequence = numbers[6],
              .by_hand = numbers[7],
              .ended_at = {},
              .latest = std::string(*latest),
              .planned = std::string(*planned)};
  if (numbers[8] != 0) facts.ended_at = from_unix_ms(static_cast<std::int64_t>(numbers[8]));
  if (!take_later_facts(bytes, facts)) return corrupt("task's facts");
  return facts;
}

std::int64_t encode_flags(const Row& row) {
  const auto& f = row.firing;
  const auto bits = static_cast<std::uint64_t>(f.wait_reason) | static_cast<std::uint64_t>(f.fate) << 3U |
                    static_cast<std::uint64_t>(f.skip_reason) << 5U | static_cast<std::uint64_t>(f.outcome) << 8U | bit(f.suspect, 11) |
                    bit(f.started, 12) | static_cast<std::uint64_t>(row.priority & 15) << 13U | bit(row.on_lost == OnLost::Unknown, 17) |
                    bit(row.end_accepted, 18) | bit(row.next_armed, 19);
  return static_cast<std::int64_t>(bits);
}

Result<void> decode_flags(std::int64_t flags, Row& row) {
  const auto bits = static_cast<std::uint64_t>(flags);
  const auto wait_reason = bits & 7U;
  const auto skip_reason = (bits >> 5U) & 7U;
  const auto outcome = (bits >> 8U) & 7U;
  if (bits >= (1U << 20U) || wait_reason > 4 || skip_reason > 6 || outcome > 6) return corrupt("firing's flags");
  row.firing.wait_reason = static_cast<WaitReason>(wait_reason);
  row.firing.fate = static_cast<Fate>((bits >> 3U) & 3U);
  row.firing.skip_reason = static_cast<SkipReason>(skip_reason);
  row.firing.outcome = static_cast<Outcome>(outcome);
  row.firing.suspect = bit_of(bits, 11);
  row.firing.started = bit_of(bits, 12);
  row.priority = static_cast<std::int32_t>((bits >> 13U) & 15U);
  row.on_lost = bit_of(bits, 17) ? OnLost::Unknown : OnLost::Rerun;
  row.end_accepted = bit_of(bits, 18);
  row.next_armed = bit_of(bits, 19);
  return {};
}

std::string encode_more(const Row& row) {
  std::string out;
  const auto& firing = row.firing;
  append_time_field(out, kWaitingSince, firing.waiting_since);
  append_time_field(out, kCancelAskedAt, firing.cancel_asked_at);
  append_time_field(out, kCancelAcknowledgedAt, firing.cancel_acknowledged_at);
  append_payload_field(out, kParams, firing.params);
  append_payload_field(out, kResult, firing.result);
  if (!firing.error.empty()) {
    append_varint(out, kError);
    append_text(out, firing.error);
  }
  if (firing.chained) {
    append_varint(out, kChained);
    append_text(out, view(pack(*firing.chained)));
  }
  if (row.pinned_version != 0) append_number_field(out, kPinnedVersion, row.pinned_version);
  return out;
}

Result<void> decode_more(std::string_view bytes, Row& row) {
  while (!bytes.empty()) {
    const auto tag = take_varint(bytes);
    const auto field = tag ? take_text(bytes) : std::nullopt;
    if (!field || !take_more_field(*tag, *field, row)) return corrupt("firing");
  }
  return {};
}

std::string encode_token(const RunToken& token) {
  std::string out;
  append_big_endian(out, token.high);
  append_big_endian(out, token.low);
  return out;
}

Result<RunToken> decode_token(std::string_view bytes) {
  if (bytes.size() != 16) return corrupt("run token");
  return RunToken{.high = big_endian(bytes.substr(0, 8)), .low = big_endian(bytes.substr(8))};
}

std::string encode_counts(const Counts& counts) {
  std::string out;
  for (const auto count : counts.tasks) append_varint(out, count);
  for (const auto count : counts.firings) append_varint(out, count);
  return out;
}

Result<Counts> decode_counts(std::string_view bytes) {
  Counts counts;
  const auto take = [&bytes](std::uint64_t& count) {
    const auto taken = take_varint(bytes);
    if (taken) count = *taken;
    return taken.has_value();
  };
  if (!std::ranges::all_of(counts.tasks, take) || !std::ranges::all_of(counts.firings, take)) return corrupt("shard's counts");
  return counts;
}

std::optional<std::int64_t> Row::place() const {
  const Shard shard = task.shard();
  if (open()) {
    const bool for_target = firing.wait_reason == WaitReason::NoExecutor || firing.wait_reason == WaitReason::Backlog;
    if (firing.state == State::Waiting && for_target) return place_waiting(shard, target);
    return place_first(shard, static_cast<int>(firing.state));
  }
  if (has_task && facts.ended_at) return place_first(shard, kTaskEnded);
  if (has_firing) return place_first(shard, static_cast<int>(State::Ended));
  return std::nullopt;
}

std::int64_t Row::score() const {
  if (open()) return to_unix_ms(firing.score);
  if (has_task && facts.ended_at) return to_unix_ms(*facts.ended_at);
  return firing.ended_at ? to_unix_ms(*firing.ended_at) : to_unix_ms(firing.score);
}

}  // namespace meepo::adapters::sqlite
