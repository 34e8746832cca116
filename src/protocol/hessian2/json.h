#pragma once
// Values of Hessian as JSON and back: arguments that a user wrote as JSON become what Java expects for the declared types, and what Java
// sent becomes JSON that people can read. Digits are never lost: a number travels as its text. Pure.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/hessian2/limits.h"
#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// The arguments of a call: `params` is a JSON array with one element for each of the Java types, which are written like "int",
/// "java.util.List", "int[]", "[I", "[Ljava.lang.String;" or "Ljava/lang/String;". README.md says which JSON each type takes.
/// InvalidArgument: no JSON, too many or too few elements, or one that does not fit: the error's field names it, like "params[1].lines[0]".
Result<std::vector<Value>> arguments_from_json(std::string_view params, std::span<const std::string> types, Document& document);

/// One value of a declared Java type, "java.lang.Object" for any. InvalidArgument: as above, beneath `field`.
Result<Value> value_from_json(std::string_view json, std::string_view type, std::string_view field, Document& document);

/// JSON of a value, always valid and at most `bytes_max` octets (at least 512). An object has its class under "$class"; a list, map or
/// object that was written before, or is inside itself, is {"$ref": n}: the n-th of those written, from 0, in the order in which they
/// begin. A map with lists, maps or objects as keys is {"$entries": [[key, value], …]}. What has no room is left out with a mark: "$cut" as
/// the last item, "$cut": true as the last member, "…" at the end of a text; names end with it after 1,024 octets.
std::string to_json(Value value, std::size_t bytes_max = kJsonBytesMax);

}  // namespace meepo::hessian2
