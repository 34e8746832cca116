#include "protocol/hessian2/decoder.h"

#include <fmt/format.h>

#include <bit>
#include <span>

#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kUntilEndMark = -1;  // the count of a list that ends with Z

constexpr bool is_between(std::uint8_t tag, std::uint8_t first, std::uint8_t last) { return tag >= first && tag <= last; }

constexpr bool is_string(std::uint8_t tag) { return tag <= 0x1F || is_between(tag, 0x30, 0x33) || tag == 0x52 || tag == 0x53; }

constexpr bool is_bytes(std::uint8_t tag) {
  return is_between(tag, 0x20, 0x2F) || is_between(tag, 0x34, 0x37) || tag == 0x41 || tag == 0x42;
}

constexpr bool is_int(std::uint8_t tag) { return is_between(tag, 0x80, 0xD7) || tag == 'I'; }

}  // namespace

Result<Value> Decoder::read() {
  Value value;
  if (failure_ == nullptr) {
    const bool fits = in_.size() <= kStreamBytesMax || too_much("octets", kStreamBytesMax);
    if (fits && read_value(value, 0)) return value;
  }
  const auto place = fmt::format("read a Hessian value up to octet {} of {}", at_, in_.size());
  if (failure_most_ == 0) return fail(Code::Corruption, fmt::format("{}: {}", place, failure_));
  return fail(Code::Exhausted, fmt::format("{}: more than {} {}", place, failure_most_, failure_));
}

bool Decoder::broken(const char* why) {
  failure_ = why;
  return false;
}

bool Decoder::too_much(const char* what, std::size_t most) {
  failure_ = what;
  failure_most_ = most;
  return false;
}

bool Decoder::count_values(std::size_t values) {
  values_ += values;
  return values_ <= kValuesMax || too_much("values", kValuesMax);
}

bool Decoder::take_tag(std::uint8_t& out) {
  if (left() == 0) return broken("expected a value, found the end");
  out = static_cast<std::uint8_t>(in_[at_++]);
  return true;
}

bool Decoder::take_octets(std::uint64_t octets, std::string_view& out) {
  if (octets > left()) return broken("a number, a string or bytes are cut");
  out = in_.substr(at_, octets);
  at_ += octets;
  return true;
}

bool Decoder::take_number(std::size_t octets, std::uint64_t& out) {
  std::string_view text;
  if (!take_octets(octets, text)) return false;
  out = 0;
  for (const char c : text) out = out << 8U | static_cast<std::uint8_t>(c);
  return true;
}

bool Decoder::take_signed(std::size_t octets, std::int64_t& out) {
  std::uint64_t number = 0;
  if (!take_number(octets, number)) return false;
  const auto unused_bits = 64 - 8 * octets;
  out = static_cast<std::int64_t>(number << unused_bits) >> unused_bits;
  return true;
}

bool Decoder::read_value(Value& out, std::size_t depth) {
  std::uint8_t tag = 0;
  if (!count_values(1) || !take_tag(tag)) return false;
  // Any number of definitions may stand before a value; only objects need them.
  while (tag == 'C') {
    if (!read_definition() || !take_tag(tag)) return false;
  }
  if (is_string(tag)) {
    std::string_view text;
    if (!read_string(tag, text)) return false;
    out = document_->string(text);
    return true;
  }
  if (is_bytes(tag)) {
    std::string_view octets;
    if (!read_bytes(tag, octets)) return false;
    out = document_->bytes(octets);
    return true;
  }
  switch (tag) {
    case 'N': out = {}; return true;
    case 'T':
    case 'F': out = Document::boolean(tag == 'T'); return true;
    case 0x51: return read_reference(out);
    default: break;
  }
  const bool is_container = tag == 'H' || tag == 'M' || tag == 'O' || is_between(tag, 0x55, 0x58) || is_between(tag, 0x60, 0x7F);
  return is_container ? read_container(tag, out, depth) : read_number(tag, out);
}

bool Decoder::read_container(std::uint8_t tag, Value& out, std::size_t depth) {
  if (depth == kDepthMax) return too_much("levels", kDepthMax);
  if (references_.size() == kContainersMax) return too_much("lists, maps and objects", kContainersMax);
  if (tag == 'H' || tag == 'M') return read_map(tag, out, depth);
  if (tag == 'O' || is_between(tag, 0x60, 0x6F)) return read_object(tag, out, depth);
  return read_list(tag, out, depth);
}

