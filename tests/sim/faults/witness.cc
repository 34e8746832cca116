#include "sim/faults/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace meepo::test {

using namespace ports;

namespace {

constexpr std::size_t kViolationsKept = 20;

template <class Request>
const char* verb_of() {
  if constexpr (std::same_as<Request, CreateRequest>) return "create";
  if constexpr (std::same_as<Request, ClaimRequest>) return "claim";
  if constexpr (std::same_as<Request, ReapRequest>) return "reap";
  if constexpr (std::same_as<Request, RenewRequest>) return "renew";
  if constexpr (std::same_as<Request, EndRequest>) return "end";
  if constexpr (std::same_as<Request, CancelRequest>) return "cancel";
  if constexpr (std::same_as<Request, TakeOverRequest>) return "take_over";
  if constexpr (std::same_as<Request, ParkRequest>) return "park";
  if constexpr (std::same_as<Request, UnparkRequest>) return "unpark";
  if constexpr (std::same_as<Request, SkipRequest>) return "skip";
  if constexpr (std::same_as<Request, ShiftRequest>) return "shift";
  if constexpr (std::same_as<Request, TriggerRequest>) return "trigger";
  if constexpr (std::same_as<Request, OpenRequest>) return "open";
  return "";
}

template <class Item>
std::string text_of(const Item& item) {
  if constexpr (std::same_as<Item, FiringId>) return item.text();
  if constexpr (std::same_as<Item, TaskId>) return std::string(item.text());
  if constexpr (requires { item.id.text(); }) return std::string(item.id.text());
  if constexpr (requires { item.task->id; }) return std::string(item.task->id.text());
  if constexpr (requires { item.token.text(); }) return item.token.text();
  return {};
}

template <class Request>
std::string items_of(const Request& request) {
  std::string text;
  if constexpr (requires { request.now; }) text += fmt::format(" (now {})", to_unix_ms(request.now));
  if constexpr (requires { request.until; }) {
    text += fmt::format(" shard {} {} until {} after {}", request.shard, to_string(request.state), to_unix_ms(request.until),
                        request.after ? to_unix_ms(request.after->first) : 0);
  }
  if constexpr (requires { request.items; }) {
    for (const auto& item : request.items) text += " " + text_of(item);
  } else if constexpr (requires { request.ids; }) {
    for (const auto& id : request.ids) text += " " + text_of(id);
  }
  return text;
}

}  // namespace

void Witness::say(const std::string& line) {
  if (trace) trace(fmt::format("{:10.3f} {}", static_cast<double>(base_.elapsed().count()) / 1e9, line));
}

void Witness::mix(std::uint64_t value) { digest_ = (digest_ ^ value) * 1'099'511'628'211ULL; }

void Witness::violation(std::string_view invariant, const std::string& what) {
  if (violations_.size() < kViolationsKept) {
    violations_.push_back(fmt::format("{} at {:.3f} s: {}", invariant, static_cast<double>(base_.elapsed().count()) / 1e9, what));
  }
  say(fmt::format("VIOLATION {} {}", invariant, what));
}

std::optional<std::chrono::nanoseconds> Witness::gone(const std::string& instance) const {
  const auto found = gone_.find(instance);
  return found == gone_.end() ? std::nullopt : std::optional(found->second);
}

bool Witness::quarantine_untold(const FiringId& id) const {
  const auto found = quarantined_.find(id);
  if (found == quarantined_.end()) return false;
  const auto died = gone(found->second.first);
  return died && *died >= found->second.second - std::chrono::seconds(2);  // the request was on its way
}

bool Witness::was_short_of_credits(milliseconds within) const {
  return std::ranges::any_of(had_no_credit_, [&](const auto& entry) { return entry.second >= base_.system_now() - within; });
}

SysTime Witness::clock_most() {
  clock_most_ = std::max(clock_most_, base_.system_now());
  return clock_most_;
}

void Witness::submit(const std::string& node, StoreRequest request, Store::Done done) {
  ++requests_;
  auto kept = std::make_shared<StoreRequest>(request);
  store_.submit(std::move(request), [this, node, kept, done = std::move(done)](Result<Reply<StoreAnswer>> reply) mutable {
    seen(node, *kept, reply);
    done(std::move(reply));
  });
}

