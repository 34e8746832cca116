#include "api/calls/arguments.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/json.h"

namespace meepo::api {
namespace {

Result<void> check_json(const ServiceTarget& service, const std::string& prefix) {
  hessian2::Document document;
  auto arguments = hessian2::arguments_from_json(service.params.empty() ? "[]" : service.params.data, service.param_types, document);
  if (arguments) return {};
  // Its own field is "params[1]…", with which its message begins.
  Error error = std::move(arguments.error());
  error.field = prefix + error.field;
  error.message = prefix + error.message;
  return fail(std::move(error));
}

Result<void> check_hessian(const ServiceTarget& service, const std::string& field) {
  hessian2::Document document;
  const auto refuse = [&field](const std::string& found, std::string_view expected) {
    return fail(Code::InvalidArgument, fmt::format("{} {}: expected {}", field, found, expected), field);
  };
  const auto value = hessian2::decode(service.params.data, document);
  if (!value) return refuse("is no Hessian stream (" + value.error().message + ")", "one list with an argument for each parameter");
  if (value->kind() != hessian2::Kind::List)
    return refuse("is a Hessian value of another kind", "one list with an argument for each parameter");
  const auto count = value->items().size();
  if (service.param_types.empty() || count == service.param_types.size()) return {};
  return refuse(fmt::format("is {} elements long", count), fmt::format("{}, as many as paramTypes", service.param_types.size()));
}

Result<void> check_target(const Target& target, const std::string& path) {
  const auto* const service = std::get_if<ServiceTarget>(&target);
  if (service == nullptr) return {};
  const std::string prefix = path + ".service.";
  switch (service->params.encoding) {
    case Encoding::Json: return service->param_types.empty() ? Result<void>() : check_json(*service, prefix);
    case Encoding::Hessian2: return service->params.empty() ? Result<void>() : check_hessian(*service, prefix + "params");
    case Encoding::Bytes: break;
  }
  return {};
}

}  // namespace

Result<void> check_arguments(const TaskSpec& spec) {
  if (auto fit = check_target(spec.target, "target"); !fit) return fit;
  for (std::size_t i = 0; i < spec.next.size(); ++i) {
    if (auto fit = check_target(spec.next[i], fmt::format("next[{}]", i)); !fit) return fit;
  }
  return {};
}

}  // namespace meepo::api
