#include "executor/inbox.h"

#include <utility>

namespace meepo::executor {

void Inbox::started(const std::shared_ptr<ActiveRun>& run) {
  const std::scoped_lock lock(mutex_);
  if (closed_ || !run->begin(loop_.system_now())) return;
  push_locked({.run = run, .at = loop_.steady_now(), .result = std::nullopt});
}

void Inbox::done(const std::shared_ptr<ActiveRun>& run, ports::InvokeResult result) {
  const std::scoped_lock lock(mutex_);
  if (!closed_) push_locked({.run = run, .at = {}, .result = std::move(result)});
}

void Inbox::close() {
  std::vector<InvokerEvent> dropped;
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  dropped.swap(events_);
}

void Inbox::push_locked(InvokerEvent event) {
  events_.push_back(std::move(event));
  if (events_.size() == 1) loop_.post([inbox = shared_from_this()] { inbox->run_drain(); });
}

void Inbox::run_drain() {
  std::vector<InvokerEvent> events;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    events.swap(events_);
  }
  drain_(std::move(events));
}

}  // namespace meepo::executor
