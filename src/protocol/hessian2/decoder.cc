#include "protocol/hessian2/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "protocol/hessian2/forms.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::int64_t kUntilEndMark = -1;  // the count of a list that ends with Z

constexpr char kEndMark = 'Z';

/// The end of the short text of ASCII that begins at `at`, which most texts are; nullptr if it is another value, or cut.
inline const char* read_short_text(const char* at, const char* end, std::string_view& out) {
  if (at == end) return nullptr;
  const auto octets = static_cast<std::uint8_t>(*at);
  if (octets >= kShortOctets || octets >= end - at) return nullptr;
  out = {at + 1, octets};
  return is_ascii(out) ? at + 1 + octets : nullptr;
}

}  // namespace

/// Scalars and short texts of ASCII, which most parts are, without the way through all forms; a text stays where it is.
/// The end of what begins at `at`; nullptr if it is another value, or too near to `end`.
[[gnu::always_inline]] inline const char* Decoder::read_simple(const char* at, const char* end, Value& out) {
  std::string_view text;
  if (const auto* const behind = read_short_text(at, end, text)) {
    out = Document::text_value(Kind::String, text);
    return behind;
  }
  return static_cast<std::size_t>(end - at) >= kScalarOctetsMost ? read_scalar(at, out) : nullptr;
}

Result<Value> Decoder::read() {
  Value value;
  if (failure_ == nullptr) {
    const bool fits = offset() + left() <= kStreamBytesMax || too_much("octets", kStreamBytesMax);
    if (fits && !std::exchange(is_kept_, true)) {
      const auto kept = document_->keep_stream(rest());
      begin_ = at_ = kept.data();
      end_ = begin_ + kept.size();
    }
    if (fits && count_values(1) && read_parts({&value, 1}, 0)) return value;
  }
  const auto place = fmt::format("read a Hessian value up to octet {} of {}", offset(), end_ - begin_);
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
  out = static_cast<std::uint8_t>(*at_++);
  return true;
}

bool Decoder::take_octets(std::uint64_t octets, std::string_view& out) {
  if (octets > left()) return is_cut();
  out = rest().substr(0, octets);
  at_ += octets;
  return true;
}

/// The scalar whose tag has been taken. Near the end of the stream a copy of it is read, behind which there is room.
bool Decoder::take_scalar(Value& out) {
  const auto* const tag = at_ - 1;
  const auto octets = std::min(left() + 1, kScalarOctetsMost);
  std::array<char, kScalarOctetsMost> copy{};
  std::copy_n(tag, octets, copy.begin());
  const auto* const end = read_scalar(copy.data(), out);
  if (end == nullptr) {
    --at_;
    return broken("no value begins with this octet");
  }
  const auto length = static_cast<std::size_t>(end - copy.data());
  if (length > octets) return is_cut();
  at_ = tag + length;
  return true;
}

/// The items of a list or the fields of an object: counted, and with room for them, before they come. The place in the stream is kept
/// beside the members while simple values follow one another.
bool Decoder::read_parts(std::span<Value> parts, std::size_t depth) {
  const auto* at = at_;
  const auto* const end = end_;
  for (auto& part : parts) {
    if (const auto* const next = read_simple(at, end, part)) {
      at = next;
      continue;
    }
    at_ = at;
    if (!read_value(part, depth)) return false;
    at = at_;
  }
  at_ = at;
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
    case Form::String:
      if (!read_string(tag, text)) return false;
      out = Document::text_value(Kind::String, text);
      return true;
    case Form::Bytes:
      if (!read_bytes(tag, text)) return false;
      out = Document::text_value(Kind::Bytes, text);
      return true;
    case Form::Reference: return read_reference(out);
    case Form::List:
    case Form::Map:
    case Form::Object: return read_container(tag, out, depth);
    default: return take_scalar(out);
  }
}

bool Decoder::read_container(std::uint8_t tag, Value& out, std::size_t depth) {
  if (depth == kDepthMax) return too_much("levels", kDepthMax);
  if (references_.size() == kContainersMax) return too_much("lists, maps and objects", kContainersMax);
  if (kForms[tag] == Form::Object) return read_object(tag, out, depth);
  if (kForms[tag] == Form::Map) return read_map(tag, out, depth);
  return read_list(tag, out, depth);
}

/// Numbers the container. The value goes into the table from registers: read again from where it has just been put together, each would
/// wait for its two halves.
inline Value Decoder::begin(Value container) {
  references_.emplace_back() = container;
  return container;
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
  out = begin(document_->begin_list(type));
  if (count != kUntilEndMark) {
    const auto items = static_cast<std::size_t>(count);
    return count_values(items) && read_parts(document_->make_items(out, items), depth + 1);
  }
  const auto first = parts_.size();
  if (!read_until_end_mark(depth + 1)) return false;
  const auto items = std::span(parts_).subspan(first);
  std::ranges::copy(items, document_->make_items(out, items.size()).begin());
  parts_.resize(first);
  return true;
}

bool Decoder::read_map(std::uint8_t tag, Value& out, std::size_t depth) {
  std::string_view type;
  if (tag == 'M' && !read_type(type)) return false;
  out = begin(document_->begin_map(type));
  const auto first = parts_.size();
  if (!read_until_end_mark(depth + 1)) return false;
  if ((parts_.size() - first) % 2 != 0) return broken("a map ends behind a key");
  document_->end_map(out, std::span(parts_).subspan(first));
  parts_.resize(first);
  return true;
}

/// Appends what comes to parts_.
bool Decoder::read_until_end_mark(std::size_t depth) {
  for (;;) {
    if (at_ < end_ && *at_ == kEndMark) {
      ++at_;
      return true;
    }
    if (!count_values(1)) return false;
    if (const auto* const next = read_simple(at_, end_, parts_.emplace_back())) {
      at_ = next;
      continue;
    }
    // Its parts may move the table.
    const auto place = parts_.size() - 1;
    Value part;
    if (!read_value(part, depth)) return false;
    parts_[place] = part;
  }
}

bool Decoder::read_object(std::uint8_t tag, Value& out, std::size_t depth) {
  std::int64_t index = tag - 0x60;
  if (tag == 'O' && !read_int(index)) return false;
  if (index < 0 || static_cast<std::size_t>(index) >= definitions_.size()) return broken("an object is of a class that is not defined");
  const auto* const definition = definitions_[static_cast<std::size_t>(index)];
  out = begin(document_->begin_object(definition));
  const auto fields = definition->fields.size();
  return count_values(fields) && read_parts(document_->make_fields(out, fields), depth + 1);
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
  const auto fields = document_->make_names(static_cast<std::size_t>(count));
  for (auto& field : fields) {
    if (!read_name(field)) return false;
  }
  definitions_.push_back(document_->define(name, fields));
  return true;
}

bool Decoder::read_type(std::string_view& out) {
  if (left() > 0 && kForms[static_cast<std::uint8_t>(*at_)] == Form::String) {
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
  if (const auto* const behind = read_short_text(at_, end_, out)) {
    at_ = behind;
    return true;
  }
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (kForms[tag] != Form::String) return broken("expected the name of a class, a field or a type");
  return read_string(tag, out);
}

bool Decoder::read_int(std::int64_t& out) {
  std::uint8_t tag = 0;
  if (!take_tag(tag)) return false;
  if (!kScalarForms[tag].is_scalar || kScalarForms[tag].kind != Kind::Int)
    return broken("expected an int: a length or the number of a class, a type or a reference");
  Value value;
  if (!take_scalar(value)) return false;
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
