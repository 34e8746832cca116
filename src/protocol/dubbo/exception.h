#pragma once
// A Java exception as people read it. On the wire it is an object of its class with the fields of Throwable; a generic call answers with a
// GenericException that names the class it stands for. Source: vectors/frames.jsonl, frames 72 to 76, 131 and 133.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/hessian2/value.h"

namespace meepo::dubbo {

inline constexpr std::size_t kStackLinesKept = 16;             ///< from the top: below are the frames of the framework
inline constexpr std::size_t kStackLineBytesKept = 512;
inline constexpr std::size_t kClassNameBytesKept = 512;
inline constexpr std::size_t kMessageBytesKept = 8UL << 10U;

/// All texts are UTF-8 and cut at the limits above.
struct JavaException {
  std::string class_name;              ///< of a GenericException: of the exception that it stands for
  std::optional<std::string> message;  ///< nothing: null
  std::vector<std::string> stack;      ///< "demo.Impl.run(Impl.java:7)", from the top
};

/// Corruption: the value is no object and no map of a named class.
Result<JavaException> exception_of(hessian2::Value value);

/// An object of this class with a message and nothing else: what every Java line reads as the exception.
hessian2::Value throwable(std::string_view class_name, std::string_view message, hessian2::Document& document);

/// The GenericException that a generic caller gets of it.
hessian2::Value generic_exception(std::string_view class_name, std::string_view message, hessian2::Document& document);

}  // namespace meepo::dubbo
