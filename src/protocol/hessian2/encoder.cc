#include "protocol/hessian2/encoder.h"

#include <fmt/format.h>

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

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kCompactCount = 7;         // of items in the tag of a list
constexpr std::int32_t kCompactDefinitions = 16; // of classes in the tag of an object

template <class Number>
void put(std::string& out, Number number) {
  out += static_cast<char>(number);
}

/// The low `octets` octets, big-endian.
template <std::size_t octets, class Number>
void put_big_endian(std::string& out, Number number) {
  char text[octets];
  for (std::size_t i = 0; i < octets; ++i) text[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (octets - 1 - i)));
  out.append(text, octets);
}

bool is_between(std::int64_t number, std::int64_t first, std::int64_t last) { return number >= first && number <= last; }

bool is_int32(std::int64_t number) { return number == static_cast<std::int32_t>(number); }

void put_int(std::string& out, std::int64_t number) {
  if (is_between(number, -0x10, 0x2F)) {
    put(out, 0x90 + number);
  } else if (is_between(number, -0x800, 0x7FF)) {
    put_big_endian<2>(out, 0xC800 + number);
  } else if (is_between(number, -0x40000, 0x3FFFF)) {
    put_big_endian<3>(out, 0xD40000 + number);
  } else {
    put(out, 'I');
    put_big_endian<4>(out, number);
  }
}

void put_long(std::string& out, std::int64_t number) {
  if (is_between(number, -8, 15)) {
    put(out, 0xE0 + number);
  } else if (is_between(number, -0x800, 0x7FF)) {
    put_big_endian<2>(out, 0xF800 + number);
  } else if (is_between(number, -0x40000, 0x3FFFF)) {
    put_big_endian<3>(out, 0x3C0000 + number);
  } else if (is_int32(number)) {
    put(out, 0x59);
    put_big_endian<4>(out, number);
  } else {
    put(out, 'L');
    put_big_endian<8>(out, number);
  }
}

/// As Java casts: cut to a whole number and into the range of an int; NaN is 0.
std::int32_t to_int(double number) {
  if (std::isnan(number)) return 0;
  if (number >= 0x7FFFFFFF) return std::numeric_limits<std::int32_t>::max();
  if (number <= -0x80000000LL) return std::numeric_limits<std::int32_t>::min();
  return static_cast<std::int32_t>(number);
}

void put_double(std::string& out, double number) {
  const auto whole = to_int(number);
  const auto thousandths = to_int(number * 1000);
  if (number == 0) {  // also -0.0: Java loses the sign, too
    put(out, 0x5B);
  } else if (number == 1) {
    put(out, 0x5C);
  } else if (whole == number && is_between(whole, -0x80, 0x7F)) {
    put(out, 0x5D);
    put(out, whole);
  } else if (whole == number && is_between(whole, -0x8000, 0x7FFF)) {
    put(out, 0x5E);
    put_big_endian<2>(out, whole);
  } else if (0.001 * thousandths == number) {
    put(out, 0x5F);
    put_big_endian<4>(out, thousandths);
  } else {
    // All NaNs are one to Java.
    put(out, 'D');
    put_big_endian<8>(out, std::bit_cast<std::uint64_t>(std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number));
  }
}

void put_date(std::string& out, std::int64_t ms) {
  if (ms % kMinuteMs == 0 && is_int32(ms / kMinuteMs)) {
    put(out, 0x4B);
    put_big_endian<4>(out, ms / kMinuteMs);
  } else {
    put(out, 0x4A);
    put_big_endian<8>(out, ms);
  }
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
    if (out_.size() <= bytes_max_) return {};
    stop(fmt::format("write a Hessian stream: it passes {} octets", bytes_max_));
  }
  return fail(Code::Exhausted, failure_);
}

bool Encoder::stop(std::string message) {
  failure_ = std::move(message);
  return false;
}

bool Encoder::write_value(Value value, std::size_t depth) {
  // One value may pass the limit by its own length before the next one stops here.
  if (out_.size() > bytes_max_) return stop(fmt::format("write a Hessian stream: it passes {} octets", bytes_max_));
  if (++values_ > kValuesMax) return stop(fmt::format("write a Hessian stream: more than {} values", kValuesMax));
  switch (value.kind()) {
    case Kind::Null: put(out_, 'N'); return true;
    case Kind::Bool: put(out_, value.number() != 0 ? 'T' : 'F'); return true;
    case Kind::Int: put_int(out_, value.number()); return true;
    case Kind::Long: put_long(out_, value.number()); return true;
    case Kind::Double: put_double(out_, value.real()); return true;
    case Kind::Date: put_date(out_, value.number()); return true;
    case Kind::String: return write_string(value.text());
    case Kind::Bytes: return write_bytes(value.text());
    default: return write_container(value, depth);
  }
}

