#pragma once
// Java's two ways to write the types of a method's parameters: as one descriptor ("ILjava/lang/String;[B", in the body of a request)
// and as names ("int", "java.lang.String", "[B", as Class.getName() answers; in $invoke and in what users write).
// Source: The Java Virtual Machine Specification, 4.3.2. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meepo::dubbo {

inline constexpr std::size_t kParametersMax = 255;           ///< of one method: what a class file can express
inline constexpr std::size_t kArrayDimensionsMax = 255;      ///< likewise
inline constexpr std::size_t kDescriptorBytesMax = 65'535;   ///< likewise

/// The names of the parameters' types, in order; none for "".
/// InvalidArgument: it is no descriptor (dots in place of slashes, a return type, an unknown letter), or passes a limit above.
Result<std::vector<std::string>> type_names_of(std::string_view descriptor);

/// How many parameters it has. Errors as above.
Result<std::size_t> parameters_of(std::string_view descriptor);

/// The descriptor of parameters with these types. Takes class names as Class.getName() writes them and arrays also as "int[]".
/// InvalidArgument: a name that is no Java type; the message quotes it.
Result<std::string> descriptor_of(const std::vector<std::string>& type_names);

}  // namespace meepo::dubbo
