#include "protocol/hessian2/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "protocol/hessian2/scalar.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

// The longest chunks that Java writes: strings in UTF-16 units, bytes in octets (its buffer of 8,192 less a tag and a length).
constexpr std::size_t kStringChunkUnits = 0x8000;
constexpr std::size_t kBytesChunk = 8'189;

constexpr std::size_t kFirstRoom = 512;  // octets: enough for a small message

constexpr std::size_t kCompactCount = 7;         // of items in the tag of a list
constexpr std::int32_t kCompactDefinitions = 16; // of classes in the tag of an object

/// The octets of the first `units` units.
std::size_t octets_of(std::string_view java_text, std::size_t units) {
  std::size_t at = 0;
  for (; units > 0; --units) {
    const auto first = static_cast<std::uint8_t>(java_text[at]);
    at += first < 0x80 ? 1 : first < 0xE0 ? 2 : 3;
  }
  return at;
}

bool ends_with_high_surrogate(std::string_view java_text) {
  return java_text.size() >= 3 && java_text[java_text.size() - 3] == '\xED' &&
         (static_cast<std::uint8_t>(java_text[java_text.size() - 2]) & 0xF0U) == 0xA0U;
}

/// @param at         with room for 1 + java_text.size() octets
/// @param java_text  shorter than kShortOctets
/// The end of what was written.
inline char* put_short_text(char* at, std::string_view java_text) {
  *at = static_cast<char>(is_ascii(java_text) ? java_text.size() : utf16_units(java_text));
  copy_short(at + 1, java_text);
  return at + 1 + java_text.size();
}

}  // namespace

Result<void> Encoder::write(Value value) {
  if (failure_.empty() && count_values(1) && write_value(value, 0)) {
    if (used() <= bytes_max_) return {};
    too_much("octets", bytes_max_);
  }
  return fail(Code::Exhausted, failure_);
}

/// A scalar asks for more room than it may take: the stream may pass bytes_max by that until it is given away.
bool Encoder::grow(std::size_t octets) {
  const auto needed = used() + octets;
  const auto most = bytes_max_ + kScalarOctetsMost;
  if (needed > most) return too_much("octets", bytes_max_);
  const auto written = used();
  out_.resize(std::max(needed, std::min(most, std::max(2 * out_.size(), kFirstRoom))));
  at_ = out_.data() + written;
  end_ = out_.data() + out_.size();
  return true;
}

bool Encoder::too_much(const char* what, std::size_t most) {
  failure_ = fmt::format("write a Hessian stream: more than {} {}", most, what);
  return false;
}

bool Encoder::count_values(std::size_t values) {
  values_ += values;
  return values_ <= kValuesMax || too_much("values", kValuesMax);
}

bool Encoder::put(std::uint8_t octet) {
  if (!make_room(1)) return false;
  *at_++ = static_cast<char>(octet);
  return true;
}

bool Encoder::write_int(std::int64_t number) {
  if (!make_room(kScalarOctetsMost)) return false;
  at_ = put_int(at_, number);
  return true;
}

bool Encoder::write_value(Value value, std::size_t depth) { return write_parts({&value, 1}, depth); }

/// The parts are counted before. The place in the stream is kept beside the members while scalars and short texts follow one another.
bool Encoder::write_parts(std::span<const Value> parts, std::size_t depth) {
  auto* at = at_;
  for (const auto& part : parts) {
    if (static_cast<std::size_t>(end_ - at) >= kShortOctets) {
      if (is_scalar(part.kind())) {
        at = put_scalar(at, part);
        continue;
      }
      if (part.kind() == Kind::String && part.text().size() < kShortOctets) {
        at = put_short_text(at, part.text());
        continue;
      }
    }
    at_ = at;
    switch (part.kind()) {
      case Kind::String:
        if (!write_string(part.text())) return false;
        break;
      case Kind::Bytes:
        if (!write_bytes(part.text())) return false;
        break;
      case Kind::List:
      case Kind::Map:
      case Kind::Object:
        if (!write_container(part, depth)) return false;
        break;
      default:
        if (!make_room(kScalarOctetsMost)) return false;
        at_ = put_scalar(at_, part);
    }
    at = at_;
  }
  at_ = at;
  return true;
}

bool Encoder::write_container(Value value, std::size_t depth) {
  if (const auto number = references_.add(value.identity()); number != ReferenceTable::kIsNew) return put(0x51) && write_int(number);
  if (references_.size() > kContainersMax) return too_much("lists, maps and objects", kContainersMax);
  if (depth == kDepthMax) return too_much("levels", kDepthMax);
  switch (value.kind()) {
    case Kind::List: return write_list(value, depth);
    case Kind::Map: return write_map(value, depth);
    default: return write_object(value, depth);
  }
}

bool Encoder::write_list(Value list, std::size_t depth) {
  const auto items = list.items();
  const auto type = list.type();
  const bool is_compact = items.size() <= kCompactCount;
  const auto tag = is_compact ? (type.empty() ? 0x78 : 0x70) + items.size() : type.empty() ? 0x58UL : 0x56UL;
  if (!count_values(items.size()) || !put(static_cast<std::uint8_t>(tag)) || !write_type(type)) return false;
  if (!is_compact && !write_int(static_cast<std::int64_t>(items.size()))) return false;
  return write_parts(items, depth + 1);
}