bool Encoder::write_container(Value value, std::size_t depth) {
  const auto [known, is_new] = references_.try_emplace(value.identity(), static_cast<std::int32_t>(references_.size()));
  if (!is_new) {
    put(out_, 0x51);
    put_int(out_, known->second);
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
    put(out_, (is_typed ? 0x70 : 0x78) + items.size());
    if (is_typed && !write_type(list.type())) return false;
  } else {
    put(out_, is_typed ? 0x56 : 0x58);
    if (is_typed && !write_type(list.type())) return false;
    put_int(out_, static_cast<std::int64_t>(items.size()));
  }
  for (const auto& item : items) {
    if (!write_value(item, depth + 1)) return false;
  }
  return true;
}

bool Encoder::write_map(Value map, std::size_t depth) {
  if (map.type().empty()) {
    put(out_, 'H');
  } else {
    put(out_, 'M');
    if (!write_type(map.type())) return false;
  }
  for (const auto& [key, value] : map.entries()) {
    if (!write_value(key, depth + 1) || !write_value(value, depth + 1)) return false;
  }
  put(out_, 'Z');
  return true;
}

bool Encoder::write_object(Value object, std::size_t depth) {
  const auto& definition = object.definition();
  const auto [known, is_new] = definitions_.try_emplace(&definition, static_cast<std::int32_t>(definitions_.size()));
  const auto index = known->second;
  if (is_new && !write_definition(definition)) return false;
  if (index < kCompactDefinitions) {
    put(out_, 0x60 + index);
  } else {
    put(out_, 'O');
    put_int(out_, index);
  }
  for (const auto& field : object.fields()) {
    if (!write_value(field, depth + 1)) return false;
  }
  return true;
}

bool Encoder::write_definition(const ClassDefinition& definition) {
  if (definitions_.size() > kDefinitionsMax) return stop(fmt::format("write a Hessian stream: more than {} classes", kDefinitionsMax));
  values_ += definition.fields.size();
  put(out_, 'C');
  if (!write_string(definition.name)) return false;
  put_int(out_, static_cast<std::int64_t>(definition.fields.size()));
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
  put_int(out_, known->second);
  return true;
}

bool Encoder::write_string(std::string_view java_text) {
  // Checked before it is copied: a long one would be held twice.
  if (java_text.size() > bytes_max_) return stop(fmt::format("write a Hessian stream: a string passes {} octets", bytes_max_));
  auto units = utf16_units(java_text);
  while (units > kStringChunkUnits) {
    auto chunk_units = kStringChunkUnits;
    auto chunk = java_text.substr(0, octets_of(java_text, chunk_units));
    if (ends_with_high_surrogate(chunk)) {
      --chunk_units;
      chunk.remove_suffix(3);
    }
    put(out_, 0x52);
    put_big_endian<2>(out_, chunk_units);
    out_ += chunk;
    java_text.remove_prefix(chunk.size());
    units -= chunk_units;
  }
  if (units < 0x20) {
    put(out_, units);
  } else if (units < 0x400) {
    put_big_endian<2>(out_, 0x3000 + units);
  } else {
    put(out_, 'S');
    put_big_endian<2>(out_, units);
  }
  out_ += java_text;
  return true;
}

bool Encoder::write_bytes(std::string_view octets) {
  if (octets.size() > bytes_max_) return stop(fmt::format("write a Hessian stream: bytes pass {} octets", bytes_max_));
  while (octets.size() > kBytesChunk) {
    put(out_, 'A');
    put_big_endian<2>(out_, kBytesChunk);
    out_ += octets.substr(0, kBytesChunk);
    octets.remove_prefix(kBytesChunk);
  }
  if (octets.size() < 0x10) {
    put(out_, 0x20 + octets.size());
  } else if (octets.size() < 0x400) {
    put_big_endian<2>(out_, 0x3400 + octets.size());
  } else {
    put(out_, 'B');
    put_big_endian<2>(out_, octets.size());
  }
  out_ += octets;
  return true;
}

Result<std::string> encode(Value value, std::size_t bytes_max) {
  Encoder encoder(bytes_max);
  if (const auto written = encoder.write(value); !written) return fail(written.error());
  return encoder.take();
}

}  // namespace meepo::hessian2
