#pragma once
// Names of Java types, and what Hessian makes of a value that is declared to be of one. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meepo::hessian2 {

struct JavaType {
  std::string name;                   ///< without array marks: "int", "java.lang.String"
  std::size_t array_dimensions = 0;   ///< 0: no array

  /// The same without one dimension, if it has any.
  [[nodiscard]] JavaType element() const { return {.name = name, .array_dimensions = array_dimensions - 1}; }
  /// As people write it: "int[][]".
  [[nodiscard]] std::string written() const;
  /// The type of the list that an array is sent as: "[int", "[[string".
  [[nodiscard]] std::string list_type() const;
};

/// Reads "int", "a.B", "a.B[]", "[I", "[La.B;" and "La/B;". InvalidArgument with `field`: anything else, or more than 255 dimensions.
Result<JavaType> parse_java_type(std::string_view text, std::string_view field);

/// How values of a type that is no array travel.
enum class Shape : std::uint8_t {
  Boolean,
  Int,         ///< byte, short, int: `first` to `last`
  Long,
  Double,      ///< float, double
  Character,
  String,
  BigDecimal,  ///< object {value: text}
  BigInteger,  ///< object {signum, mag}
  Date,
  SqlDate,     ///< object {value: date}
  List,        ///< of type `sent_as`; sets, too
  Map,         ///< of type `sent_as`
  Any,         ///< Object, Number, …: as the JSON has it
  Bean,        ///< any other class: a map that names it
};

struct TypeShape {
  Shape shape = Shape::Bean;
  bool takes_null = true;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string_view sent_as{};  ///< "": without a type
};

/// Of a name without array marks.
TypeShape shape_of(std::string_view name);

}  // namespace meepo::hessian2