void Witness::seen(const std::string& node, const StoreRequest& request, const Result<Reply<StoreAnswer>>& reply) {
  mix(static_cast<std::uint64_t>(base_.elapsed().count()));
  mix(request.index() * 2 + (reply ? 1 : 0));
  if (reply) clock_most_ = std::max(clock_most_, reply->now);
  std::visit(
      [&]<class Request>(const Request& typed) {
        if (trace && *verb_of<Request>() != '\0') {
          say(fmt::format("{} {}{}{}", node, verb_of<Request>(), items_of(typed), reply ? "" : " -> " + reply.error().message));
        }
        if (!reply) return;
        const auto& answer = std::get<kPlaceOf<Request>>(reply->value);
        if constexpr (std::same_as<Request, EndRequest>) {
          if (typed.fence) check_fence(node, typed.shard, *typed.fence);
        } else if constexpr (requires { typed.fence; }) {
          check_fence(node, typed.shard, typed.fence);
        }
        if constexpr (std::same_as<Request, TakeOverRequest>) {
          fences_[typed.shard] = std::max(fences_[typed.shard], typed.fence);
        } else if constexpr (std::same_as<Request, CreateRequest>) {
          for (std::size_t i = 0; i < answer.size(); ++i) {
            const auto& item = typed.items[i];
            if (!answer[i] || answer[i]->existed || !item.start) continue;
            if (answer[i]->not_yet) continue;
            begun({.node = node,
                   .id = {.task = item.task->id, .tick = item.first.tick.tick},
                   .token = item.start->token,
                   .attempt = 1,
                   .due = item.first.tick.due,
                   .lease_until = item.start->lease_until,
                   .task = item.task},
                  reply->now);
          }
        } else if constexpr (std::same_as<Request, ClaimRequest>) {
          for (const auto& each : answer) {
            if (!each || !each->begun) continue;
            const Firing& firing = each->begun->firing;
            begun({.node = node,
                   .id = firing.id,
                   .token = firing.run_token,
                   .attempt = firing.attempt,
                   .due = firing.due,
                   .lease_until = firing.score,
                   .task = each->begun->task},
                  reply->now);
          }
        } else if constexpr (std::same_as<Request, RenewRequest>) {
          for (std::size_t i = 0; i < answer.size(); ++i) {
            Attempts& attempts = attempts_[typed.items[i].id];
            const bool lost = !answer[i] || *answer[i] == RenewAnswer::Lost || attempts.running != typed.items[i].token;
            if (!lost) leased(attempts, typed.items[i].lease_until, reply->now);
          }
        } else if constexpr (std::same_as<Request, EndRequest>) {
          for (std::size_t i = 0; i < answer.size(); ++i) {
            if (answer[i]) ended(typed.items[i], *answer[i]);
          }
        } else if constexpr (std::same_as<Request, ReapRequest>) {
          for (std::size_t i = 0; i < answer.size(); ++i) {
            if (answer[i] && answer[i]->lease_until) {
              say(fmt::format("leased {} until {}, {} ms from now", typed.items[i].id.text(), to_unix_ms(*answer[i]->lease_until),
                              (*answer[i]->lease_until - typed.now).count()));
            }
            if (answer[i] && answer[i]->reaped) reaped(node, typed.items[i], *answer[i]);
          }
        } else if constexpr (std::same_as<Request, CancelRequest>) {
          for (std::size_t i = 0; i < answer.size(); ++i) {
            if (answer[i] && answer[i]->cancelled) tasks_[typed.ids[i]].cancelled = true;
          }
        }
      },
      request);
}

void Witness::check_fence(const std::string& node, Shard shard, const Fence& fence) {
  if (fence < fences_[shard]) {
    violation("I13",
              fmt::format("{} wrote shard {} under fence {} after {} had taken it over", node, shard, fence.text(), fences_[shard].text()));
  }
}

/// A second run of a tick that had been called: only after a failure, the end of its executor, or the time of a lease.
void Witness::check_second(const FiringId& id, const Attempts& before) {
  if (!before.call) return;
  const TargetCall& call = calls_[*before.call];
  if (call.attempt != before.last || before.failed || gone_.contains(call.executor)) return;
  if (base_.elapsed() >= before.leased_until - kLeaseSpare) return;
  violation("I5", fmt::format("{} begins again though {} runs it since {:.3f} s", id.text(), call.executor,
                              static_cast<double>(call.at.count()) / 1e9));
}

