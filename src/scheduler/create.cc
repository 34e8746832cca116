// create: checked specs become tasks. All that arrived in one turn goes to the store together, a request a shard; a task that is due
// now and finds a free credit is created, claimed and begun in the same operation.

#include <fmt/format.h>

#include "scheduler/impl.h"

namespace meepo::scheduler {

Result<void> Scheduler::Impl::admit_creates(std::size_t count) {
  const std::size_t waiting = creates_waiting_;
  if (waiting < limits::kCreatesWaitingMax) return {};
  creates_turned_away_ += count;
  return fail(
      Code::Exhausted,
      fmt::format("create task: {} creates are waiting to be written, the most that may; nothing was written, repeat later", waiting));
}

void Scheduler::Impl::create(std::vector<CheckedSpec> specs, Done<std::vector<Result<Created>>> done) {
  auto call = std::make_shared<CreateCall>();
  call->left = specs.size();
  call->answers.assign(specs.size(), fail(Code::Internal, "create task: no answer"));
  call->done = std::move(done);
  if (specs.empty()) {
    call->done({});
    return;
  }
  for (std::size_t index = 0; index < specs.size(); ++index) {
    PendingCreate pending{.spec = std::move(specs[index]), .call = call, .index = index};
    if (stopping_ || !ready_) {
      answer(pending, fail(Code::Unavailable, stopping_ ? "create task: this node is stopping; nothing was written"
                                                        : "create task: this node is starting; nothing was written"));
    } else if (auto admitted = admit_creates(1); !admitted) {
      answer(pending, fail(std::move(admitted.error())));
    } else {
      ++creates_waiting_;
      creates_.push_back(std::move(pending));
    }
  }
  need_turn();
}

void Scheduler::Impl::answer(PendingCreate& pending, Result<Created> result) {
  CreateCall& call = *pending.call;
  call.answers[pending.index] = std::move(result);
  if (--call.left == 0) call.done(std::move(call.answers));
}

Shard Scheduler::Impl::shard_for(const TaskSpec& spec) {
  if (!spec.options.unique_key.empty()) return shard_of_key(spec.app_id, spec.options.unique_key);
  if (!spec.options.request_id.empty()) return shard_of_request(spec.app_id, spec.options.request_id);
  const auto place = std::next(shards_.begin(), static_cast<std::ptrdiff_t>(next_shard_ % shards_.size()));
  return place->first;
}

// Few at a time: the rest waits here, so that ends and claims need not wait behind it in the store, and meanwhile credits come free that
// the next creates are begun with.
void Scheduler::Impl::flush_creates() {
  if (creates_.empty()) return;
  const SysTime created = now();
  std::map<Shard, std::vector<CreateWork>> by_shard;
  std::size_t taken = 0;
  ++next_shard_;
  while (!creates_.empty() && creates_in_store_ + taken < kCreatesInStoreMax) {
    PendingCreate pending = std::move(creates_.front());
    creates_.pop_front();
    const Shard shard = shards_.empty() ? Shard{0} : shard_for(pending.spec.task->spec);
    const auto fence = fence_of(shard);
    if (!fence) {
      --creates_waiting_;
      answer(pending, fail(Code::Unavailable, fmt::format("create task: this node does not own shard {}; nothing was written", shard)));
      continue;
    }
    pending.spec.task->id = TaskId::make(shard, created, parts_.random.next());
    auto& work = by_shard[shard];
    auto item = prepare(std::move(pending), created);
    if (item.refuse && item.pending.spec.task->spec.options.request_id.empty()) {
      --creates_waiting_;
      answer(item.pending, fail(*std::move(item.refuse)));
      continue;
    }
    work.push_back(std::move(item));
    ++taken;
    if (work.size() >= kCreatesPerRequest) {
      taken -= work.size();
      send_creates(shard, *fence, std::exchange(work, {}));
      ++next_shard_;
    }
  }
  for (auto& [shard, work] : by_shard) {
    if (!work.empty()) send_creates(shard, shards_.at(shard).fence, std::move(work));
  }
}

Scheduler::Impl::CreateWork Scheduler::Impl::prepare(PendingCreate pending, SysTime created) {
  Task& task = *pending.spec.task;
  task.created = created;
  CreateWork work{.pending = std::move(pending), .first = {}, .target_key = target_key(task.spec.target)};
  auto first = planner_.first(task);
  if (!first) {
    // Its time is over. A repeat of a request whose time was not over then still gets its answer: the store knows.
    work.refuse = std::move(first.error());
    work.first.tick = {.tick = Tick::at(created), .due = created};
    return work;
  }
  work.first.tick = *std::move(first);
  work.unserved = !engine_.serves(work.target_key);
  if (work.first.tick.due > created) return work;
  work.placement = engine_.place(work.target_key);
  work.first.state = work.placement.state;
  work.first.wait_reason = work.placement.wait_reason;
  if (work.placement.session != 0) {
    work.token = new_token();
    work.lease_until = created + options_.run_lease;
    work.next = planner_.next(task, work.first.tick);
  }
  return work;
}

void Scheduler::Impl::send_creates(Shard shard, Fence fence, std::vector<CreateWork> work) {
  ports::CreateRequest request{.shard = shard, .fence = fence, .items = {}};
  request.items.reserve(work.size());
  creates_in_store_ += work.size();
  for (const auto& item : work) {
    ports::CreateRequest::Item& out = request.items.emplace_back();
    out.task = item.pending.spec.task;
    out.content_hash = item.pending.spec.content_hash;
    out.first = item.first;
    out.next = item.next;
    out.refuse = item.refuse;
    if (item.placement.session != 0) {
      out.start = ports::StartRun{.token = item.token, .executor = item.placement.executor, .lease_until = item.lease_until};
    }
  }
  ask(std::move(request), [this, shard, fence, work = std::move(work)](Result<ports::CreateRequest::Answer> answers) mutable {
    if (!answers) not_done(shard, fence, answers.error());
    for (std::size_t i = 0; i < work.size(); ++i) {
      if (answers) {
        created(shard, std::move(work[i]), std::move((*answers)[i]));
      } else {
        created(shard, std::move(work[i]), fail(answers.error()));
      }
    }
  });
}

void Scheduler::Impl::created(Shard shard, CreateWork work, Result<ports::CreateRequest::ItemAnswer> result) {
  --creates_waiting_;
  --creates_in_store_;
  const TaskPtr task = work.pending.spec.task;
  const bool stored = result && !result->existed;
  const bool begun_now = stored && work.placement.session != 0 && !result->not_yet;
  if (work.placement.session != 0 && !begun_now) engine_.release(work.placement.executor, work.placement.session, false);
  const FiringId first{.task = task->id, .tick = work.first.tick.tick};
  if (result && result->existed) ++figures_.creates_repeated;
  if (stored) {
    figures_.created.add(task->spec.kind);
    trace("create", first);
    if (begun_now) {
      engine::Lease lease{.id = first, .token = work.token, .due = work.first.tick.due, .lease_until = work.lease_until};
      lease.executor = work.placement.executor;
      lease.target_key = work.target_key;
      lease.priority = task->spec.options.priority;
      lease.on_lost = task->spec.options.on_lost;
      lease.begun_at = now();
      lease.task = task;
      trace("claim", first);
      begun(std::move(lease), work.placement.session, std::nullopt, std::nullopt);
      if (work.next) add_due(task, *work.next);
    } else if (result->not_yet) {
      add_due(*std::move(result->not_yet));
    } else if (work.first.state == State::Due) {
      add_due(task, work.first.tick);
    }
  }
  // Also if the answer was lost, or is about an earlier request of the same id: nothing else says that a firing waits there.
  if (work.first.state == State::Waiting && shards_.contains(shard)) engine_.waiting(shard, work.target_key);
  if (!result) {
    ++figures_.creates_refused;
    answer(work.pending, fail(std::move(result.error())));
    return;
  }
  Created out{
      .id = result->id, .first_due = work.first.tick.due, .zone = task->spec.options.zone, .warnings = {}, .existed = result->existed};
  if (work.unserved) {
    out.warnings.push_back(fmt::format("no executor serves {} now: the task waits until one does", target_label(task->spec.target)));
  }
  answer(work.pending, std::move(out));
}

}  // namespace meepo::scheduler
