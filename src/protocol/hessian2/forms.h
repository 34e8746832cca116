#pragma once
// The first octet of a value (its tag) and what follows from it. Source: Hessian 2.0 serialization protocol, bytecode map.

#include <array>
#include <cstdint>

namespace meepo::hessian2 {

/// What the first octet of a value says.
enum class Form : std::uint8_t {
  None,
  Null,
  Bool,
  // The number is in the tag; in the tag and one or two octets more; in four octets.
  IntTag,
  IntOctet,
  IntShort,
  IntWord,
  LongTag,
  LongOctet,
  LongShort,
  LongWord,
  Long,
  Date,
  DateMinutes,
  // The number is in the tag; in one octet, two, four as thousandths, eight.
  DoubleTag,
  DoubleOctet,
  DoubleShort,
  DoubleThousandths,
  Double,
  String,
  Bytes,
  Reference,
  Definition,
  List,
  Map,
  Object,
};

inline constexpr auto kForms = [] {
  std::array<Form, 256> forms{};
  const auto set = [&forms](unsigned first, unsigned last, Form form) {
    for (auto tag = first; tag <= last; ++tag) forms[tag] = form;
  };
  set(0x00, 0x1F, Form::String);
  set(0x20, 0x2F, Form::Bytes);
  set(0x30, 0x33, Form::String);
  set(0x34, 0x37, Form::Bytes);
  set(0x38, 0x3F, Form::LongShort);
  set('A', 'B', Form::Bytes);
  set('C', 'C', Form::Definition);
  set('D', 'D', Form::Double);
  set('F', 'F', Form::Bool);
  set('H', 'H', Form::Map);
  set('I', 'I', Form::IntWord);
  set(0x4A, 0x4A, Form::Date);
  set(0x4B, 0x4B, Form::DateMinutes);
  set('L', 'L', Form::Long);
  set('M', 'M', Form::Map);
  set('N', 'N', Form::Null);
  set('O', 'O', Form::Object);
  set(0x51, 0x51, Form::Reference);
  set(0x52, 0x53, Form::String);
  set('T', 'T', Form::Bool);
  set(0x55, 0x58, Form::List);
  set(0x59, 0x59, Form::LongWord);
  set(0x5B, 0x5C, Form::DoubleTag);
  set(0x5D, 0x5D, Form::DoubleOctet);
  set(0x5E, 0x5E, Form::DoubleShort);
  set(0x5F, 0x5F, Form::DoubleThousandths);
  set(0x60, 0x6F, Form::Object);
  set(0x70, 0x7F, Form::List);
  set(0x80, 0xBF, Form::IntTag);
  set(0xC0, 0xCF, Form::IntOctet);
  set(0xD0, 0xD7, Form::IntShort);
  set(0xD8, 0xEF, Form::LongTag);
  set(0xF0, 0xFF, Form::LongOctet);
  return forms;
}();

}  // namespace meepo::hessian2
