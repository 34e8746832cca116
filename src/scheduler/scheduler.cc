#include "scheduler/scheduler.h"

#include <utility>

#include "base/log.h"
#include "schedule/zone.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

Result<CheckedSpec> check(TaskSpec spec, const std::string& default_zone) {
  auto checked = check_spec(std::move(spec), default_zone);
  if (!checked) return fail(std::move(checked.error()));
  if (auto zone = schedule::check_zone(checked->options.zone); !zone) return fail(std::move(zone.error()));
  if (auto define = schedule::check_define(*checked); !define) return fail(std::move(define.error()));
  CheckedSpec out{.task = std::make_shared<Task>(), .content_hash = content_hash(*checked)};
  out.task->spec = *std::move(checked);
  return out;
}

Scheduler::Scheduler(Options options, Parts parts) : impl_(std::make_unique<Impl>(std::move(options), parts)) {}
Scheduler::~Scheduler() = default;
void Scheduler::start() { impl_->start(); }
void Scheduler::stop(std::move_only_function<void()> done) { impl_->stop(std::move(done)); }
bool Scheduler::ready() const { return impl_->ready(); }
Result<void> Scheduler::admit_creates(std::size_t count) { return impl_->admit_creates(count); }
void Scheduler::create(std::vector<CheckedSpec> specs, Done<std::vector<Result<Created>>> done) {
  impl_->create(std::move(specs), std::move(done));
}
void Scheduler::cancel(TaskId id, Done<Result<Cancelled>> done) { impl_->cancel(id, std::move(done)); }
void Scheduler::pause(TaskId id, Done<Result<bool>> done) { impl_->pause(id, std::move(done)); }
void Scheduler::resume(TaskId id, Done<Result<void>> done) { impl_->resume(id, std::move(done)); }
void Scheduler::trigger(ports::TriggerRequest::Item item, Done<Result<FiringId>> done) { impl_->trigger(std::move(item), std::move(done)); }
void Scheduler::update(TaskId id, std::uint32_t version, Change change, Done<Result<Updated>> done) {
  impl_->update(id, version, std::move(change), std::move(done));
}
void Scheduler::rerun(ports::TriggerRequest::Item item, Tick tick, Done<Result<FiringId>> done) {
  impl_->rerun(std::move(item), std::move(tick), std::move(done));
}
void Scheduler::backfill(BackfillRange range, Done<Result<Backfilled>> done) { impl_->backfill(std::move(range), std::move(done)); }
void Scheduler::save_result(TaskId id, Payload result, Done<Result<void>> done) {
  impl_->save_result(id, std::move(result), std::move(done));
}
void Scheduler::get(TaskId id, Done<Result<ports::TaskView>> done) { impl_->get(id, std::move(done)); }
void Scheduler::list(ports::ListRequest request, Done<Result<ports::ListRequest::Answer>> done) {
  impl_->list(std::move(request), std::move(done));
}
void Scheduler::ledger(ports::LedgerRequest request, Done<Result<ports::LedgerRequest::Answer>> done) {
  impl_->ledger(std::move(request), std::move(done));
}
void Scheduler::counts(Done<Result<ports::CountsRequest::Answer>> done) { impl_->counts(std::move(done)); }
std::vector<ExecutorView> Scheduler::executors() const { return impl_->executors(); }
ports::SchedulerFigures Scheduler::figures() const { return impl_->figures(); }

