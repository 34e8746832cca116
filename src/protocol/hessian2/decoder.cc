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
    const auto* const end = keep_stream() && count_values(at_, 1) ? read_parts(at_, {&value, 1}, 0) : nullptr;
    if (end != nullptr) {
      at_ = end;
      return value;
    }
  }
  const auto place = fmt::format("read a Hessian value up to octet {} of {}", offset(), end_ - begin_);
  if (failure_most_ == 0) return fail(Code::Corruption, fmt::format("{}: {}", place, failure_));
  return fail(Code::Exhausted, fmt::format("{}: more than {} {}", place, failure_most_, failure_));
}

/// At the first read(): false if the stream is too long.
bool Decoder::keep_stream() {
  if (is_kept_) return true;
  if (left(begin_) > kStreamBytesMax) {
    too_much(at_, "octets", kStreamBytesMax);
    return false;
  }
  const auto kept = document_->keep_stream({begin_, left(begin_)});
  begin_ = at_ = kept.data();
  end_ = begin_ + kept.size();
  return is_kept_ = true;
}

std::nullptr_t Decoder::broken(const char* at, const char* why) {
  at_ = at;
  failure_ = why;
  return nullptr;
}

std::nullptr_t Decoder::too_much(const char* at, const char* what, std::size_t most) {
  failure_most_ = most;
  return broken(at, what);
}

bool Decoder::count_values(const char* at, std::size_t values) {
  values_ += values;
  if (values_ <= kValuesMax) return true;
  too_much(at, "values", kValuesMax);
  return false;
}

/// Another list, map or object.
bool Decoder::may_begin(const char* at, std::size_t depth) {
  if (depth < kDepthMax && references_.size() < kContainersMax) return true;
  const bool is_deep = depth == kDepthMax;
  too_much(at, is_deep ? "levels" : "lists, maps and objects", is_deep ? kDepthMax : kContainersMax);
  return false;
}

