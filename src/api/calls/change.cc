// cancel, pause, resume, trigger.

#include <fmt/format.h>

#include <utility>

#include "api/calls/calls.h"
#include "api/calls/json_syntax.h"
#include "base/limits.h"
#include "base/text.h"
#include "convert/convert.h"
#include "schedule/zone.h"

namespace meepo::api {
namespace {

/// What a run by hand may bring along. Whether the target takes it is only known where the task is.
template <class Request>
Result<ports::TriggerRequest::Item> trigger_from(const Request& request) {
  const auto id = task_id_from(request.id());
  if (!id) return fail(id.error());
  if (request.request_id().size() > limits::kKeyCharsMax || has_control_character(request.request_id())) {
    return fail(Code::InvalidArgument,
                fmt::format("requestId is {}: expected at most {} bytes of text", quoted(request.request_id()), limits::kKeyCharsMax),
                "requestId");
  }
  ports::TriggerRequest::Item item{.id = *id, .again = {}, .params = {}, .request_id = request.request_id()};
  auto params = convert::payload_from(request.params());
  if (params.empty()) return item;
  if (params.data.size() > limits::kPayloadBytesMax) {
    return fail(Code::InvalidArgument,
                fmt::format("params is {} bytes long: expected at most {}", params.data.size(), limits::kPayloadBytesMax), "params");
  }
  if (params.encoding == Encoding::Json) {
    if (auto checked = check_json(params.data, "params", "params"); !checked) return fail(std::move(checked.error()));
  }
  item.params = std::move(params);
  return item;
}

}  // namespace

Result<TaskId> task_id_from(std::string_view text) {
  auto id = TaskId::parse(text);
  if (!id) id.error().field = "id";
  return id;
}

void Calls::cancel(const v1::CancelTaskRequest& request, Done<v1::CancelTaskResponse> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  auto finish = [done = std::move(done)](Result<scheduler::Cancelled> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    v1::CancelTaskResponse response;
    response.set_cancelled(answer->cancelled);
    for (const auto& firing : answer->running) response.add_running(firing.text());
    for (const auto& task : answer->chained) response.add_chained(std::string(task.text()));
    done(std::move(response));
  };
  loop_.post([this, id = *id, finish = std::move(finish)]() mutable { scheduler_.cancel(id, std::move(finish)); });
}

void Calls::pause(const v1::PauseTaskRequest& request, Done<v1::PauseTaskResponse> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  auto finish = [done = std::move(done)](Result<bool> changed) mutable {
    if (!changed) return done(fail(std::move(changed.error())));
    v1::PauseTaskResponse response;
    response.set_changed(*changed);
    done(std::move(response));
  };
  loop_.post([this, id = *id, finish = std::move(finish)]() mutable { scheduler_.pause(id, std::move(finish)); });
}

void Calls::resume(const v1::ResumeTaskRequest& request, Done<v1::ResumeTaskResponse> done) {
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  auto finish = [done = std::move(done)](Result<void> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    done(v1::ResumeTaskResponse());
  };
  loop_.post([this, id = *id, finish = std::move(finish)]() mutable { scheduler_.resume(id, std::move(finish)); });
}

void Calls::trigger(const v1::TriggerTaskRequest& request, Done<v1::TriggerTaskResponse> done) {
  auto item = trigger_from(request);
  if (!item) return done(fail(std::move(item.error())));
  auto finish = [done = std::move(done)](Result<FiringId> firing) mutable {
    if (!firing) return done(fail(std::move(firing.error())));
    v1::TriggerTaskResponse response;
    response.set_firing_id(firing->text());
    done(std::move(response));
  };
  loop_.post(
      [this, item = *std::move(item), finish = std::move(finish)]() mutable { scheduler_.trigger(std::move(item), std::move(finish)); });
}

void Calls::rerun(const v1::RerunRequest& request, Done<v1::RerunResponse> done) {
  auto item = trigger_from(request);
  if (!item) return done(fail(std::move(item.error())));
  // A re-run of a re-run is one more of the old tick.
  const std::string_view text = request.tick();
  auto tick = Tick::parse(text.substr(0, text.find('+')));
  if (!tick) return done(fail(std::move(tick.error())));
  auto finish = [done = std::move(done)](Result<FiringId> firing) mutable {
    if (!firing) return done(fail(std::move(firing.error())));
    v1::RerunResponse response;
    response.set_firing_id(firing->text());
    done(std::move(response));
  };
  loop_.post([this, item = *std::move(item), tick = *std::move(tick), finish = std::move(finish)]() mutable {
    scheduler_.rerun(std::move(item), std::move(tick), std::move(finish));
  });
}

void Calls::backfill(const v1::BackfillRequest& request, Done<v1::BackfillResponse> done) {
  constexpr std::size_t kRequestIdMost = limits::kKeyCharsMax - 32;  // each tick's name is added to it
  const auto id = task_id_from(request.id());
  if (!id) return done(fail(id.error()));
  const auto from = instant_from(request.from(), "from");
  if (!from) return done(fail(from.error()));
  const auto to = instant_from(request.to(), "to");
  if (!to) return done(fail(to.error()));
  if (request.request_id().size() > kRequestIdMost || has_control_character(request.request_id())) {
    return done(fail(Code::InvalidArgument,
                     fmt::format("requestId is {}: expected at most {} bytes of text", quoted(request.request_id()), kRequestIdMost),
                     "requestId"));
  }
  auto finish = [done = std::move(done)](Result<scheduler::Backfilled> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    v1::BackfillResponse response;
    for (const auto& item : answer->items) {
      auto& out = *response.add_items();
      out.set_tick(item.tick.tick.text());
      out.set_due(schedule::to_iso_in_zone(item.tick.due, answer->zone));
      if (item.firing) out.set_firing_id(item.firing->text());
    }
    done(std::move(response));
  };
  scheduler::BackfillRange range{.id = *id, .from = *from, .to = *to, .dry_run = request.dry_run(), .request_id = request.request_id()};
  loop_.post(
      [this, range = std::move(range), finish = std::move(finish)]() mutable { scheduler_.backfill(std::move(range), std::move(finish)); });
}

}  // namespace meepo::api
