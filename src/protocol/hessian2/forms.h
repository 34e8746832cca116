#pragma once
// The first octet of a value (its tag) and what follows from it. Source: Hessian 2.0 serialization protocol, bytecode map.

#include <array>
#include <cstdint>

namespace meepo::hessian2 {

/// What the first octet of a value says.
enum class Form : std::uint8_t {
  ScalarOrNone,  ///< scalar.h knows which
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
  set('A', 'B', Form::Bytes);
  set('C', 'C', Form::Definition);
  set('H', 'H', Form::Map);
  set('M', 'M', Form::Map);
  set('O', 'O', Form::Object);
  set(0x51, 0x51, Form::Reference);
  set(0x52, 0x53, Form::String);
  set(0x55, 0x58, Form::List);
  set(0x60, 0x6F, Form::Object);
  set(0x70, 0x7F, Form::List);
  return forms;
}();

}  // namespace meepo::hessian2
