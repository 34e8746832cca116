#include "task/record_fields.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "task/record.h"

namespace meepo::record {
namespace {

constexpr std::size_t kDoubleBytes = 8;

}  // namespace

void append_bytes(std::string& out, std::uint64_t tag, std::string_view bytes) {
  append_varint(out, tag);
  append_varint(out, bytes.size());
  out += bytes;
}

void append_number(std::string& out, std::uint64_t tag, std::uint64_t number) {
  append_varint(out, tag);
  const std::size_t length_at = out.size();
  out += '\0';
  append_varint(out, number);
  out[length_at] = static_cast<char>(out.size() - length_at - 1);
}

void append_signed(std::string& out, std::uint64_t tag, std::int64_t number) { append_number(out, tag, zigzag(number)); }

void append_double(std::string& out, std::uint64_t tag, double number) {
  append_varint(out, tag);
  append_varint(out, kDoubleBytes);
  auto bits = std::bit_cast<std::uint64_t>(number);
  for (std::size_t i = 0; i < kDoubleBytes; ++i, bits >>= 8U) out += static_cast<char>(bits & 0xffU);
}

void append_payload(std::string& out, std::uint64_t tag, const Payload& payload) {
  if (payload.empty() && payload.encoding == Encoding::Json) return;
  append_varint(out, tag);
  append_varint(out, payload.data.size() + 1);
  out += static_cast<char>(payload.encoding);
  out += payload.data;
}

void append_pair(std::string& out, std::uint64_t tag, const std::pair<std::string, std::string>& pair) {
  std::string key_length;
  append_varint(key_length, pair.first.size());
  append_varint(out, tag);
  append_varint(out, key_length.size() + pair.first.size() + pair.second.size());
  out.append(key_length).append(pair.first).append(pair.second);
}

bool Reader::next() {
  if (!ok()) return false;
  if (input_.empty()) {
    if (end_ == End::Mark) problem("record", "is cut: it has no end mark");
    return false;
  }
  const std::string_view start = input_;
  const auto tag = take_varint(input_);
  if (tag == kEndTag && end_ == End::Mark) {
    if (!input_.empty()) problem("record", "goes on after its end mark");
    return false;
  }
  const auto length = tag ? take_varint(input_) : std::nullopt;
  if (!length || *length > input_.size() || tag == kEndTag) {
    problem("field", fmt::format("at {} bytes before the end is cut", start.size()));
    return false;
  }
  tag_ = *tag;
  value_ = input_.substr(0, *length);
  input_.remove_prefix(*length);
  raw_ = start.substr(0, start.size() - input_.size());
  return true;
}

std::uint64_t Reader::number(std::string_view name) {
  std::string_view rest = value_;
  const auto number = take_varint(rest);
  if (!number || !rest.empty()) problem(name, "is not a number");
  return number.value_or(0);
}

void Reader::read(std::string_view, std::string& out) { out = value_; }

void Reader::read(std::string_view name, std::uint32_t& out) {
  const std::uint64_t value = number(name);
  if (value > std::numeric_limits<std::uint32_t>::max()) return problem(name, "is out of range");
  out = static_cast<std::uint32_t>(value);
}

void Reader::read(std::string_view name, std::int32_t& out) {
  const std::int64_t value = unzigzag(number(name));
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max()) {
    return problem(name, "is out of range");
  }
  out = static_cast<std::int32_t>(value);
}

void Reader::read(std::string_view name, bool& out) {
  const std::uint64_t value = number(name);
  if (value > 1) return problem(name, "is out of range");
  out = value == 1;
}

void Reader::read(std::string_view name, double& out) {
  if (value_.size() != kDoubleBytes) return problem(name, "is not a number of 8 bytes");
  std::uint64_t bits = 0;
  for (std::size_t i = kDoubleBytes; i-- > 0;) bits = (bits << 8U) | static_cast<unsigned char>(value_[i]);
  const auto value = std::bit_cast<double>(bits);
  if (!std::isfinite(value)) return problem(name, "is not finite");
  out = value;
}

void Reader::read(std::string_view name, SysTime& out) { out = from_unix_ms(unzigzag(number(name))); }

void Reader::read(std::string_view name, milliseconds& out) { out = milliseconds(unzigzag(number(name))); }

void Reader::read(std::string_view name, Payload& out) {
  if (value_.empty()) return problem(name, "has no encoding");
  const auto encoding = static_cast<unsigned char>(value_.front());
  if (encoding < static_cast<unsigned>(Encoding::Json) || encoding > static_cast<unsigned>(Encoding::Bytes)) {
    return problem(name, "has an unknown encoding");
  }
  out.encoding = static_cast<Encoding>(encoding);
  out.data = value_.substr(1);
}

void Reader::read(std::string_view name, std::pair<std::string, std::string>& out) {
  std::string_view rest = value_;
  const auto length = take_varint(rest);
  if (!length || *length > rest.size()) return problem(name, "is cut");
  out.first = rest.substr(0, *length);
  out.second = rest.substr(*length);
}

void Reader::problem(std::string_view name, std::string_view what) {
  if (ok()) problem_ = fmt::format("{} {}", name, what);
}

Result<std::string_view> open_record(std::string_view record, std::string_view what) {
  if (record.empty()) return corrupt(what, "it is empty");
  const auto version = static_cast<unsigned char>(record.front());
  if (version == 0) return corrupt(what, "it starts with 0, which is no version");
  if (version > kRecordVersion) {
    return corrupt(what, fmt::format("it has version {}, this Meepo reads up to {}: a newer one wrote it", version, kRecordVersion));
  }
  return record.substr(1);
}

std::unexpected<Error> corrupt(std::string_view what, std::string_view problem) {
  return fail(Code::Corruption, fmt::format("read {} record: {}", what, problem));
}

}  // namespace meepo::record
