#include "api/dubbo/beans.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/text.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/text.h"

namespace meepo::api {
namespace {

using hessian2::Document;
using hessian2::Value;

constexpr std::string_view kServiceInvokeParam = "org.cheng.meepo.task.dto.ServiceInvokeParam";
constexpr std::string_view kTaskContext = "org.cheng.meepo.task.dto.TaskContext";
constexpr std::string_view kTaskType = "org.cheng.meepo.task.constant.TaskType";
constexpr std::string_view kTaskStatus = "org.cheng.meepo.task.constant.TaskStatus";

std::unexpected<Error> refuse(std::string_view field, std::string_view found, std::string_view expected) {
  return fail(Code::InvalidArgument, fmt::format("{} is {}: expected {}", field, found, expected), std::string(field));
}

std::string_view kind_name(const Value& value) {
  using hessian2::Kind;
  switch (value.kind()) {
    case Kind::Null: return "null";
    case Kind::Bool: return "a boolean";
    case Kind::Int:
    case Kind::Long:
    case Kind::Double: return "a number";
    case Kind::Date: return "a date";
    case Kind::String: return "a string";
    case Kind::Bytes: return "bytes";
    case Kind::List: return "a list";
    case Kind::Map: return "a map";
    case Kind::Object: return "an object";
  }
  return "a value";
}

bool is_bean(const Value& value) { return value.kind() == hessian2::Kind::Object || value.kind() == hessian2::Kind::Map; }

Result<void> put_types(const Value& types, const std::string& field, v1::ServiceTarget& service) {
  if (types.is_null()) return {};
  if (types.kind() != hessian2::Kind::List) return refuse(field, kind_name(types), "an array of Java type names");
  for (const Value& type : types.items()) {
    if (type.kind() != hessian2::Kind::String) return refuse(field + " (an item)", kind_name(type), "a Java type name");
    service.add_param_types(hessian2::to_utf8(type.text()));
  }
  return {};
}

Result<void> put_params(const Value& params, const std::string& field, v1::ServiceTarget& service) {
  const auto types = static_cast<std::size_t>(service.param_types_size());
  if (!params.is_null() && params.kind() != hessian2::Kind::List) return refuse(field, kind_name(params), "an array");
  const std::size_t count = params.is_null() ? 0 : params.items().size();
  if (types != 0 && count != types) {
    return refuse(field, params.is_null() ? "null" : fmt::format("{} long", count), fmt::format("{}, as many as paramsType", types));
  }
  if (count == 0) return {};
  auto payload = payload_from(params, field);
  if (!payload) return fail(std::move(payload.error()));
  *service.mutable_params() = *std::move(payload);
  return {};
}

/// The bean itself, without its nextService. `prefix`: "" or "nextService.".
Result<void> put_one(const Value& bean, const std::string& prefix, std::string_view group, v1::ServiceTarget& service) {
  const std::pair<const char*, void (v1::ServiceTarget::*)(std::string&&)> texts[] = {
      {"interfaceName", &v1::ServiceTarget::set_interface<std::string>},
      {"methodName", &v1::ServiceTarget::set_method<std::string>},
      {"version", &v1::ServiceTarget::set_version<std::string>}};
  for (const auto& [name, set] : texts) {
    auto text = text_from(bean.field(name), prefix + name);
    if (!text) return fail(std::move(text.error()));
    (service.*set)(*std::move(text));
  }
  if (service.version() == "0.0.0") service.clear_version();  // Dubbo's word for none
  service.set_group(std::string(group));
  if (auto put = put_types(bean.field("paramsType"), prefix + "paramsType", service); !put) return put;
  return put_params(bean.field("params"), prefix + "params", service);
}

/// Makes beans in one of the two forms.
class Writer {
 public:
  Writer(BeanForm form, Document& document) : form_(form), document_(document) {}

  Value text(std::string_view utf8) const { return document_.string_of_utf8(utf8); }
  Value text_or_null(std::string_view utf8) const { return utf8.empty() ? Value() : text(utf8); }
  Value enumeration(std::string_view class_name, std::string_view name) const {
    return form_ == BeanForm::Map ? text(name) : document_.object(class_name, {{"name", text(name)}});
  }
  Value bean(std::string_view class_name, std::initializer_list<hessian2::Field> fields) const {
    if (form_ == BeanForm::Object) return document_.object(class_name, fields);
    std::vector<hessian2::Entry> entries{{document_.string("class"), document_.string(class_name)}};
    for (const auto& [name, value] : fields) entries.emplace_back(document_.string(name), value);
    return document_.map("", entries);
  }
  Document& document() const { return document_; }

