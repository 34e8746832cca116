#pragma once
// Whether the arguments of service targets can be what their paramTypes say: refused at create, not at each firing. Pure.

#include "base/result.h"
#include "task/task.h"

namespace meepo::api {

/// JSON arguments with paramTypes must fit them; a Hessian payload must be one list with an argument for each of the types, if there are
/// any. Other targets, and what check_spec looks at, pass.
/// InvalidArgument with the argument's place as its field: "target.service.params[1].lines[0]".
Result<void> check_arguments(const TaskSpec& spec);

}  // namespace meepo::api