// Numbers of one tag and up to two octets more. Their high bits are in the tag.
bool Decoder::read_number(std::uint8_t tag, Value& out) {
  const auto high = static_cast<std::int64_t>(tag);
  std::uint64_t low = 0;
  if (is_between(tag, 0x80, 0xBF)) {
    out = Document::integer(static_cast<std::int32_t>(high - 0x90));
  } else if (is_between(tag, 0xC0, 0xCF)) {
    if (!take_number(1, low)) return false;
    out = Document::integer(static_cast<std::int32_t>((high - 0xC8) * 0x100 + static_cast<std::int64_t>(low)));
  } else if (is_between(tag, 0xD0, 0xD7)) {
    if (!take_number(2, low)) return false;
    out = Document::integer(static_cast<std::int32_t>((high - 0xD4) * 0x10000 + static_cast<std::int64_t>(low)));
  } else if (is_between(tag, 0xD8, 0xEF)) {
    out = Document::long_integer(high - 0xE0);
  } else if (tag >= 0xF0) {
    if (!take_number(1, low)) return false;
    out = Document::long_integer((high - 0xF8) * 0x100 + static_cast<std::int64_t>(low));
  } else if (is_between(tag, 0x38, 0x3F)) {
    if (!take_number(2, low)) return false;
    out = Document::long_integer((high - 0x3C) * 0x10000 + static_cast<std::int64_t>(low));
  } else {
    return read_wide_number(tag, out);
  }
  return true;
}

bool Decoder::read_wide_number(std::uint8_t tag, Value& out) {
  std::int64_t number = 0;
  switch (tag) {
    case 'I':
      if (!take_signed(4, number)) return false;
      out = Document::integer(static_cast<std::int32_t>(number));
      return true;
    case 'L':
    case 'Y':
      if (!take_signed(tag == 'L' ? 8 : 4, number)) return false;
      out = Document::long_integer(number);
      return true;
    case 0x4A:
      if (!take_signed(8, number)) return false;
      out = Document::date(number);
      return true;
    case 0x4B:
      if (!take_signed(4, number)) return false;
      out = Document::date(number * kMinuteMs);
      return true;
    case 'D':
      if (!take_signed(8, number)) return false;
      out = Document::real(std::bit_cast<double>(number));
      return true;
    case 0x5B:
    case 0x5C: out = Document::real(tag - 0x5B); return true;
    case 0x5D:
    case 0x5E:
      if (!take_signed(tag == 0x5D ? 1 : 2, number)) return false;
      out = Document::real(static_cast<double>(number));
      return true;
    case 0x5F:  // the specification says a float; Java writes and reads thousandths
      if (!take_signed(4, number)) return false;
      out = Document::real(0.001 * static_cast<double>(number));
      return true;
    default: --at_; return broken("no value begins with this octet");
  }
}

bool Decoder::read_list(std::uint8_t tag, Value& out, std::size_t depth) {
  const bool is_typed = is_between(tag, 0x70, 0x77) || tag == 0x55 || tag == 0x56;
  std::string_view type;
  if (is_typed && !read_type(type)) return false;
  std::int64_t count = kUntilEndMark;
  if (tag >= 0x70) {
    count = tag % 8;
  } else if (tag == 0x56 || tag == 0x58) {
    if (!read_count(count)) return false;
  }
  out = document_->begin_list(type);
  references_.push_back(out);
  const auto first = parts_.size();
  for (; count == kUntilEndMark ? !is_next('Z') : count > 0; count -= count > 0 ? 1 : 0) {
    Value item;
    if (!read_value(item, depth + 1)) return false;
    parts_.push_back(item);
  }
  if (count == kUntilEndMark) ++at_;
  document_->end_list(out, std::span(parts_).subspan(first));
  parts_.resize(first);
  return true;
}

bool Decoder::read_map(std::uint8_t tag, Value& out, std::size_t depth) {
  std::string_view type;
  if (tag == 'M' && !read_type(type)) return false;
  out = document_->begin_map(type);
  references_.push_back(out);
  const auto first = parts_.size();
  while (!is_next('Z')) {
    Value key;
    Value value;
    if (!read_value(key, depth + 1) || !read_value(value, depth + 1)) return false;
    parts_.push_back(key);
    parts_.push_back(value);
  }
  ++at_;
  document_->end_map(out, std::span(parts_).subspan(first));
  parts_.resize(first);
  return true;
}

bool Decoder::read_object(std::uint8_t tag, Value& out, std::size_t depth) {
  std::int64_t index = tag - 0x60;
  if (tag == 'O' && !read_int(index)) return false;
  if (index < 0 || static_cast<std::size_t>(index) >= definitions_.size()) return broken("an object is of a class that is not defined");
  const auto* const definition = definitions_[static_cast<std::size_t>(index)];
  out = document_->begin_object(definition);
  references_.push_back(out);
  const auto first = parts_.size();
  for (std::size_t i = 0; i < definition->fields.size(); ++i) {
    Value field;
    if (!read_value(field, depth + 1)) return false;
    parts_.push_back(field);
  }
  document_->end_object(out, std::span(parts_).subspan(first));
  parts_.resize(first);
  return true;
}

