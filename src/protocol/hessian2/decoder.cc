#include "protocol/hessian2/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <utility>
#include <vector>

#include "protocol/hessian2/forms.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kUntilEndMark = -1;  // the count of a list that ends with Z

/// The number whose high bits are in the tag, of which `zero` stands for 0, and whose `bits` low ones came behind it.
constexpr std::int64_t joined_number(std::uint8_t tag, std::int64_t zero, std::uint64_t low, unsigned bits) {
  return (std::int64_t{tag} - zero) * (std::int64_t{1} << bits) + static_cast<std::int64_t>(low);
}

Value int_value(std::int64_t number) { return Document::integer(static_cast<std::int32_t>(number)); }

}  // namespace

Result<Value> Decoder::read() {
  Value value;
  if (failure_ == nullptr) {
    const bool fits = in_.size() <= kStreamBytesMax || too_much("octets", kStreamBytesMax);
    if (fits && !std::exchange(is_kept_, true)) in_ = document_->keep(in_);
    if (fits && count_values(1) && read_value(value, 0)) return value;
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
  if (octets > left()) return is_cut();
  out = in_.substr(at_, octets);
  at_ += octets;
  return true;
}

bool Decoder::read_value(Value& out, std::size_t depth) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  // Any number of definitions may stand before a value; only objects need them.
  while (tag == 'C') {
    if (!read_definition() || !take_tag(tag)) return false;
  }
  std::string_view text;
  switch (kForms[tag]) {
    case Form::Null: out = {}; return true;
    case Form::Bool: out = Document::boolean(tag == 'T'); return true;
    case Form::IntTag: out = int_value(joined_number(tag, 0x90, 0, 0)); return true;
    case Form::String:
      if (!read_string(tag, text)) return false;
      out = Document::text_value(Kind::String, text);
      return true;
    case Form::Bytes:
      if (!read_bytes(tag, text)) return false;
      out = Document::text_value(Kind::Bytes, text);
      return true;
    case Form::Double: return read_double(tag, out);
    case Form::Reference: return read_reference(out);
    case Form::List:
    case Form::Map:
    case Form::Object: return read_container(tag, out, depth);
    default: return read_number(tag, out);
  }
}

bool Decoder::read_container(std::uint8_t tag, Value& out, std::size_t depth) {
  if (depth == kDepthMax) return too_much("levels", kDepthMax);
  if (references_.size() == kContainersMax) return too_much("lists, maps and objects", kContainersMax);
  if (kForms[tag] == Form::Object) return read_object(tag, out, depth);
  if (kForms[tag] == Form::Map) return read_map(tag, out, depth);
  return read_list(tag, out, depth);
}

/// Ints, longs and dates.
bool Decoder::read_number(std::uint8_t tag, Value& out) {
  std::uint64_t low = 0;
  std::int64_t number = 0;
  switch (kForms[tag]) {
    case Form::IntTag: out = int_value(joined_number(tag, 0x90, 0, 0)); return true;
    case Form::IntOctet:
      if (!take_unsigned<1>(low)) return false;
      out = int_value(joined_number(tag, 0xC8, low, 8));
      return true;
    case Form::IntShort:
      if (!take_unsigned<2>(low)) return false;
      out = int_value(joined_number(tag, 0xD4, low, 16));
      return true;
    case Form::IntWord:
      if (!take_signed<4>(number)) return false;
      out = int_value(number);
      return true;
    case Form::LongTag: out = Document::long_integer(joined_number(tag, 0xE0, 0, 0)); return true;
    case Form::LongOctet:
      if (!take_unsigned<1>(low)) return false;
      out = Document::long_integer(joined_number(tag, 0xF8, low, 8));
      return true;
    case Form::LongShort:
      if (!take_unsigned<2>(low)) return false;
      out = Document::long_integer(joined_number(tag, 0x3C, low, 16));
      return true;
    case Form::LongWord:
      if (!take_signed<4>(number)) return false;
      out = Document::long_integer(number);
      return true;
    case Form::Long:
      if (!take_signed<8>(number)) return false;
      out = Document::long_integer(number);
      return true;
    case Form::Date:
      if (!take_signed<8>(number)) return false;
      out = Document::date(number);
      return true;
    case Form::DateMinutes:
      if (!take_signed<4>(number)) return false;
      out = Document::date(number * kMinuteMs);
      return true;
    default: --at_; return broken("no value begins with this octet");
  }
}

