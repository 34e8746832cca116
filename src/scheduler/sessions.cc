// Executors come, report and go. Their leases are renewed in batches, a request a shard.

#include <unordered_set>

#include "base/log.h"
#include "scheduler/impl.h"

namespace meepo::scheduler {

SysTime Scheduler::Impl::opened(ports::SessionId session, ports::ExecutorHello hello) {
  if (const engine::Executor* before = engine_.executors().by_instance(hello.instance); before != nullptr && before->session != 0) {
    const ports::SessionId old = before->session;
    engine_.close(old, now());
    parts_.dispatcher.close(old, Error{.code = Code::Conflict, .message = "this executor opened another stream", .field = {}, .cause = {}});
  }
  log::info("executor_connected", {{"executor", hello.instance},
                                   {"credits", std::to_string(hello.credits)},
                                   {"running", std::to_string(hello.running.size())},
                                   {"ends", std::to_string(hello.ends.size())}});
  engine_.open(session, hello.instance, hello.name, hello.target_keys, hello.credits, now());
  // It is not gone: whatever was thought of its runs is forgotten.
  if (const engine::Executor* executor = engine_.executors().by_instance(hello.instance)) {
    for (const auto& token : executor->runs) judged_.erase(token);
  }
  if (hello.complete) take_back_unnamed(hello);
  if (!hello.ends.empty()) ended(session, std::move(hello.ends));
  if (!hello.running.empty()) renewed(session, std::move(hello.running));
  need_turn();
  return now();
}

/// What it does not serve any more is parked, unless another executor does. What it runs goes on.
void Scheduler::Impl::offered(ports::SessionId session, std::vector<std::string> target_keys) {
  if (const engine::Executor* executor = engine_.executors().by_session(session)) {
    log::info("executor_offers", {{"executor", executor->instance}, {"targets", std::to_string(target_keys.size())}});
  }
  engine_.offer(session, std::move(target_keys), now());
  need_turn();
}

/// It has all that was ever sent to it in hand: what it does not name never reached it.
void Scheduler::Impl::take_back_unnamed(const ports::ExecutorHello& hello) {
  std::unordered_set<RunToken> named;
  for (const auto& run : hello.running) named.insert(run.run.token);
  for (const auto& end : hello.ends) named.insert(end.run.token);
  const engine::Executor* executor = engine_.executors().by_instance(hello.instance);
  for (const engine::Lease* lease : engine_.runs_of(*executor)) {
    if (named.contains(lease->token)) continue;
    lost_out_.push_back(engine::not_started(*lease, "its executor never received the attempt"));
  }
}

void Scheduler::Impl::renewed(ports::SessionId session, std::vector<ports::RunRenewal> renewals) {
  std::map<Shard, ports::RenewRequest> requests;
  const SysTime until = now() + options_.run_lease;
  for (auto& renewal : renewals) {
    const Shard shard = renewal.run.id.task.shard();
    if (engine::Lease* lease = engine_.leases().find(renewal.run.token); lease != nullptr && renewal.started) lease->started = true;
    ports::RenewRequest& request = requests[shard];
    request.shard = shard;
    request.items.push_back({.id = std::move(renewal.run.id),
                             .token = renewal.run.token,
                             .lease_until = until,
                             .started = renewal.started,
                             .cancel_acknowledged = renewal.cancel_acknowledged,
                             .report = std::move(renewal.report)});
  }
  for (auto& [shard, request] : requests) {
    insist(std::move(request), [this, session](const ports::RenewRequest& sent, Result<ports::RenewRequest::Answer> answers) {
      if (answers) renew_answered(session, sent, *answers);
    });
  }
}

void Scheduler::Impl::renew_answered(ports::SessionId session, const ports::RenewRequest& request,
                                     const ports::RenewRequest::Answer& answers) {
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    const auto& item = request.items[i];
    if (!answers[i] && answers[i].error().code != Code::NotFound) {
      parts_.alerter.alert("renew_refused", answers[i].error().message);
      continue;
    }
    const ports::RenewAnswer answer = answers[i] ? *answers[i] : ports::RenewAnswer::Lost;
    engine::Lease* lease = engine_.leases().find(item.token);
    if (lease != nullptr && answer == ports::RenewAnswer::Lost) {
      engine_.over(item.token);
    } else if (lease != nullptr) {
      engine_.leases().renew(item.token, item.lease_until);
      if (answer == ports::RenewAnswer::CancelAsked) lease->cancel_asked = true;
    }
    renewals_out_[session].push_back({.run = {.id = item.id, .token = item.token}, .answer = answer, .lease_until = item.lease_until});
  }
}

void Scheduler::Impl::handed_back(std::vector<ports::RunRef> runs) {
  for (const auto& run : runs) {
    const engine::Lease* lease = engine_.leases().find(run.token);
    if (lease != nullptr) lost_out_.push_back(engine::not_started(*lease, "its executor handed it back"));
  }
  need_turn();
}

void Scheduler::Impl::closed(ports::SessionId session) {
  if (const engine::Executor* executor = engine_.executors().by_session(session)) {
    log::info("executor_disconnected", {{"executor", executor->instance}, {"running", std::to_string(executor->runs.size())}});
  }
  engine_.close(session, now());
  need_turn();
}

}  // namespace meepo::scheduler
