#include "executor/executor.h"

#include <algorithm>
#include <utility>

#include "executor/impl.h"

namespace meepo::executor {

Executor::Executor(Options options, ports::Loop& loop, ports::RunSource& source, ports::Invoker& invoker)
    : impl_(std::make_unique<Impl>(std::move(options), loop, source, invoker)) {}
Executor::~Executor() = default;
void Executor::start() { impl_->start(); }
void Executor::offer(std::vector<std::string> target_keys) { impl_->offer(std::move(target_keys)); }
void Executor::stop(milliseconds drain, std::move_only_function<void(std::size_t left)> done) { impl_->stop(drain, std::move(done)); }
std::size_t Executor::running() const { return impl_->running(); }

Executor::Impl::Impl(Options options, ports::Loop& loop, ports::RunSource& source, ports::Invoker& invoker)
    : options_(std::move(options)),
      share_(std::max(1U, options_.credits / std::max(1U, options_.streams))),
      loop_(loop),
      source_(source),
      invoker_(invoker),
      inbox_(std::make_shared<Inbox>(loop, [this](std::vector<InvokerEvent> events) { invoker_said(std::move(events)); })) {}

Executor::Impl::~Impl() {
  inbox_->close();
  loop_.cancel_timer(timer_);
  loop_.cancel_timer(renew_timer_);
  loop_.cancel_timer(drain_timer_);
}

void Executor::Impl::start() {
  renew_timer_ = loop_.call_at(loop_.steady_now() + options_.renew_every, [this] { renew_all(); });
  source_.start(handlers());
}

}  // namespace meepo::executor