void Witness::begun(const Begun& run, SysTime now) {
  const FiringId& id = run.id;
  Attempts& attempts = attempts_[id];
  if (attempts.running == run.token) return;  // the answer to a repeat
  say(fmt::format("begun {} attempt {} token {}", id.text(), run.attempt, run.token.text()));
  if (attempts.ended) violation("I8", id.text() + " begins after its end");
  if (!attempts.running.empty()) violation("I5", id.text() + " begins while another attempt is RUNNING");
  if (run.attempt <= attempts.last) violation("I9", fmt::format("{} begins as attempt {} after {}", id.text(), run.attempt, attempts.last));
  attempts.at_once = run.due == run.task->created;
  if (run.attempt == 1 && !attempts.at_once && now + limits::kClaimAhead < run.due) {
    violation("I3", fmt::format("{} begins {} ms early", id.text(), (run.due - now).count()));
  }
  check_lateness(run, now);
  check_second(id, attempts);
  attempts.running = run.token;
  attempts.last = run.attempt;
  attempts.begun_at = base_.elapsed();
  attempts.leased_until = {};
  leased(attempts, run.lease_until, now);
  attempts.failed = false;
  attempts.node = run.node;
  if (++runs_of_[run.node] >= kCreditsOfOne) had_no_credit_[run.node] = now;
  if (id.tick.is_by_hand()) return;
  const TaskPtr& task = run.task;
  Of& of = tasks_[id.task];
  const Overlap overlap = overlap_of(task->spec);
  of.one_at_a_time = overlap != Overlap::Allow;
  of.run_once = task->spec.options.run_once;
  if (of.cancelled) violation("I6", id.text() + " begins after its task was cancelled");
  if (of.run_once && of.succeeded) violation("I10", id.text() + " begins after a success of its task");
  if (of.one_at_a_time && !of.running.empty() && !of.running.contains(id)) {
    violation("I11", id.text() + " begins while " + of.running.begin()->text() + " runs");
  }
  of.running.insert(id);
}

void Witness::check_lateness(const Begun& run, SysTime now) {
  const bool first = run.attempt == 1 && overlap_of(run.task->spec) == Overlap::Allow && !run.id.tick.is_by_hand();
  if (!punctual_from_ || !first || run.due <= *punctual_from_ || now - run.due <= lateness_most_) return;
  const auto waited = had_no_credit_.find(run.node);
  if (waited != had_no_credit_.end() && waited->second >= run.due) return;
  violation("I17", fmt::format("{} begins {} ms late", run.id.text(), (now - run.due).count()));
}

/// A clock that has not heard of a step may ask for another length: what was asked for counts up to the length of a lease.
void Witness::leased(Attempts& attempts, SysTime until, SysTime now) {
  const auto length = std::min<milliseconds>(until - now, kLease);
  attempts.leased_until = std::max(attempts.leased_until, base_.elapsed() + length);
}

void Witness::ended(const EndRequest::Item& item, const EndRequest::ItemAnswer& answer) {
  if (answer.verdict != EndRequest::ItemAnswer::Verdict::Accepted) return;
  const bool success = item.outcome == Outcome::Success;
  over(item.id, item.token, !answer.retry);
  attempts_[item.id].failed = !success;
  if (success) tasks_[item.id.task].succeeded = true;
}

void Witness::reaped(const std::string& node, const ReapRequest::Item& item, const ReapRequest::ItemAnswer& answer) {
  if (item.to == ReapRequest::Item::To::Quarantined) quarantined_.try_emplace(item.id, node, base_.elapsed());
  if (item.token.empty() || item.token == attempts_[item.id].taken_back) return;
  over(item.id, item.token, !answer.open);
  attempts_[item.id].taken_back = item.token;
}

void Witness::over(const FiringId& id, const RunToken& token, bool final) {
  Attempts& attempts = attempts_[id];
  say(fmt::format("over {} token {}{}", id.text(), token.text(), final ? ", ended" : ""));
  if (attempts.ended) violation("I8", id.text() + " ends again");
  if (attempts.running != token) violation("I8", id.text() + " is ended or taken back with the token of another attempt");
  attempts.running = {};
  std::size_t& runs = runs_of_[attempts.node];
  if (runs-- >= kCreditsOfOne) had_no_credit_[attempts.node] = base_.system_now();
  attempts.ended = final;
  tasks_[id.task].running.erase(id);
}

std::size_t Witness::called(TargetCall call) {
  call.at = base_.elapsed();
  call.clock_most = clock_most();
  mix(static_cast<std::uint64_t>(call.at.count()) + call.attempt);
  say(fmt::format("call {} attempt {} on {}", call.id.text(), call.attempt, call.executor));
  Attempts& attempts = attempts_[call.id];
  if (call.attempt != attempts.last || attempts.running.empty()) {
    violation("I5", fmt::format("{} is called as attempt {} on {} while its last one is {}{}", call.id.text(), call.attempt, call.executor,
                                attempts.last, attempts.running.empty() ? ", which is over" : ""));
  }
  // Claimed ahead by the clock as it was before a step back: its scheduler may not have heard of it.
  const bool stepped = stepped_at_ && *stepped_at_ > attempts.begun_at - kStepHeard;
  const milliseconds early = stepped ? limits::kClaimAhead : milliseconds(1);
  // A retry waits for its own instant; a clock set back may show its tick's again.
  const bool first = !attempts.call;
  if (first && !attempts.at_once && call.clock_most + early < call.due) violation("I3", call.id.text() + " is called before it is due");
  attempts.call = calls_.size();
  calls_.push_back(std::move(call));
  return calls_.size() - 1;
}

void Witness::returned(std::size_t call, bool success) {
  calls_[call].ended = base_.elapsed();
  calls_[call].success = success;
}

}  // namespace meepo::test
