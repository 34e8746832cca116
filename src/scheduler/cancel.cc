// cancel, pause, resume, trigger: what people do to a task by hand.

#include <fmt/format.h>

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
        for (const auto& firing : answer->running) {
          trace("cancel", firing.id);
          if (engine::Lease* lease = engine_.leases().find(firing.run_token)) lease->cancel_asked = true;
          const engine::Executor* executor = engine_.executors().by_instance(firing.executor);
          if (executor != nullptr && executor->session != 0) {
            parts_.dispatcher.ask_cancel(executor->session, {{.id = firing.id, .token = firing.run_token}});
          }
        }
        done(Cancelled{.cancelled = answer->cancelled, .running = std::move(answer->begun), .chained = std::move(answer->chained)});
      });
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

void Scheduler::Impl::resume(TaskId id, Done<Result<void>> done) {
  const auto fence = fence_of(id.shard());
  if (!fence || stopping_) {
    done(fail(not_owner("resume task", id.shard())));
    return;
  }
  ask(ports::ResumeRequest{.shard = id.shard(), .fence = *fence, .ids = {id}},
      [this, done = std::move(done)](Result<ports::ResumeRequest::Answer> answers) mutable {
        auto answer = only_item(std::move(answers));
        if (!answer) {
          done(fail(std::move(answer.error())));
          return;
        }
        for (auto& firing : *answer) add_due(std::move(firing));
        done({});
      });
}

void Scheduler::Impl::trigger(ports::TriggerRequest::Item item, Done<Result<FiringId>> done) {
  const Shard shard = item.id.shard();
  const auto fence = fence_of(shard);
  if (!fence || stopping_) {
    done(fail(not_owner("trigger task", shard)));
    return;
  }
  ports::TriggerRequest request{.shard = shard, .fence = *fence, .now = now(), .items = {}};
  request.items.push_back(std::move(item));
  ask(std::move(request), [this, done = std::move(done)](Result<ports::TriggerRequest::Answer> answers) mutable {
    auto answer = only_item(std::move(answers));
    if (!answer) {
      done(fail(std::move(answer.error())));
      return;
    }
    FiringId id = answer->id;
    trace("trigger", id);
    if (answer->state == State::Due) add_due(*std::move(answer));
    done(std::move(id));
  });
}

}  // namespace meepo::scheduler
