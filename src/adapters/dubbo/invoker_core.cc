#include "adapters/dubbo/invoker_core.h"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "adapters/dubbo/request.h"
#include "base/log.h"

namespace meepo::adapters::dubbo {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// The executor ends a run at its timeout by cancelling it: that it did not answer is its word, not the session's.
constexpr milliseconds kAfterDeadline{1'000};
/// While no provider can be tried, they are looked at again so often at least: one may have been listed.
constexpr milliseconds kLookAgain{250};
/// Between two tellings of the targets: a registry that is read interface by interface changes them thousands of times in a row.
constexpr milliseconds kTellPause{100};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

milliseconds left_of(const ports::RunContext& context) {
  return std::chrono::floor<milliseconds>(context.deadline() - std::chrono::system_clock::now());
}

ports::InvokeResult failed(std::string error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = std::move(error)}; }

}  // namespace

// ---- before and after ---------------------------------------------------------------------------------------------------------

void DubboInvoker::Core::add_fixed(const std::string& key, const Address& address) {
  services_[key] = {.providers = {{.address = address, .version = {}, .group = {}, .weight = 1, .least_active = false}}, .fixed = true};
}

void DubboInvoker::Core::run() {
  for (const auto& [key, service] : services_) {
    const auto& address = service.providers.front().address;
    auto& connection = connections_[address];
    if (!connection) {
      connection = std::make_shared<Connection>(*io_, random_, address, true, [this] {
        targets_may_have_changed();
        wake_waiting();
      });
      connection->start();
    }
  }
  targets_may_have_changed();
  thread_ = std::thread([this] { io_->context.run(); });
}

void DubboInvoker::Core::stop() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  if (!io_) return;
  work_.reset();
  io_->context.stop();
  if (thread_.joinable()) thread_.join();
  // Attempts and connections hold each other, and this object, until they are over.
  for (const auto& [address, connection] : connections_) connection->abandon();
  for (const auto& attempt : std::exchange(open_, {})) attempt->connection.reset();
  arrived_.clear();
  waiting_.clear();
  connections_.clear();
  wait_timer_.reset();
  tell_timer_.reset();
  io_.reset();
}

// ---- attempts -----------------------------------------------------------------------------------------------------------------

void DubboInvoker::Core::invoke(AttemptPtr attempt) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  arrived_.push_back(std::move(attempt));
  if (arrived_.size() == 1) asio::post(io_->context, [self = shared_from_this()] { self->drain_invocations(); });
}

void DubboInvoker::Core::drain_invocations() {
  std::vector<AttemptPtr> arrived;
  {
    const std::scoped_lock lock(mutex_);
    arrived.swap(arrived_);
  }
  const Turn turn(*io_);
  for (auto& attempt : arrived) begin(std::move(attempt));
}

void DubboInvoker::Core::begin(AttemptPtr attempt) {
  const auto& context = attempt->invocation.context;
  attempt->started();
  if (context->cancelled()) {
    return attempt->done({.outcome = Outcome::Stopped, .result = std::nullopt, .error = "cancelled before it was sent"});
  }
  const auto* const target = std::get_if<ServiceTarget>(&attempt->invocation.target);
  if (target == nullptr) return attempt->done(failed(target_label(attempt->invocation.target) + " is no Dubbo service"));
  attempt->key = target_key(attempt->invocation.target);
  attempt->firing = context->id().text();
  const auto left = left_of(*context);
  auto body = request_of(*target, attempt->invocation.app_id, *context, left);
  if (!body) return attempt->done(failed(body.error().message));
  attempt->body = *std::move(body);
  attempt->give_up_at = steady_now() + std::min(left, kProviderWait);
  // The attempt may be over, or this object gone, when somebody cancels.
  context->on_cancel([weak = weak_from_this(), weak_attempt = std::weak_ptr(attempt)] {
    const auto self = weak.lock();
    if (!self) return;
    const std::scoped_lock lock(self->mutex_);
    if (self->closed_) return;
    asio::post(self->io_->context, [self, weak_attempt] {
      if (const auto cancelled = weak_attempt.lock()) self->cancel(cancelled);
    });
  });
  open_.insert(attempt);
  try_provider(attempt);
}