bool Decoder::read_reference(Value& out) {
  std::int64_t index = 0;
  if (!read_int(index)) return false;
  if (index < 0 || static_cast<std::size_t>(index) >= references_.size()) return broken("a reference to what has not begun");
  out = references_[static_cast<std::size_t>(index)];
  return true;
}

bool Decoder::read_definition() {
  if (definitions_.size() == kDefinitionsMax) return too_much("classes", kDefinitionsMax);
  std::string_view name;
  std::int64_t count = 0;
  if (!read_name(name) || !read_count(count) || !count_values(static_cast<std::size_t>(count))) return false;
  std::vector<std::string_view> fields(static_cast<std::size_t>(count));
  for (auto& field : fields) {
    if (!read_name(field)) return false;
  }
  definitions_.push_back(document_->define(name, document_->copy(std::span<const std::string_view>(fields))));
  return true;
}

bool Decoder::read_type(std::string_view& out) {
  if (left() > 0 && is_string(static_cast<std::uint8_t>(in_[at_]))) {
    if (types_.size() == kTypesMax) return too_much("names of types", kTypesMax);
    if (!read_name(out)) return false;
    types_.push_back(out);
    return true;
  }
  std::int64_t index = 0;
  if (!read_int(index)) return false;
  if (index < 0 || static_cast<std::size_t>(index) >= types_.size()) return broken("a reference to a type that has not been named");
  out = types_[static_cast<std::size_t>(index)];
  return true;
}

/// A name stays in the document, like the values.
bool Decoder::read_name(std::string_view& out) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (!is_string(tag)) return broken("expected the name of a class, a field or a type");
  if (!read_string(tag, out)) return false;
  out = document_->keep(out);
  return true;
}

bool Decoder::read_int(std::int64_t& out) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (!is_int(tag)) return broken("expected an int: a length or the number of a class, a type or a reference");
  Value value;
  if (!read_number(tag, value)) return false;
  out = value.number();
  return true;
}

bool Decoder::read_count(std::int64_t& out) {
  if (!read_int(out)) return false;
  // Each part takes an octet at least: so no length makes room for what cannot come.
  return (out >= 0 && static_cast<std::size_t>(out) <= left()) || broken("a length is negative or passes the end");
}

bool Decoder::take_units(std::uint64_t units, std::string_view& out) {
  const auto found = find_units(in_.substr(at_), units);
  if (!found) return broken("a string is cut or no UTF-8");
  out = in_.substr(at_, found->octets);
  at_ += found->octets;
  if (found->is_plain) return true;
  joined_.clear();
  append_units(joined_, out);
  out = joined_;
  return true;
}

/// The answer holds until the next string or bytes.
bool Decoder::read_string(std::uint8_t tag, std::string_view& out) {
  std::uint64_t units = tag;
  if (tag == 0x52) return read_chunked_string(out);
  if (tag == 0x53) {
    if (!take_number(2, units)) return false;
  } else if (tag >= 0x30) {
    if (!take_number(1, units)) return false;
    units += (tag - 0x30U) * 0x100U;
  }
  return take_units(units, out);
}

bool Decoder::read_chunked_string(std::string_view& out) {
  std::string joined;
  std::uint8_t tag = 0x52;
  while (tag == 0x52) {
    std::uint64_t units = 0;
    if (!take_number(2, units) || !take_units(units, out)) return false;
    joined += out;
    if (!take_tag(tag)) return false;
  }
  if (!is_string(tag)) return broken("a string in chunks goes on with another value");
  if (!read_string(tag, out)) return false;
  joined += out;
  joined_ = std::move(joined);
  out = joined_;
  return true;
}

/// The answer holds until the next string or bytes.
bool Decoder::read_bytes(std::uint8_t tag, std::string_view& out) {
  const bool has_chunks = tag == 'A';
  std::uint64_t octets = 0;
  joined_.clear();
  while (tag == 'A') {
    if (!take_number(2, octets) || !take_octets(octets, out)) return false;
    joined_ += out;
    if (!take_tag(tag)) return false;
  }
  if (!is_bytes(tag)) return broken("bytes in chunks go on with another value");
  if (tag == 'B') {
    if (!take_number(2, octets)) return false;
  } else if (tag >= 0x34) {
    if (!take_number(1, octets)) return false;
    octets += (tag - 0x34U) * 0x100U;
  } else {
    octets = tag - 0x20U;
  }
  if (!take_octets(octets, out)) return false;
  if (has_chunks) out = joined_ += out;
  return true;
}

Result<Value> decode(std::string_view octets, Document& document) {
  Decoder decoder(octets, document);
  auto value = decoder.read();
  if (value && !decoder.at_end()) {
    return fail(Code::Corruption, fmt::format("read a Hessian value: it ends at octet {} of {}; expected nothing behind it",
                                              decoder.offset(), octets.size()));
  }
  return value;
}

}  // namespace meepo::hessian2