/// The items of a list or the fields of an object: counted, and with room for them, before they come.
const char* Decoder::read_parts(const char* at, std::span<Value> parts, std::size_t depth) {
  const auto* const end = end_;
  for (auto& part : parts) {
    const auto* next = read_simple(at, end, part);
    if (next == nullptr) next = read_value(at, part, depth);
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

const char* Decoder::read_value(const char* at, Value& out, std::size_t depth) {
  // Any number of definitions may stand before a value; only objects need them.
  while (form(at) == Form::Definition) {
    at = read_definition(at);
    if (at == nullptr) return nullptr;
  }
  std::string_view text;
  switch (form(at)) {
    case Form::String:
      at = read_string(at, text);
      if (at != nullptr) out = Document::text_value(Kind::String, text);
      return at;
    case Form::Bytes:
      at = read_bytes(at, text);
      if (at != nullptr) out = Document::text_value(Kind::Bytes, text);
      return at;
    case Form::Reference: return read_reference(at, out);
    case Form::List: return may_begin(at, depth) ? read_list(at, out, depth) : nullptr;
    case Form::Map: return may_begin(at, depth) ? read_map(at, out, depth) : nullptr;
    case Form::Object: return may_begin(at, depth) ? read_object(at, out, depth) : nullptr;
    default: return read_any_scalar(at, out);
  }
}

/// Also near the end of the stream: there a copy of it is read, behind which there is room.
const char* Decoder::read_any_scalar(const char* at, Value& out) {
  if (at == end_) return broken(at, "expected a value, found the end");
  const auto octets = std::min(left(at), kScalarOctetsMost);
  std::array<char, kScalarOctetsMost> copy{};
  std::copy_n(at, octets, copy.begin());
  const auto* const end = read_scalar(copy.data(), out);
  if (end == nullptr) return broken(at, "no value begins with this octet");
  const auto length = static_cast<std::size_t>(end - copy.data());
  return length <= octets ? at + length : is_cut(at);
}

/// Numbers the container. The value goes into the table from registers: read again from where it has just been put together, each would
/// wait for its two halves.
inline Value Decoder::begin(Value container) {
  references_.emplace_back() = container;
  return container;
}

const char* Decoder::read_list(const char* at, Value& out, std::size_t depth) {
  const auto tag = static_cast<std::uint8_t>(*at++);
  const bool is_typed = (tag >= 0x70 && tag <= 0x77) || tag == 0x55 || tag == 0x56;
  std::string_view type;
  if (is_typed) at = read_type(at, type);
  std::int64_t count = tag >= 0x70 ? tag % 8 : kUntilEndMark;
  if (at != nullptr && (tag == 0x56 || tag == 0x58)) at = read_count(at, count);
  if (at == nullptr) return nullptr;
  out = begin(document_->begin_list(type));
  if (count != kUntilEndMark) {
    const auto items = static_cast<std::size_t>(count);
    return count_values(at, items) ? read_parts(at, document_->make_items(out, items), depth + 1) : nullptr;
  }
  const auto first = parts_.size();
  at = read_until_end_mark(at, depth + 1);
  if (at == nullptr) return nullptr;
  const auto items = std::span(parts_).subspan(first);
  std::ranges::copy(items, document_->make_items(out, items.size()).begin());
  parts_.resize(first);
  return at;
}

const char* Decoder::read_map(const char* at, Value& out, std::size_t depth) {
  const bool is_typed = *at++ == 'M';
  std::string_view type;
  if (is_typed) at = read_type(at, type);
  if (at == nullptr) return nullptr;
  out = begin(document_->begin_map(type));
  const auto first = parts_.size();
  at = read_until_end_mark(at, depth + 1);
  if (at == nullptr) return nullptr;
  if ((parts_.size() - first) % 2 != 0) return broken(at, "a map ends behind a key");
  document_->end_map(out, std::span(parts_).subspan(first));
  parts_.resize(first);
  return at;
}

/// Appends what comes to parts_.
const char* Decoder::read_until_end_mark(const char* at, std::size_t depth) {
  for (;;) {
    if (at < end_ && *at == kEndMark) return at + 1;
    if (!count_values(at, 1)) return nullptr;
    const auto* next = read_simple(at, end_, parts_.emplace_back());
    if (next == nullptr) {
      // Its parts may move the table.
      const auto place = parts_.size() - 1;
      Value part;
      next = read_value(at, part, depth);
      if (next == nullptr) return nullptr;
      parts_[place] = part;
    }
    at = next;
  }
}

const char* Decoder::read_object(const char* at, Value& out, std::size_t depth) {
  const auto tag = static_cast<std::uint8_t>(*at++);
  std::int64_t index = tag - 0x60;
  if (tag == 'O') at = read_int(at, index);
  if (at == nullptr) return nullptr;
  if (index < 0 || static_cast<std::size_t>(index) >= definitions_.size()) return broken(at, "an object is of a class that is not defined");
  const auto* const definition = definitions_[static_cast<std::size_t>(index)];
  if (!count_values(at, definition->fields.size())) return nullptr;
  const auto object = begin(document_->begin_object(definition));
  out = object;
  return read_parts(at, Document::fields_of(object), depth + 1);
}

const char* Decoder::read_reference(const char* at, Value& out) {
  std::int64_t index = 0;
  at = read_int(at + 1, index);
  if (at == nullptr) return nullptr;
  if (index < 0 || static_cast<std::size_t>(index) >= references_.size()) return broken(at, "a reference to what has not begun");
  out = references_[static_cast<std::size_t>(index)];
  return at;
}

const char* Decoder::read_definition(const char* at) {
  if (definitions_.size() == kDefinitionsMax) return too_much(at, "classes", kDefinitionsMax);
  std::string_view name;
  std::int64_t count = 0;
  at = read_name(at + 1, name);
  if (at != nullptr) at = read_count(at, count);
  if (at == nullptr || !count_values(at, static_cast<std::size_t>(count))) return nullptr;
  const auto fields = document_->make_names(static_cast<std::size_t>(count));
  for (auto& field : fields) {
    at = read_name(at, field);
    if (at == nullptr) return nullptr;
  }
  definitions_.push_back(document_->define(name, fields));
  return at;
}

const char* Decoder::read_type(const char* at, std::string_view& out) {
  if (form(at) == Form::String) {
    if (types_.size() == kTypesMax) return too_much(at, "names of types", kTypesMax);
    at = read_name(at, out);
    if (at != nullptr) types_.push_back(out);
    return at;
  }
  std::int64_t index = 0;
  at = read_int(at, index);
  if (at == nullptr) return nullptr;
  if (index < 0 || static_cast<std::size_t>(index) >= types_.size()) return broken(at, "a reference to a type that has not been named");
  out = types_[static_cast<std::size_t>(index)];
  return at;
}

const char* Decoder::read_name(const char* at, std::string_view& out) {
  if (const auto* const behind = read_short_text(at, end_, out)) return behind;
  return form(at) == Form::String ? read_string(at, out) : broken(at, "expected the name of a class, a field or a type");
}

const char* Decoder::read_int(const char* at, std::int64_t& out) {
  if (at != end_) {
    const auto& form = kScalarForms[static_cast<std::uint8_t>(*at)];
    if (!form.is_scalar || form.kind != Kind::Int)
      return broken(at, "expected an int: a length or the number of a class, a type or a reference");
  }
  Value value;
  const auto* const end = left(at) >= kScalarOctetsMost ? read_scalar(at, value) : read_any_scalar(at, value);
  if (end != nullptr) out = value.number();
  return end;
}

const char* Decoder::read_count(const char* at, std::int64_t& out) {
  at = read_int(at, out);
  // Each part takes an octet at least: so no length makes room for what cannot come.
  const bool fits = at == nullptr || (out >= 0 && static_cast<std::size_t>(out) <= left(at));
  return fits ? at : broken(at, "a length is negative or passes the end");
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
