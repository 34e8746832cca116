#pragma once
// The one mapper between the beans of the Java Meepo's interface and the API's messages, both ways:
//   org.cheng.meepo.task.dto.ServiceInvokeParam {interfaceName, methodName, version, paramsType, params, nextService}
//   org.cheng.meepo.task.dto.TaskContext {taskId, id, serviceInvokeParam, taskType, executeDefine, runOnce, appId, scheduleServer, taskStatus,
//                                         progressId, executeResult}
// and the enums TaskType and TaskStatus. A bean comes as an object of its class or, from generic callers, as a map; both are read alike.
// Every error is InvalidArgument and names the bean's field ("nextService.params"). Pure.

#include <string_view>

#include "base/result.h"
#include "meepo/v1/types.pb.h"
#include "protocol/hessian2/value.h"

namespace meepo::api {

/// Puts what a ServiceInvokeParam calls into `spec`: itself as the target, its chain of nextService as `next`. Arguments become
/// self-contained Hessian streams of one list. Texts that Java left null are empty.
Result<void> put_service(const hessian2::Value& bean, std::string_view group, v1::TaskSpec& spec);

/// Of a TaskType: an object with its name, or the name alone.
Result<v1::Kind::Value> kind_from(const hessian2::Value& value);

/// A text argument; null is "".
Result<std::string> text_from(const hessian2::Value& value, std::string_view field);

/// One value as a payload. Exhausted: it is too large for Hessian; the payload's own limit is checked by whoever takes it.
Result<v1::Payload> payload_from(const hessian2::Value& value, std::string_view field);

/// How a bean is written.
enum class BeanForm {
  Object,  ///< of its class
  Map,  ///< as a generic caller gets it: a map with `class`, enums as their names
};

/// A TaskContext. `server` is its scheduleServer. Values live in `document`; a payload that is none for Java becomes null.
hessian2::Value context_from(const v1::Task& task, std::string_view server, BeanForm form, hessian2::Document& document);

/// What a payload is to Java: its Hessian value, JSON as the value that it says (objects as maps), bytes as byte[]; nothing: null.
hessian2::Value value_from(const v1::Payload& payload, hessian2::Document& document);

}  // namespace meepo::api
