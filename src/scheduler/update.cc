// update: a task's spec is replaced under its id. Read, changed, checked, written; again if a tick or another update came between.

#include <fmt/format.h>

#include "base/log.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {
namespace {

std::unexpected<Error> fixed(std::string_view field, std::string_view what) {
  return fail(Code::InvalidArgument, fmt::format("{} would change: expected {}", field, what), std::string(field));
}

Result<void> keeps_identity(const TaskSpec& before, const TaskSpec& after) {
  if (before.app_id != after.app_id) return fixed("appId", "the task's own");
  if (before.kind != after.kind) return fixed("kind", "the task's own; create another task");
  if (before.options.unique_key != after.options.unique_key) return fixed("uniqueKey", "the task's own; create another task");
  if (before.options.request_id != after.options.request_id) return fixed("requestId", "that of the task's create");
  if (before.kind == Kind::Ladder && before.define != after.define) {
    return fixed("define", "the LADDER's own rungs, for they count from its creation; create another task");
  }
  return {};
}

bool same_schedule(const TaskSpec& before, const TaskSpec& after) {
  const meepo::Options& a = before.options;
  const meepo::Options& b = after.options;
  return before.define == after.define && a.zone == b.zone && a.start == b.start && a.end == b.end && a.jitter == b.jitter &&
         a.dst == b.dst;
}

}  // namespace

void Scheduler::Impl::update(TaskId id, std::uint32_t version, Change change, Done<Result<Updated>> done) {
  try_update(std::make_shared<UpdateCall>(
      UpdateCall{.id = id, .version = version, .change = std::move(change), .done = std::move(done), .tries = 0}));
}

void Scheduler::Impl::try_update(std::shared_ptr<UpdateCall> call) {
  if (!fence_of(call->id.shard()) || stopping_) {
    call->done(fail(Code::Unavailable, fmt::format("update task: this node does not own shard {}; nothing was written", call->id.shard())));
    return;
  }
  if (++call->tries > kUpdateTries) {
    call->done(fail(Code::Unavailable, fmt::format("update task {}: it changed {} times meanwhile; nothing was written, repeat later",
                                                   call->id.text(), kUpdateTries)));
    return;
  }
  get(call->id, [this, call](Result<ports::TaskView> view) {
    if (!view) {
      call->done(fail(std::move(view.error())));
      return;
    }
    auto spec = changed_spec(*call, *view->task);
    if (!spec) {
      call->done(fail(std::move(spec.error())));
      return;
    }
    auto task = std::make_shared<Task>(*view->task);
    task->spec = *std::move(spec);
    ++task->version;
    auto arm = armed_after(*view->task, *task, view->planned);
    if (!arm) {
      call->done(fail(std::move(arm.error())));
      return;
    }
    send_update(call, *view, std::move(task), *std::move(arm));
  });
}

Result<TaskSpec> Scheduler::Impl::changed_spec(UpdateCall& call, const Task& task) {
  if (call.version != 0 && call.version != task.version) {
    return fail(Code::Conflict,
                fmt::format("update task {}: version is {}: expected {}, the task's own", call.id.text(), call.version, task.version),
                "version");
  }
  auto spec = call.change(task.spec);
  if (!spec) return spec;
  auto checked = check(*std::move(spec), options_.default_zone);
  if (!checked) return fail(std::move(checked.error()));
  if (auto keeps = keeps_identity(task.spec, checked->task->spec); !keeps) return fail(std::move(keeps.error()));
  return std::move(checked->task->spec);
}

/// The tick that is to be armed in place of `planned`. One that is due already stays: it is late, not replaced.
Result<std::optional<DueTick>> Scheduler::Impl::armed_after(const Task& before, const Task& after, const std::optional<Firing>& planned) {
  const SysTime at = now();
  if (after.spec.kind == Kind::Real) return std::nullopt;
  const bool keeps = planned && (planned->due <= at || same_schedule(before.spec, after.spec));
  if (keeps) return DueTick{.tick = planned->id.tick, .due = planned->due};
  if (after.spec.kind == Kind::Ladder || (!planned && after.spec.kind == Kind::Timing && same_schedule(before.spec, after.spec))) {
    return planned ? std::optional(DueTick{.tick = planned->id.tick, .due = planned->due}) : std::nullopt;
  }
  Task from_now = after;
  from_now.created = at;
  auto first = planner_.first(from_now);
  if (!first) return fail(std::move(first.error()));
  return *std::move(first);
}

void Scheduler::Impl::send_update(std::shared_ptr<UpdateCall> call, const ports::TaskView& view, std::shared_ptr<const Task> task,
                                  std::optional<DueTick> arm) {
  const auto fence = fence_of(call->id.shard());
  if (!fence) {
    try_update(call);  // answers that the shard is not here
    return;
  }
  ports::UpdateRequest::Item item{.task = task, .expected_version = view.task->version, .armed = {}, .arm = {}};
  if (view.planned) item.armed = view.planned->id.tick;
  if (arm) item.arm = ports::Arm{.tick = *arm, .state = State::Due, .wait_reason = WaitReason::None};
  ports::UpdateRequest request{.shard = call->id.shard(), .fence = *fence, .items = {}};
  request.items.push_back(std::move(item));
  ask(std::move(request),
      [this, call, task = std::move(task), planned = view.planned, arm = std::move(arm)](Result<ports::UpdateRequest::Answer> answers) {
        if (!answers) {
          call->done(fail(std::move(answers.error())));
          return;
        }
        auto& answer = answers->front();
        const bool overtaken = answer ? !*answer : call->version == 0 && answer.error().code == Code::Conflict;
        if (overtaken) {
          try_update(call);
        } else if (!answer) {
          call->done(fail(std::move(answer.error())));
        } else {
          updated(*call, task, planned, arm);
        }
      });
}

void Scheduler::Impl::updated(UpdateCall& call, const TaskPtr& task, const std::optional<Firing>& planned,
                              const std::optional<DueTick>& arm) {
  log::info("update", {{"task", std::string(task->id.text())}, {"version", std::to_string(task->version)}});
  if (planned) engine_.forget(planned->id);
  if (arm) add_due(task, *arm);
  Updated out{.version = task->version, .next_due = std::nullopt, .zone = task->spec.options.zone, .warnings = {}};
  if (arm) out.next_due = arm->due;
  if (!engine_.serves(target_key(task->spec.target))) {
    out.warnings.push_back(fmt::format("no executor serves {} now: the task waits until one does", target_label(task->spec.target)));
  }
  call.done(std::move(out));
}

}  // namespace meepo::scheduler
