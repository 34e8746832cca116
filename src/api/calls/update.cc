// update: named fields of a task's spec are replaced; the others stay.

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/calls/arguments.h"
#include "api/calls/calls.h"
#include "api/calls/json_syntax.h"
#include "base/text.h"
#include "convert/convert.h"
#include "schedule/zone.h"

namespace meepo::api {
namespace {

constexpr std::array<std::string_view, 4> kFixed = {"appId", "kind", "uniqueKey", "requestId"};

Result<const google::protobuf::FieldDescriptor*> field_of(const std::string& name) {
  const auto& type = *v1::TaskSpec::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() != name) continue;
    if (std::ranges::find(kFixed, name) == kFixed.end()) return type.field(i);
    return fail(Code::InvalidArgument, fmt::format("{} would change: expected a field other than appId, kind, uniqueKey, requestId", name),
                name);
  }
  return fail(Code::InvalidArgument,
              fmt::format("fields has {}: expected names of a task's fields such as define, target or retry", quoted(name)), "fields");
}

/// The current spec with the fields that the request names.
Result<TaskSpec> changed(const TaskSpec& current, const v1::UpdateTaskRequest& request) {
  v1::TaskSpec spec;
  convert::to_proto(current, spec);
  const auto* reflection = v1::TaskSpec::GetReflection();
  for (const auto& name : request.fields()) {
    const auto field = field_of(name);
    if (!field) return fail(field.error());
    v1::TaskSpec values = request.spec();
    reflection->ClearField(&spec, *field);
    reflection->SwapFields(&spec, &values, {*field});
  }
  if (request.has_params()) {
    if (!spec.target().has_service()) {
      return fail(Code::InvalidArgument, "params is given: expected it only where the target is a service", "params");
    }
    *spec.mutable_target()->mutable_service()->mutable_params() = request.params();
  }
  auto read = convert::spec_from(spec);
  if (!read) return read;
  if (auto fit = check_arguments(*read); !fit) return fail(std::move(fit.error()));
  return read;
}

Result<void> check_request(const v1::UpdateTaskRequest& request) {
  for (const auto& name : request.fields()) {
    if (auto field = field_of(name); !field) return fail(std::move(field.error()));
  }
  if (request.fields().empty() && !request.has_params()) {
    return fail(Code::InvalidArgument, "nothing would change: expected fields of spec, or params", "fields");
  }
  return {};
}

}  // namespace

void Calls::update(const v1::UpdateTaskRequest& request, Done<v1::UpdateTaskResponse> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  if (auto checked = check_request(request); !checked) return done(fail(std::move(checked.error())));
  auto finish = [done = std::move(done)](Result<scheduler::Updated> updated) mutable {
    if (!updated) return done(fail(std::move(updated.error())));
    v1::UpdateTaskResponse response;
    response.set_version(updated->version);
    if (updated->next_due) response.set_next_due(schedule::to_iso_in_zone(*updated->next_due, updated->zone));
    response.set_zone(updated->zone);
    for (const auto& warning : updated->warnings) response.add_warnings(warning);
    done(std::move(response));
  };
  loop_.post([this, id = *id, request = v1::UpdateTaskRequest(request), finish = std::move(finish)]() mutable {
    const auto version = request.version();
    scheduler_.update(
        id, version, [request = std::move(request)](const TaskSpec& current) { return changed(current, request); }, std::move(finish));
  });
}

}  // namespace meepo::api