 private:
  BeanForm form_;
  Document& document_;
};

Value params_of(const v1::ServiceTarget& service, Document& document) {
  const auto& params = service.params();
  std::vector<Value> items;
  if (params.has_hessian2()) {
    const Value list = value_from(params, document);
    if (list.kind() != hessian2::Kind::List) return {};
    items.assign(list.items().begin(), list.items().end());
  } else if (params.has_json() && service.param_types_size() > 0) {
    const std::vector<std::string> types(service.param_types().begin(), service.param_types().end());
    if (auto arguments = hessian2::arguments_from_json(params.json(), types, document)) items = *std::move(arguments);
  } else if (params.has_json()) {
    const Value list = value_from(params, document);
    if (list.kind() == hessian2::Kind::List) items.assign(list.items().begin(), list.items().end());
  }
  if (items.empty() && service.param_types_size() == 0) return {};
  return document.list("[object", items);
}

Value service_of(const v1::Target& target, const Value& next, const Writer& writer) {
  const auto& service = target.service();
  std::vector<Value> types;
  for (const auto& type : service.param_types()) types.push_back(writer.text(type));
  return writer.bean(kServiceInvokeParam,
                     {{"interfaceName", writer.text_or_null(target.has_http()      ? "http"
                                                            : target.has_command() ? "command"
                                                                                   : service.interface())},
                      {"methodName", writer.text_or_null(target.has_http()      ? target.http().method() + " " + target.http().url()
                                                         : target.has_command() ? target.command().argv(0)
                                                                                : service.method())},
                      {"version", writer.text_or_null(service.version())},
                      {"paramsType", types.empty() ? Value() : writer.document().list("[string", types)},
                      {"params", params_of(service, writer.document())},
                      {"nextService", next}});
}

}  // namespace

Result<std::string> text_from(const Value& value, std::string_view field) {
  if (value.is_null()) return std::string();
  if (value.kind() != hessian2::Kind::String) return refuse(field, kind_name(value), "a string");
  return hessian2::to_utf8(value.text());
}

Result<v1::Payload> payload_from(const Value& value, std::string_view field) {
  auto stream = hessian2::encode(value);
  if (!stream) {
    return fail(
        Error{.code = Code::Exhausted, .message = std::move(stream.error().message), .field = std::string(field), .cause = {}}.prefixed(
            field));
  }
  v1::Payload payload;
  payload.set_hessian2(*std::move(stream));
  return payload;
}

Result<void> put_service(const Value& bean, std::string_view group, v1::TaskSpec& spec) {
  if (!is_bean(bean)) return refuse("serviceInvokeParam", kind_name(bean), "a ServiceInvokeParam");
  if (auto put = put_one(bean, "", group, *spec.mutable_target()->mutable_service()); !put) return put;
  std::string prefix = "nextService.";
  for (Value next = bean.field("nextService"); !next.is_null(); next = next.field("nextService"), prefix += "nextService.") {
    if (!is_bean(next)) return refuse(prefix.substr(0, prefix.size() - 1), kind_name(next), "a ServiceInvokeParam");
    // Also a chain that leads back into itself ends here.
    if (spec.next_size() >= static_cast<int>(limits::kChainDepthMax)) {
      return refuse("nextService", "a longer chain", fmt::format("at most {} services behind the first", limits::kChainDepthMax));
    }
    if (auto put = put_one(next, prefix, group, *spec.add_next()->mutable_service()); !put) return put;
  }
  return {};
}

Result<v1::Kind::Value> kind_from(const Value& value) {
  const auto name = text_from(is_bean(value) ? value.field("name") : value, "taskType");
  if (!name) return fail(name.error());
  v1::Kind::Value kind = v1::Kind::KIND_UNSPECIFIED;
  if (!v1::Kind::Value_Parse(*name, &kind) || kind == v1::Kind::KIND_UNSPECIFIED) {
    return refuse("taskType", value.is_null() ? "null" : quoted(*name), "REAL, LADDER, TIMING or PLAN");
  }
  return kind;
}

Value value_from(const v1::Payload& payload, Document& document) {
  Result<Value> value;
  switch (payload.data_case()) {
    case v1::Payload::DATA_NOT_SET: return {};
    case v1::Payload::kBytes: return document.bytes(payload.bytes());
    case v1::Payload::kHessian2: value = hessian2::decode(payload.hessian2(), document); break;
    case v1::Payload::kJson: value = hessian2::value_from_json(payload.json(), "java.lang.Object", "", document); break;
  }
  return value ? *value : Value();
}

Value context_from(const v1::Task& task, std::string_view server, BeanForm form, Document& document) {
  const Writer writer(form, document);
  const auto& spec = task.spec();
  Value service;
  for (int i = spec.next_size(); i > 0; --i) service = service_of(spec.next(i - 1), service, writer);
  service = service_of(spec.target(), service, writer);
  const Value id = writer.text(task.id());
  return writer.bean(kTaskContext, {{"taskId", id},
                                    {"id", id},
                                    {"serviceInvokeParam", service},
                                    {"taskType", writer.enumeration(kTaskType, v1::Kind::Value_Name(spec.kind()))},
                                    {"executeDefine", writer.text(spec.define())},
                                    {"runOnce", Document::boolean(spec.run_once())},
                                    {"appId", writer.text(spec.app_id())},
                                    {"scheduleServer", writer.text(server)},
                                    {"taskStatus", writer.enumeration(kTaskStatus, v1::Status::Value_Name(task.status()))},
                                    {"progressId", writer.text_or_null(task.latest().id())},
                                    {"executeResult", value_from(task.latest().result(), document)}});
}

}  // namespace meepo::api
