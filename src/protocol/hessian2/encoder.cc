#include "protocol/hessian2/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

// The longest chunks that Java writes: strings in UTF-16 units, bytes in octets (its buffer of 8,192 less a tag and a length).
constexpr std::size_t kStringChunkUnits = 0x8000;
constexpr std::size_t kBytesChunk = 8'189;

constexpr std::size_t kFirstRoom = 512;  // octets: enough for a small message

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kCompactCount = 7;         // of items in the tag of a list
constexpr std::int32_t kCompactDefinitions = 16; // of classes in the tag of an object

bool is_between(std::int64_t number, std::int64_t first, std::int64_t last) { return number >= first && number <= last; }

bool is_int32(std::int64_t number) { return number == static_cast<std::int32_t>(number); }

/// As Java casts: cut to a whole number and into the range of an int; NaN is 0.
std::int32_t to_int(double number) {
  if (std::isnan(number)) return 0;
  if (number >= 0x7FFFFFFF) return std::numeric_limits<std::int32_t>::max();
  if (number <= -0x80000000LL) return std::numeric_limits<std::int32_t>::min();
  return static_cast<std::int32_t>(number);
}

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

}  // namespace

Result<void> Encoder::write(Value value) {
  if (failure_.empty() && write_value(value, 0)) {
    if (used_ <= bytes_max_) return {};
    stop(fmt::format("write a Hessian stream: it passes {} octets", bytes_max_));
  }
  return fail(Code::Exhausted, failure_);
}

void Encoder::grow(std::size_t octets) { out_.resize(std::max({2 * out_.size(), used_ + octets, kFirstRoom})); }

bool Encoder::stop(std::string message) {
  failure_ = std::move(message);
  return false;
}

void Encoder::put_int(std::int64_t number) {
  if (is_between(number, -0x10, 0x2F)) {
    put(0x90 + number);
  } else if (is_between(number, -0x800, 0x7FF)) {
    put_big_endian<2>(0xC800 + number);
  } else if (is_between(number, -0x40000, 0x3FFFF)) {
    put_big_endian<3>(0xD40000 + number);
  } else {
    put('I');
    put_big_endian<4>(number);
  }
}

void Encoder::put_long(std::int64_t number) {
  if (is_between(number, -8, 15)) {
    put(0xE0 + number);
  } else if (is_between(number, -0x800, 0x7FF)) {
    put_big_endian<2>(0xF800 + number);
  } else if (is_between(number, -0x40000, 0x3FFFF)) {
    put_big_endian<3>(0x3C0000 + number);
  } else if (is_int32(number)) {
    put(0x59);
    put_big_endian<4>(number);
  } else {
    put('L');
    put_big_endian<8>(number);
  }
}

void Encoder::put_double(double number) {
  const auto whole = to_int(number);
  const auto thousandths = to_int(number * 1000);
  if (number == 0) {  // also -0.0: Java loses the sign, too
    put(0x5B);
  } else if (number == 1) {
    put(0x5C);
  } else if (whole == number && is_between(whole, -0x80, 0x7F)) {
    put(0x5D);
    put(whole);
  } else if (whole == number && is_between(whole, -0x8000, 0x7FFF)) {
    put(0x5E);
    put_big_endian<2>(whole);
  } else if (0.001 * thousandths == number) {
    put(0x5F);
    put_big_endian<4>(thousandths);
  } else {
    // All NaNs are one to Java.
    put('D');
    put_big_endian<8>(std::bit_cast<std::int64_t>(std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number));
  }
}

void Encoder::put_date(std::int64_t ms) {
  if (ms % kMinuteMs == 0 && is_int32(ms / kMinuteMs)) {
    put(0x4B);
    put_big_endian<4>(ms / kMinuteMs);
  } else {
    put(0x4A);
    put_big_endian<8>(ms);
  }
}

bool Encoder::write_value(Value value, std::size_t depth) {
  // One value may pass the limit by its own length before the next one stops here.
  if (used_ > bytes_max_) return stop(fmt::format("write a Hessian stream: it passes {} octets", bytes_max_));
  if (++values_ > kValuesMax) return stop(fmt::format("write a Hessian stream: more than {} values", kValuesMax));
  switch (value.kind()) {
    case Kind::Null: put('N'); return true;
    case Kind::Bool: put(value.number() != 0 ? 'T' : 'F'); return true;
    case Kind::Int: put_int(value.number()); return true;
    case Kind::Long: put_long(value.number()); return true;
    case Kind::Double: put_double(value.real()); return true;
    case Kind::Date: put_date(value.number()); return true;
    case Kind::String: return write_string(value.text());
    case Kind::Bytes: return write_bytes(value.text());
    default: return write_container(value, depth);
  }
}

bool Encoder::write_container(Value value, std::size_t depth) {
  if (const auto number = references_.add(value.identity()); number != ReferenceTable::kIsNew) {
    put(0x51);
    put_int(number);
    return true;
  }
  if (references_.size() > kContainersMax)
    return stop(fmt::format("write a Hessian stream: more than {} lists, maps and objects", kContainersMax));
  if (depth == kDepthMax) return stop(fmt::format("write a Hessian stream: nested deeper than {} levels", kDepthMax));
  switch (value.kind()) {
    case Kind::List: return write_list(value, depth);
    case Kind::Map: return write_map(value, depth);
    default: return write_object(value, depth);
  }
}

