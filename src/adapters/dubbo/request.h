#pragma once
// An attempt as a call, and what its answer means. Arguments that came from Java with their types go as a plain call, as they are; JSON
// goes as `$invoke`, whose provider makes its beans of maps. Pure.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/invoker.h"
#include "protocol/dubbo/client_session.h"

namespace meepo::adapters::dubbo {

/// The body of the request. `left`: time until the deadline, told to the provider.
/// InvalidArgument: arguments that are none (bytes, JSON that does not fit its types, a Hessian stream that is no list). Exhausted: too long.
Result<std::string> request_of(const ServiceTarget& target, const std::string& app_id, const ports::RunContext& context, milliseconds left);

/// Of a response: SUCCESS with its value, or FAIL with the exception. A value that is too large to be kept is FAIL.
ports::InvokeResult result_of(const meepo::dubbo::Response& response);

/// FAIL: what became of a call of `target` that has no response, from the provider at `address`. Providers do not say what they were asked
/// for: the text does.
ports::InvokeResult result_of(const meepo::dubbo::CallFailure& failure, const std::string& address, const ServiceTarget& target);

}  // namespace meepo::adapters::dubbo
