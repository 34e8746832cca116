#pragma once
// Values that hold no others and take at most nine octets: null, truth, numbers, dates. Most parts of most streams are such, so both ways
// are short and inline: they read and write where they are told, and look at no end.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

inline constexpr std::size_t kScalarOctetsMost = 9;
inline constexpr std::int64_t kMinuteMs = 60'000;

inline bool is_scalar(Kind kind) { return kind < Kind::String; }

// ---- reading ------------------------------------------------------------------------------------------------------------------

template <class Unsigned>
Unsigned load_big_endian(const char* at) {
  Unsigned number = 0;
  std::memcpy(&number, at, sizeof(number));
  if constexpr (sizeof(number) > 1) number = std::byteswap(number);
  return number;
}

/// How the scalar of one tag is read: the octets behind the tag as one number, made signed, times `factor`, plus `first`.
struct ScalarForm {
  Kind kind = Kind::Null;
  std::uint8_t octets = 0;   ///< behind the tag
  bool is_scalar = false;
  bool is_converted = false; ///< a double that travels as a whole number of `unit`
  std::uint64_t sign = 0;    ///< the bit that counts below zero
  std::int64_t factor = 1;
  std::int64_t first = 0;
  double unit = 1;
};

inline constexpr auto kScalarForms = [] {
  constexpr auto kSignOf = [](unsigned octets) { return std::uint64_t{1} << (8 * octets - 1); };
  std::array<ScalarForm, 256> forms{};
  const auto set = [&forms](unsigned tag, ScalarForm form) {
    form.is_scalar = true;
    forms[tag] = form;
  };
  // Tags that hold the high bits of a number, of which `zero` stands for 0.
  const auto set_range = [&set](unsigned first, unsigned last, int zero, Kind kind, std::uint8_t octets) {
    for (auto tag = first; tag <= last; ++tag) {
      set(tag, {.kind = kind, .octets = octets, .first = (static_cast<int>(tag) - zero) * (std::int64_t{1} << (8 * octets))});
    }
  };
  set('N', {});
  set_range('F', 'F', 'F', Kind::Bool, 0);
  set_range('T', 'T', 'T' - 1, Kind::Bool, 0);
  set_range(0x80, 0xBF, 0x90, Kind::Int, 0);
  set_range(0xC0, 0xCF, 0xC8, Kind::Int, 1);
  set_range(0xD0, 0xD7, 0xD4, Kind::Int, 2);
  set('I', {.kind = Kind::Int, .octets = 4, .sign = kSignOf(4)});
  set_range(0xD8, 0xEF, 0xE0, Kind::Long, 0);
  set_range(0xF0, 0xFF, 0xF8, Kind::Long, 1);
  set_range(0x38, 0x3F, 0x3C, Kind::Long, 2);
  set(0x59, {.kind = Kind::Long, .octets = 4, .sign = kSignOf(4)});
  set('L', {.kind = Kind::Long, .octets = 8});
  set(0x4A, {.kind = Kind::Date, .octets = 8});
  set(0x4B, {.kind = Kind::Date, .octets = 4, .sign = kSignOf(4), .factor = kMinuteMs});
  set(0x5B, {.kind = Kind::Double, .is_converted = true});
  set(0x5C, {.kind = Kind::Double, .is_converted = true, .first = 1});
  set(0x5D, {.kind = Kind::Double, .octets = 1, .is_converted = true, .sign = kSignOf(1)});
  set(0x5E, {.kind = Kind::Double, .octets = 2, .is_converted = true, .sign = kSignOf(2)});
  // The specification says a float; Java writes and reads thousandths.
  set(0x5F, {.kind = Kind::Double, .octets = 4, .is_converted = true, .sign = kSignOf(4), .unit = 0.001});
  set('D', {.kind = Kind::Double, .octets = 8});
  return forms;
}();

/// How many octets the scalar of a tag takes, its tag counted; 0 if another value has it. A table of its own: where the next value begins
/// waits for nothing else.
inline constexpr auto kScalarLengths = [] {
  std::array<std::uint8_t, 256> lengths{};
  for (unsigned tag = 0; tag < 256; ++tag) lengths[tag] = kScalarForms[tag].is_scalar ? 1 + kScalarForms[tag].octets : 0;
  return lengths;
}();

/// @param at  kScalarOctetsMost octets can be read from here
/// The end of the scalar that begins at `at`; nullptr if another value does. Without a branch on the tag: which numbers follow one another
/// cannot be foretold, and a wrong guess costs more than all of this.
[[gnu::always_inline]] inline const char* read_scalar(const char* at, Value& out) {
  const auto& form = kScalarForms[static_cast<std::uint8_t>(*at)];
  const auto length = kScalarLengths[static_cast<std::uint8_t>(*at)];
  if (length == 0) return nullptr;
  // In two steps: a word cannot be shifted by all its bits.
  const auto half = 32U - 4U * form.octets;
  const auto low = load_big_endian<std::uint64_t>(at + 1) >> half >> half;
  const auto number = static_cast<std::int64_t>((low ^ form.sign) - form.sign) * form.factor + form.first;
  const auto converted = std::bit_cast<std::int64_t>(form.unit * static_cast<double>(number));
  out = Document::of_number(form.kind, form.is_converted ? converted : number);
  return at + length;
}