Scheduler::Impl::Impl(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(parts),
      clock_(parts.loop.system_now(), parts.loop.steady_now()),
      engine_(parts.loop.system_now(), options_.claim_ahead) {}

Scheduler::Impl::~Impl() {
  *alive_ = false;
  if (timer_ != 0) parts_.loop.cancel_timer(timer_);
}

void Scheduler::Impl::start() {
  next_load_ = parts_.loop.steady_now() + kLoadEvery;
  next_safety_ = parts_.loop.steady_now() + options_.safety_read_every / kSafetyGroups;
  next_purge_ = parts_.loop.steady_now() + options_.purge_every;
  parts_.coordinator.start({.granted = [this](std::vector<ports::ShardGrant> grants) { granted(std::move(grants)); },
                            .revoked =
                                [this](std::vector<Shard> shards) {
                                  for (const Shard shard : shards) lose_shard(shard);
                                }});
}

void Scheduler::Impl::stop(std::move_only_function<void()> done) {
  stopped_ = std::move(done);
  stopping_ = true;
  for (auto& pending : std::exchange(creates_, {})) {
    --creates_waiting_;
    answer(pending, fail(Code::Unavailable, "create task: this node is stopping; nothing was written"));
  }
  need_turn();
}

// What was begun is sent and what was ended is answered before the streams close.
void Scheduler::Impl::finish_stop_if_idle() {
  if (!stopping_ || asked_ > 0 || !stopped_) return;
  if (timer_ != 0) parts_.loop.cancel_timer(std::exchange(timer_, 0));
  if (dispatching_) parts_.dispatcher.stop();
  parts_.coordinator.stop();
  auto done = std::move(stopped_);
  stopped_ = nullptr;
  done();
}

void Scheduler::Impl::need_turn() {
  if (turn_posted_) return;
  turn_posted_ = true;
  parts_.loop.post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    turn_posted_ = false;
    turn();
  });
}

void Scheduler::Impl::turn() {
  const SteadyTime steady = parts_.loop.steady_now();
  if (!stopping_) {
    if (ready_) {
      engine::Plan plan = engine_.plan(now());
      claim(std::move(plan.matches));
      park(std::move(plan.parks));
      for (const auto& key : plan.unserved) {
        parts_.alerter.alert("target_unserved", key + ": no executor serves it; what is due waits until one does");
      }
      unpark(std::move(plan.unparks));
      look_after_leases();
      flush_creates();  // after what is due already, which goes first
    }
    if (steady >= next_load_) load_all();
    if (steady >= next_safety_) safety_read();
    if (steady >= next_purge_) purge();
  }
  if (!skips_out_.empty()) send_skips();
  if (!lost_out_.empty()) reap(std::exchange(lost_out_, {}), false);
  dispatch();
  arm_timer();
  finish_stop_if_idle();
}

void Scheduler::Impl::arm_timer() {
  if (stopping_) return;
  SteadyTime wake = std::min({next_load_, next_safety_, next_purge_});
  if (const auto due = engine_.next_wake(); due && ready_) wake = std::min(wake, clock_.steady_at(*due));
  if (timer_ != 0 && timer_at_ == wake) return;
  if (timer_ != 0) parts_.loop.cancel_timer(timer_);
  timer_at_ = wake;
  timer_ = parts_.loop.call_at(wake, [this] {
    timer_ = 0;
    turn();
  });
}

RunToken Scheduler::Impl::new_token() { return {.high = parts_.random.next(), .low = parts_.random.next() | 1U}; }

std::optional<Fence> Scheduler::Impl::fence_of(Shard shard) const {
  const auto found = shards_.find(shard);
  if (found == shards_.end()) return std::nullopt;
  return found->second.fence;
}

void Scheduler::Impl::lose_shard(Shard shard) {
  if (shards_.erase(shard) == 0) return;
  log::warn("shard_lost", {{"shard", std::to_string(shard)}});
  engine_.disown(shard);
}

bool Scheduler::Impl::still_owns(Shard shard, const std::optional<Fence>& fence) const { return !fence || fence_of(shard) == fence; }

bool Scheduler::Impl::is_worth_repeating(const Error& error) {
  switch (error.code) {
    case Code::Unavailable:
    case Code::Unknown:
    case Code::Timeout:
    case Code::Exhausted: return true;
    case Code::InvalidArgument:
    case Code::NotFound:
    case Code::Conflict:
    case Code::Unauthenticated:
    case Code::Forbidden:
    case Code::Fenced:
    case Code::Corruption:
    case Code::Internal: return false;
  }
  return false;
}

void Scheduler::Impl::not_done(Shard shard, const std::optional<Fence>& fence, const Error& error) {
  if (error.code == Code::Fenced) {
    // An old request may meet the fence of this node's own next ownership.
    if (still_owns(shard, fence)) lose_shard(shard);
  } else if (!is_worth_repeating(error)) {
    parts_.alerter.alert("store_refused", error.message);
  }
}

void Scheduler::Impl::trace(std::string_view verb, const FiringId& id, std::string detail) const {
  if (!options_.log_firings) return;
  log::info(verb, {{"firing", id.text()}, {"detail", std::move(detail)}});
}

}  // namespace meepo::scheduler