void DubboInvoker::Core::try_provider(const AttemptPtr& attempt) {
  const auto now = steady_now();
  const auto service = services_.find(attempt->key);
  const bool listed = service != services_.end();
  if (const Provider* const chosen = listed ? choose_for(*attempt, service->second) : nullptr) return call(attempt, *chosen);
  if (now >= attempt->give_up_at) return fail_unreached(attempt);
  auto until = std::min(attempt->give_up_at, now + kLookAgain);
  if (listed) {
    for (const auto& provider : service->second.providers)
      until = std::min(until, std::max(now, connection_to(provider.address)->usable_at()));
  }
  wait(attempt, until);
}

/// Says of each provider that was tried, and of each that is listed, why not.
void DubboInvoker::Core::fail_unreached(const AttemptPtr& attempt) {
  if (const auto service = services_.find(attempt->key); service != services_.end()) {
    for (const auto& provider : service->second.providers)
      attempt->problems.try_emplace(provider.address, connection_to(provider.address)->problem());
  }
  std::string tried;
  for (const auto& [address, problem] : attempt->problems) tried += fmt::format("; {}: {}", address.text(), problem);
  finish(attempt, failed(fmt::format("no provider of {} could be reached{}", target_label(attempt->invocation.target),
                                     tried.empty() ? ": none is registered" : tried)));
}

const Provider* DubboInvoker::Core::choose_for(const Attempt& attempt, const Service& service) {
  const auto failed_here = failed_at_.find(attempt.firing);
  std::vector<Candidate> fresh;     // no problem yet, and not where the last attempt failed
  std::vector<Candidate> possible;  // all that can be tried
  for (const auto& provider : service.providers) {
    const auto connection = connection_to(provider.address);
    if (!connection->usable()) continue;
    const Candidate candidate{.provider = &provider, .active = connection->active()};
    possible.push_back(candidate);
    const bool avoided =
        (failed_here != failed_at_.end() && failed_here->second == provider.address) || attempt.problems.contains(provider.address);
    if (!avoided) fresh.push_back(candidate);
  }
  if (possible.empty()) return nullptr;
  return &choose(fresh.empty() ? possible : fresh, random_.next());
}

void DubboInvoker::Core::call(const AttemptPtr& attempt, const Provider& provider) {
  const auto& context = *attempt->invocation.context;
  const auto left = left_of(context);
  if (attempt->body.empty()) {  // an earlier connection had it
    auto body = request_of(std::get<ServiceTarget>(attempt->invocation.target), attempt->invocation.app_id, context, left);
    if (!body) return finish(attempt, failed(body.error().message));
    attempt->body = *std::move(body);
  }
  attempt->connection = connection_to(provider.address);
  attempt->call = attempt->connection->call(
      std::exchange(attempt->body, {}), steady_now() + left + kAfterDeadline,
      [self = shared_from_this(), attempt](Connection::Outcome outcome) { self->answered(attempt, std::move(outcome)); });
}

void DubboInvoker::Core::answered(const AttemptPtr& attempt, Connection::Outcome outcome) {
  const auto connection = std::exchange(attempt->connection, nullptr);
  if (outcome) {
    auto result = result_of(*outcome);
    if (result.outcome == Outcome::Fail) remember_failure(attempt->firing, connection->address());
    return finish(attempt, std::move(result));
  }
  const auto& failure = outcome.error();
  const auto now = steady_now();
  if (!failure.sent && !failure.status && failure.error.code != Code::Timeout && now < attempt->give_up_at) {
    attempt->problems[connection->address()] = failure.error.message;
    // The connection takes no more for now. It can be used all the same, so looking again at once would not end.
    if (failure.error.code == Code::Exhausted) return wait(attempt, std::min(attempt->give_up_at, now + kLookAgain));
    return try_provider(attempt);
  }
  if (!failure.sent && !failure.status) {
    attempt->problems[connection->address()] = failure.error.message;
    return fail_unreached(attempt);
  }
  remember_failure(attempt->firing, connection->address());
  finish(attempt, result_of(failure, connection->address().text(), std::get<ServiceTarget>(attempt->invocation.target)));
}

void DubboInvoker::Core::wait(const AttemptPtr& attempt, SteadyTime until) {
  waiting_.emplace(until, attempt);
  if (waiting_.begin()->second == attempt) arm_wait_timer();
}

void DubboInvoker::Core::arm_wait_timer() {
  if (waiting_.empty()) return;
  wait_timer_->expires_at(waiting_.begin()->first);
  wait_timer_->async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->retry_waiting(false);
  });
}

void DubboInvoker::Core::retry_waiting(bool all) {
  const auto end = all ? waiting_.end() : waiting_.upper_bound(steady_now());
  std::vector<AttemptPtr> due;
  for (auto at = waiting_.begin(); at != end; ++at) due.push_back(at->second);
  waiting_.erase(waiting_.begin(), end);
  for (const auto& attempt : due) {
    if (open_.contains(attempt)) try_provider(attempt);
  }
  arm_wait_timer();
}

