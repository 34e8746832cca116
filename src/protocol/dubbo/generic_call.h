#pragma once
// A consumer's call of any method of any provider, by the names of the parameters' types. Either as Dubbo's `$invoke`: the provider converts
// maps to its beans and back, and collections to its own idea of them. Or plainly, as a Java consumer with the interface does: arguments
// have to be of their Java types and arrive as they are. The answer comes as a Response: a value, or an exception that exception_of() reads.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "protocol/hessian2/value.h"

namespace meepo::dubbo {

/// All texts are UTF-8, and must stay until the call is encoded.
struct GenericCall {
  std::string_view interface;
  std::string_view version;  ///< "" if the service has none
  std::string_view group;  ///< likewise
  std::string_view method;
  std::optional<std::vector<std::string>> types;  ///< "int", "java.lang.String", "[I" or "int[]"; nothing: the method is not overloaded
  std::vector<hessian2::Value> arguments;
  std::optional<milliseconds> timeout;  ///< told to the provider, which does not stop at it
  std::vector<std::pair<std::string_view, std::string_view>> attachments;  ///< of the caller's own
};

/// The body of a `$invoke`, for ClientSession::call.
/// InvalidArgument: no interface or method, a type name that is none, as many types as arguments are not given. Exhausted: longer than
/// kBodyBytesMax.
Result<std::string> encode_generic_call(const GenericCall& call);

/// The body of a plain call. Errors as above; also InvalidArgument: the types are not given.
Result<std::string> encode_plain_call(const GenericCall& call);

}  // namespace meepo::dubbo