bool Encoder::write_map(Value map, std::size_t depth) {
  const auto type = map.type();
  if (!count_values(2 * map.entries().size()) || !put(type.empty() ? 'H' : 'M') || !write_type(type)) return false;
  for (const auto& [key, value] : map.entries()) {
    if (!write_value(key, depth + 1) || !write_value(value, depth + 1)) return false;
  }
  return put('Z');
}

bool Encoder::write_object(Value object, std::size_t depth) {
  bool is_new = false;
  const auto number = number_of(object.definition(), is_new);
  if (is_new && !write_definition(object.definition())) return false;
  if (number < kCompactDefinitions ? !put(static_cast<std::uint8_t>(0x60 + number)) : !put('O') || !write_int(number)) return false;
  return count_values(object.fields().size()) && write_parts(object.fields(), depth + 1);
}

std::int32_t Encoder::number_of(const ClassDefinition& definition, bool& is_new) {
  // The same object is mostly found; equal ones come from other documents, or from values that were put together one by one.
  const auto known = std::ranges::find(first_definitions_, &definition);
  if (known != first_definitions_.end()) return static_cast<std::int32_t>(known - first_definitions_.begin());
  const auto equal = std::ranges::find_if(first_definitions_, [&](const auto* first) { return *first == definition; });
  if (equal != first_definitions_.end()) return static_cast<std::int32_t>(equal - first_definitions_.begin());
  const auto count = static_cast<std::int32_t>(first_definitions_.size() + more_definitions_.size());
  is_new = true;
  if (first_definitions_.size() < first_definitions_.capacity()) {
    first_definitions_.push_back(&definition);
    return count;
  }
  const auto [place, added] = more_definitions_.try_emplace(&definition, count);
  is_new = added;
  return place->second;
}

bool Encoder::write_definition(const ClassDefinition& definition) {
  if (first_definitions_.size() + more_definitions_.size() > kDefinitionsMax) return too_much("classes", kDefinitionsMax);
  const auto count = definition.fields.size();
  if (!count_values(count) || !put('C') || !write_string(definition.name) || !write_int(static_cast<std::int64_t>(count))) return false;
  return std::ranges::all_of(definition.fields, [this](std::string_view field) { return write_string(field); });
}

/// Nothing if there is none.
bool Encoder::write_type(std::string_view type) {
  if (type.empty()) return true;
  const auto [known, is_new] = types_.try_emplace(type, static_cast<std::int32_t>(types_.size()));
  if (!is_new) return write_int(known->second);
  return (types_.size() <= kTypesMax || too_much("names of types", kTypesMax)) && write_string(type);
}

/// `head`: its octets, the last one lowest.
bool Encoder::put_head_and_octets(std::uint64_t head, std::size_t head_octets, std::string_view octets) {
  if (!make_room(head_octets + octets.size())) return false;
  for (auto left = head_octets; left > 0; --left) *at_++ = static_cast<char>(head >> (8 * (left - 1)));
  octets.copy(at_, octets.size());
  at_ += octets.size();
  return true;
}

bool Encoder::write_string(std::string_view java_text) {
  if (java_text.size() < kShortOctets) {
    if (!make_room(1 + java_text.size())) return false;
    at_ = put_short_text(at_, java_text);
    return true;
  }
  // Checked before it is copied: a long one would be held twice.
  if (java_text.size() > bytes_max_) return too_much("octets", bytes_max_);
  auto units = is_ascii(java_text) ? java_text.size() : utf16_units(java_text);
  while (units > kStringChunkUnits) {
    auto chunk_units = kStringChunkUnits;
    auto chunk = java_text.substr(0, octets_of(java_text, chunk_units));
    if (ends_with_high_surrogate(chunk)) {
      --chunk_units;
      chunk.remove_suffix(3);
    }
    if (!put_head_and_octets(0x520000 + chunk_units, 3, chunk)) return false;
    java_text.remove_prefix(chunk.size());
    units -= chunk_units;
  }
  if (units < 0x20) return put_head_and_octets(units, 1, java_text);
  if (units < 0x400) return put_head_and_octets(0x3000 + units, 2, java_text);
  return put_head_and_octets(0x530000 + units, 3, java_text);
}

bool Encoder::write_bytes(std::string_view octets) {
  if (octets.size() > bytes_max_) return too_much("octets", bytes_max_);
  while (octets.size() > kBytesChunk) {
    if (!put_head_and_octets(0x410000 + kBytesChunk, 3, octets.substr(0, kBytesChunk))) return false;
    octets.remove_prefix(kBytesChunk);
  }
  if (octets.size() < 0x10) return put_head_and_octets(0x20 + octets.size(), 1, octets);
  if (octets.size() < 0x400) return put_head_and_octets(0x3400 + octets.size(), 2, octets);
  return put_head_and_octets(0x420000 + octets.size(), 3, octets);
}

Result<std::string> encode(Value value, std::size_t bytes_max) {
  Encoder encoder(bytes_max);
  if (const auto written = encoder.write(value); !written) return fail(written.error());
  return encoder.take();
}

}  // namespace meepo::hessian2
