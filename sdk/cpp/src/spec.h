#pragma once
// The SDK's Task as the API's message, and the API's answers as the SDK's plain values.

#include "meepo/client.h"
#include "meepo/task.h"
#include "meepo/v1/task_service.pb.h"

namespace meepo::inline sdk {

/// InvalidArgument: a negative or too long duration, an unknown kind. Everything else is checked by the scheduler.
Result<v1::TaskSpec> to_spec(const Task& task, const std::string& default_app_id);

Created to_created(v1::CreateTaskResponse response);
TaskInfo to_task_info(const v1::Task& task);

}  // namespace meepo::inline sdk