bool Decoder::read_double(std::uint8_t tag, Value& out) {
  std::int64_t number = 0;
  switch (tag) {
    case 0x5B:
    case 0x5C: out = Document::real(tag - 0x5B); return true;
    case 0x5D:
      if (!take_signed<1>(number)) return false;
      out = Document::real(static_cast<double>(number));
      return true;
    case 0x5E:
      if (!take_signed<2>(number)) return false;
      out = Document::real(static_cast<double>(number));
      return true;
    case 0x5F:  // the specification says a float; Java writes and reads thousandths
      if (!take_signed<4>(number)) return false;
      out = Document::real(0.001 * static_cast<double>(number));
      return true;
    default:
      if (!take_signed<8>(number)) return false;
      out = Document::real(std::bit_cast<double>(number));
      return true;
  }
}

/// Small ints and short texts of ASCII, which most parts are, without the way through all forms. False: it is another value.
inline bool Decoder::read_short(Value& out) {
  if (left() == 0) return false;
  const auto tag = static_cast<std::uint8_t>(in_[at_]);
  if (tag >= 0x80 && tag <= 0xBF) {
    ++at_;
    out = int_value(joined_number(tag, 0x90, 0, 0));
    return true;
  }
  if (tag > 0x1F || tag >= left()) return false;
  const auto text = in_.substr(at_ + 1, tag);
  if (ascii_octets(text) != tag) return false;
  at_ += std::size_t{1} + tag;
  out = Document::text_value(Kind::String, text);
  return true;
}

bool Decoder::read_list(std::uint8_t tag, Value& out, std::size_t depth) {
  const bool is_typed = (tag >= 0x70 && tag <= 0x77) || tag == 0x55 || tag == 0x56;
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
  if (count == kUntilEndMark) return read_until_end_mark(out, depth);
  const auto items = static_cast<std::size_t>(count);
  return count_values(items) && read_parts(document_->make_items(out, items), depth);
}

bool Decoder::read_until_end_mark(Value list, std::size_t depth) {
  const auto first = parts_.size();
  while (!is_next('Z')) {
    Value item;
    if (!count_values(1) || !read_value(item, depth + 1)) return false;
    parts_.push_back(item);
  }
  ++at_;
  const auto items = std::span(parts_).subspan(first);
  std::ranges::copy(items, document_->make_items(list, items.size()).begin());
  parts_.resize(first);
  return true;
}

/// The items of a list or the fields of an object: counted, and with room for them, before they come.
bool Decoder::read_parts(std::span<Value> parts, std::size_t depth) {
  for (auto& part : parts) {
    if (!read_short(part) && !read_value(part, depth + 1)) return false;
  }
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
    if (!count_values(2)) return false;
    if (!read_short(key) && !read_value(key, depth + 1)) return false;
    if (!read_short(value) && !read_value(value, depth + 1)) return false;
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
  const auto fields = definition->fields.size();
  return count_values(fields) && read_parts(document_->make_fields(out, fields), depth);
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
  definitions_.push_back(document_->define(name, fields));
  return true;
}

bool Decoder::read_type(std::string_view& out) {
  if (left() > 0 && kForms[static_cast<std::uint8_t>(in_[at_])] == Form::String) {
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

bool Decoder::read_name(std::string_view& out) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (kForms[tag] != Form::String) return broken("expected the name of a class, a field or a type");
  return read_string(tag, out);
}

bool Decoder::read_int(std::int64_t& out) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (kForms[tag] < Form::IntTag || kForms[tag] > Form::IntWord)
    return broken("expected an int: a length or the number of a class, a type or a reference");
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