// ---- writing ------------------------------------------------------------------------------------------------------------------

template <class Unsigned>
char* put_big_endian(char* at, Unsigned number) {
  if constexpr (sizeof(number) > 1) number = std::byteswap(number);
  std::memcpy(at, &number, sizeof(number));
  return at + sizeof(number);
}

inline char* put_octet(char* at, std::int64_t octet) {
  *at = static_cast<char>(octet);
  return at + 1;
}

template <class Unsigned>
char* put_tagged(char* at, std::uint8_t tag, Unsigned number) {
  return put_big_endian(put_octet(at, tag), number);
}

inline bool is_between(std::int64_t number, std::int64_t first, std::int64_t last) { return number >= first && number <= last; }

inline bool is_int32(std::int64_t number) { return number == static_cast<std::int32_t>(number); }

inline char* put_int(char* at, std::int64_t number) {
  if (is_between(number, -0x10, 0x2F)) return put_octet(at, 0x90 + number);
  if (is_between(number, -0x800, 0x7FF)) return put_big_endian(at, static_cast<std::uint16_t>(0xC800 + number));
  if (is_between(number, -0x40000, 0x3FFFF)) {
    const auto joined = static_cast<std::uint32_t>(0xD40000 + number);
    return put_tagged(at, static_cast<std::uint8_t>(joined >> 16U), static_cast<std::uint16_t>(joined));
  }
  return put_tagged(at, 'I', static_cast<std::uint32_t>(number));
}

inline char* put_long(char* at, std::int64_t number) {
  if (is_between(number, -8, 15)) return put_octet(at, 0xE0 + number);
  if (is_between(number, -0x800, 0x7FF)) return put_big_endian(at, static_cast<std::uint16_t>(0xF800 + number));
  if (is_between(number, -0x40000, 0x3FFFF)) {
    const auto joined = static_cast<std::uint32_t>(0x3C0000 + number);
    return put_tagged(at, static_cast<std::uint8_t>(joined >> 16U), static_cast<std::uint16_t>(joined));
  }
  if (is_int32(number)) return put_tagged(at, 0x59, static_cast<std::uint32_t>(number));
  return put_tagged(at, 'L', static_cast<std::uint64_t>(number));
}

inline char* put_double(char* at, double number) {
  // Beyond these nothing shorter than all octets is equal; inside them the whole number and the thousandths are ints.
  constexpr auto kThousandthsLeast = 0.001 * std::numeric_limits<std::int32_t>::min();
  constexpr auto kThousandthsMost = 0.001 * std::numeric_limits<std::int32_t>::max();
  if (number >= kThousandthsLeast && number <= kThousandthsMost) {
    const auto whole = static_cast<std::int32_t>(number);
    if (whole == number && is_between(whole, -0x8000, 0x7FFF)) {
      if (whole == 0 || whole == 1) return put_octet(at, 0x5B + whole);  // also -0.0: Java loses the sign, too
      if (is_between(whole, -0x80, 0x7F)) return put_tagged(at, 0x5D, static_cast<std::uint8_t>(whole));
      return put_tagged(at, 0x5E, static_cast<std::uint16_t>(whole));
    }
    const auto thousandths = static_cast<std::int32_t>(number * 1000);
    if (0.001 * thousandths == number) return put_tagged(at, 0x5F, static_cast<std::uint32_t>(thousandths));
  }
  // All NaNs are one to Java.
  return put_tagged(at, 'D', std::bit_cast<std::uint64_t>(std::isnan(number) ? std::numeric_limits<double>::quiet_NaN() : number));
}

inline char* put_date(char* at, std::int64_t unix_ms) {
  const auto minutes = unix_ms / kMinuteMs;
  if (minutes * kMinuteMs == unix_ms && is_int32(minutes)) return put_tagged(at, 0x4B, static_cast<std::uint32_t>(minutes));
  return put_tagged(at, 0x4A, static_cast<std::uint64_t>(unix_ms));
}

/// @param at      with room for kScalarOctetsMost octets
/// @param scalar  of a kind for which is_scalar() holds
/// The end of what was written.
[[gnu::always_inline]] inline char* put_scalar(char* at, Value scalar) {
  switch (scalar.kind()) {
    case Kind::Bool: return put_octet(at, scalar.number() != 0 ? 'T' : 'F');
    case Kind::Int: return put_int(at, scalar.number());
    case Kind::Long: return put_long(at, scalar.number());
    case Kind::Double: return put_double(at, scalar.real());
    case Kind::Date: return put_date(at, scalar.number());
    default: return put_octet(at, 'N');
  }
}

}  // namespace meepo::hessian2
