// cancel, pause, resume, trigger, save_result: what people do to a task by hand.

#include <fmt/format.h>

#include "base/log.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {
namespace {

template <class Answer>
Result<Answer> only_item(Result<std::vector<Result<Answer>>> answers) {
  if (!answers) return fail(std::move(answers.error()));
  return std::move(answers->front());
}

Error not_owner(std::string_view doing, Shard shard) {
  return {.code = Code::Unavailable,
          .message = fmt::format("{}: this node does not own shard {}; nothing was written", doing, shard),
          .field = {},
          .cause = {}};
}

}  // namespace

void Scheduler::Impl::cancel(TaskId id, Done<Result<Cancelled>> done) {
  const auto fence = fence_of(id.shard());
  if (!fence || stopping_) {
    done(fail(not_owner("cancel task", id.shard())));
    return;
  }
  ask(ports::CancelRequest{.shard = id.shard(), .fence = *fence, .ids = {id}},
      [this, done = std::move(done)](Result<ports::CancelRequest::Answer> answers) mutable {
        auto answer = only_item(std::move(answers));
        if (!answer) {
          done(fail(std::move(answer.error())));
          return;
        }
        ask_to_stop(answer->running);
        if (answer->cancelled) ++figures_.tasks_cancelled;
        done(Cancelled{.cancelled = answer->cancelled, .running = std::move(answer->begun), .chained = std::move(answer->chained)});
      });
}

/// The store has noted that these attempts are to stop: their executors are told.
void Scheduler::Impl::ask_to_stop(const std::vector<OpenFiring>& running) {
  for (const auto& firing : running) {
    trace("cancel", firing.id);
    if (engine::Lease* lease = engine_.leases().find(firing.run_token)) lease->cancel_asked = true;
    const engine::Executor* executor = engine_.executors().by_instance(firing.executor);
    if (executor != nullptr && executor->session != 0) {
      parts_.dispatcher.ask_cancel(executor->session, {{.id = firing.id, .token = firing.run_token}});
    }
  }
}

void Scheduler::Impl::pause(TaskId id, Done<Result<bool>> done) {
  const auto fence = fence_of(id.shard());
  if (!fence || stopping_) {
    done(fail(not_owner("pause task", id.shard())));
    return;
  }
  ask(ports::PauseRequest{.shard = id.shard(), .fence = *fence, .ids = {id}},
      [done = std::move(done)](Result<ports::PauseRequest::Answer> answers) mutable { done(only_item(std::move(answers))); });
}

// The ticks of a PLAN that came due meanwhile are skipped in the operation that resumes it: which they are is read first.
void Scheduler::Impl::resume(TaskId id, Done<Result<void>> done) {
  if (!fence_of(id.shard()) || stopping_) {
    done(fail(not_owner("resume task", id.shard())));
    return;
  }
  get(id, [this, done = std::move(done)](Result<ports::TaskView> view) mutable {
    if (!view) {
      done(fail(std::move(view.error())));
      return;
    }
    resume_planned(*view, std::move(done));
  });
}

void Scheduler::Impl::resume_planned(const ports::TaskView& view, Done<Result<void>> done) {
  const TaskId id = view.task->id;
  const auto fence = fence_of(id.shard());
  if (!fence) {
    done(fail(not_owner("resume task", id.shard())));
    return;
  }
  ports::ResumeRequest request{.shard = id.shard(), .fence = *fence, .items = {{.id = id, .skip = std::nullopt}}};
  auto& skip = request.items.front().skip;
  if (view.paused && view.planned && view.planned->wait_reason == WaitReason::Paused) {
    const DueTick armed{.tick = view.planned->id.tick, .due = view.planned->due};
    if (auto missed = planner_.paused(*view.task, armed, now())) {
      skip = ports::SkipItem{
          .id = id, .open = view.planned->id, .range = missed->skipped, .reason = missed->reason, .next = std::move(missed->next)};
    }
  }
  const std::uint64_t count = skip ? skip->range.count : 0;
  ask(std::move(request), [this, id, count, done = std::move(done)](Result<ports::ResumeRequest::Answer> answers) mutable {
    auto answer = only_item(std::move(answers));
    if (!answer) {
      done(fail(std::move(answer.error())));
      return;
    }
    figures_.ticks_skipped.add(SkipReason::Paused, count);
    if (count > 0) log::warn("skip", {{"task", std::string(id.text())}, {"ticks", std::to_string(count)}, {"reason", "paused"}});
    for (auto& firing : *answer) add_due(std::move(firing));
    done({});
  });
}

void Scheduler::Impl::trigger(ports::TriggerRequest::Item item, Done<Result<FiringId>> done) {
  ports::TriggerRequest request{.shard = item.id.shard(), .items = {}};
  request.items.push_back(std::move(item));
  trigger_items(std::move(request), [done = std::move(done)](Result<std::vector<FiringId>> ids) mutable {
    if (!ids) {
      done(fail(std::move(ids.error())));
      return;
    }
    done(std::move(ids->front()));
  });
}

void Scheduler::Impl::save_result(TaskId id, Payload result, Done<Result<void>> done) {
  ask(ports::SaveResultRequest{.shard = id.shard(), .id = id, .result = std::move(result)},
      [done = std::move(done)](Result<ports::SaveResultRequest::Answer> answer) mutable {
        if (answer) return done({});
        done(fail(std::move(answer.error())));
      });
}

/// The first item that is refused refuses all; those before it run, and a repeat with the same request ids finds them.
void Scheduler::Impl::trigger_items(ports::TriggerRequest request, Done<Result<std::vector<FiringId>>> done) {
  const auto fence = fence_of(request.shard);
  if (!fence || stopping_) {
    done(fail(not_owner("trigger task", request.shard)));
    return;
  }
  request.fence = *fence;
  request.now = now();
  ask(std::move(request), [this, done = std::move(done)](Result<ports::TriggerRequest::Answer> answers) mutable {
    if (!answers) {
      done(fail(std::move(answers.error())));
      return;
    }
    std::vector<FiringId> ids;
    std::optional<Error> refused;
    for (auto& answer : *answers) {
      if (!answer) {
        if (!refused) refused = std::move(answer.error());
        continue;
      }
      ids.push_back(answer->id);
      trace("trigger", answer->id);
      if (answer->state == State::Due) add_due(*std::move(answer));
    }
    if (refused) {
      done(fail(*std::move(refused)));
      return;
    }
    done(std::move(ids));
  });
}

}  // namespace meepo::scheduler