bool Encoder::write_list(Value list, std::size_t depth) {
  const auto items = list.items();
  const bool is_typed = !list.type().empty();
  if (items.size() <= kCompactCount) {
    put((is_typed ? 0x70 : 0x78) + items.size());
    if (is_typed && !write_type(list.type())) return false;
  } else {
    put(is_typed ? 0x56 : 0x58);
    if (is_typed && !write_type(list.type())) return false;
    put_int(static_cast<std::int64_t>(items.size()));
  }
  for (const auto& item : items) {
    if (!write_value(item, depth + 1)) return false;
  }
  return true;
}

bool Encoder::write_map(Value map, std::size_t depth) {
  if (map.type().empty()) {
    put('H');
  } else {
    put('M');
    if (!write_type(map.type())) return false;
  }
  for (const auto& [key, value] : map.entries()) {
    if (!write_value(key, depth + 1) || !write_value(value, depth + 1)) return false;
  }
  put('Z');
  return true;
}

bool Encoder::write_object(Value object, std::size_t depth) {
  const auto& definition = object.definition();
  // Definitions are looked for by what they hold, which takes longer than to see that it is one of the last.
  auto& recent = recent_[reinterpret_cast<std::uintptr_t>(&definition) / sizeof(ClassDefinition) % recent_.size()];
  if (recent.definition != &definition) {
    const auto [known, is_new] = definitions_.try_emplace(&definition, static_cast<std::int32_t>(definitions_.size()));
    recent = {.definition = &definition, .index = known->second};
    if (is_new && !write_definition(definition)) return false;
  }
  const auto index = recent.index;
  if (index < kCompactDefinitions) {
    put(0x60 + index);
  } else {
    put('O');
    put_int(index);
  }
  for (const auto& field : object.fields()) {
    if (!write_value(field, depth + 1)) return false;
  }
  return true;
}

bool Encoder::write_definition(const ClassDefinition& definition) {
  if (definitions_.size() > kDefinitionsMax) return stop(fmt::format("write a Hessian stream: more than {} classes", kDefinitionsMax));
  values_ += definition.fields.size();
  put('C');
  if (!write_string(definition.name)) return false;
  put_int(static_cast<std::int64_t>(definition.fields.size()));
  for (const auto field : definition.fields) {
    if (!write_string(field)) return false;
  }
  return true;
}

bool Encoder::write_type(std::string_view type) {
  const auto [known, is_new] = types_.try_emplace(type, static_cast<std::int32_t>(types_.size()));
  if (is_new) {
    if (types_.size() > kTypesMax) return stop(fmt::format("write a Hessian stream: more than {} types", kTypesMax));
    return write_string(type);
  }
  put_int(known->second);
  return true;
}

bool Encoder::write_string(std::string_view java_text) {
  // Checked before it is copied: a long one would be held twice.
  if (java_text.size() > bytes_max_) return stop(fmt::format("write a Hessian stream: a string passes {} octets", bytes_max_));
  const bool is_ascii = ascii_octets(java_text) == java_text.size();
  auto units = is_ascii ? java_text.size() : utf16_units(java_text);
  while (units > kStringChunkUnits) {
    auto chunk_units = kStringChunkUnits;
    auto chunk = java_text.substr(0, octets_of(java_text, chunk_units));
    if (ends_with_high_surrogate(chunk)) {
      --chunk_units;
      chunk.remove_suffix(3);
    }
    put(0x52);
    put_big_endian<2>(chunk_units);
    put_octets(chunk);
    java_text.remove_prefix(chunk.size());
    units -= chunk_units;
  }
  if (units < 0x20) {
    put(units);
  } else if (units < 0x400) {
    put_big_endian<2>(0x3000 + units);
  } else {
    put('S');
    put_big_endian<2>(units);
  }
  put_octets(java_text);
  return true;
}

bool Encoder::write_bytes(std::string_view octets) {
  if (octets.size() > bytes_max_) return stop(fmt::format("write a Hessian stream: bytes pass {} octets", bytes_max_));
  while (octets.size() > kBytesChunk) {
    put('A');
    put_big_endian<2>(kBytesChunk);
    put_octets(octets.substr(0, kBytesChunk));
    octets.remove_prefix(kBytesChunk);
  }
  if (octets.size() < 0x10) {
    put(0x20 + octets.size());
  } else if (octets.size() < 0x400) {
    put_big_endian<2>(0x3400 + octets.size());
  } else {
    put('B');
    put_big_endian<2>(octets.size());
  }
  put_octets(octets);
  return true;
}

Result<std::string> encode(Value value, std::size_t bytes_max) {
  Encoder encoder(bytes_max);
  if (const auto written = encoder.write(value); !written) return fail(written.error());
  return encoder.take();
}

}  // namespace meepo::hessian2