void DubboInvoker::Core::cancel(const AttemptPtr& attempt) {
  if (!open_.contains(attempt)) return;
  const auto connection = std::exchange(attempt->connection, nullptr);
  const bool sent = connection && connection->forget(attempt->call);
  // Mostly it is the attempt's timeout that cancels: a retry may fare better with another.
  if (sent) remember_failure(attempt->firing, connection->address());
  finish(attempt, {.outcome = Outcome::Stopped,
                   .result = std::nullopt,
                   .error = sent ? "the call was given up; it may have run" : "the call was given up before it was sent"});
}

void DubboInvoker::Core::finish(const AttemptPtr& attempt, ports::InvokeResult result) {
  if (open_.erase(attempt) > 0) attempt->done(std::move(result));
}

void DubboInvoker::Core::remember_failure(const std::string& firing, const Address& address) {
  if (failed_at_.insert_or_assign(firing, address).second) failed_order_.push_back(firing);
  if (failed_order_.size() <= kFailedFiringsKept) return;
  failed_at_.erase(failed_order_.front());
  failed_order_.pop_front();
}

// ---- services -----------------------------------------------------------------------------------------------------------------

void DubboInvoker::Core::set_providers(std::string interface, std::vector<Provider> providers) {
  asio::post(io_->context, [self = shared_from_this(), interface = std::move(interface), providers = std::move(providers)]() mutable {
    self->apply(interface, std::move(providers));
  });
}

void DubboInvoker::Core::apply(const std::string& interface, std::vector<Provider> providers) {
  auto& keys = keys_of_interface_[interface];
  for (const auto& key : std::exchange(keys, {})) services_.erase(key);
  for (auto& provider : providers) {
    const auto key = service_key(interface, provider.version, provider.group);
    const auto known = services_.find(key);
    if (!wanted_.empty() && !wanted_.contains(key)) continue;
    if (known != services_.end() && known->second.fixed) continue;
    if (known == services_.end()) {
      if (services_.size() >= kServicesMax) {
        log::warn("dubbo_services_left_out", {{"interface", interface}, {"most", std::to_string(kServicesMax)}});
        break;
      }
      keys.push_back(key);
    }
    services_[key].providers.push_back(std::move(provider));
  }
  if (keys.empty()) keys_of_interface_.erase(interface);
  targets_may_have_changed();
  wake_waiting();
}

std::shared_ptr<Connection> DubboInvoker::Core::connection_to(const Address& address) {
  auto& connection = connections_[address];
  if (!connection) connection = std::make_shared<Connection>(*io_, random_, address, false, [this] { wake_waiting(); });
  return connection;
}

void DubboInvoker::Core::retire_unlisted() {
  std::set<Address> listed;
  for (const auto& [key, service] : services_) {
    for (const auto& provider : service.providers) listed.insert(provider.address);
  }
  for (auto at = connections_.begin(); at != connections_.end();) {
    if (listed.contains(at->first)) {
      ++at;
      continue;
    }
    at->second->retire();
    at = connections_.erase(at);
  }
}

/// Once a turn, however much changed.
void DubboInvoker::Core::wake_waiting() {
  if (waiting_.empty() || std::exchange(wake_posted_, true)) return;
  asio::post(io_->context, [self = shared_from_this()] {
    self->wake_posted_ = false;
    self->retry_waiting(true);
  });
}

/// At once after a pause, then every kTellPause.
void DubboInvoker::Core::targets_may_have_changed() {
  if (std::exchange(tell_armed_, true)) return;
  tell_timer_->expires_at(tell_again_at_);
  tell_timer_->async_wait([self = shared_from_this()](error_code) {
    self->tell_armed_ = false;
    if (self->told_once_) self->tell_again_at_ = steady_now() + kTellPause;  // the first says that there are none yet
    self->retire_unlisted();
    self->tell_targets();
  });
}

void DubboInvoker::Core::tell_targets() {
  std::vector<std::string> keys;
  for (const auto& [key, service] : services_) {
    const bool callable = !service.fixed || connections_.at(service.providers.front().address)->is_open();
    if (callable) keys.push_back(key);
  }
  if (std::exchange(told_once_, true) && keys == told_) return;
  told_ = keys;
  if (on_targets_) on_targets_(std::move(keys));
}

}  // namespace meepo::adapters::dubbo
