#include "executor/active_run.h"

#include <utility>

#include "base/limits.h"
#include "executor/kept_text.h"

namespace meepo::executor {

void ActiveRun::on_cancel(std::move_only_function<void()> wake) {
  {
    const std::scoped_lock lock(mutex_);
    // cancel() sets the flag before it takes the wakes under the lock: a wake is run by one of the two, never by both.
    if (!cancelled()) {
      wakes_.push_back(std::move(wake));
      return;
    }
  }
  wake();
}

void ActiveRun::progress(std::string text) {
  auto kept = kept_text(std::move(text), limits::kProgressBytesKept);
  const std::scoped_lock lock(mutex_);
  report_.progress = std::move(kept);
}

void ActiveRun::log(std::string line) {
  const auto kept = kept_text(std::move(line), limits::kLogLineBytesKept);
  const std::scoped_lock lock(mutex_);
  if (log_cut_) return;
  const bool joined = !report_.log.empty();
  log_cut_ = logged_bytes_ + kept.size() + 1 > limits::kLogBytesKept - kCutMark.size();
  const std::string_view line_kept = log_cut_ ? kCutMark : std::string_view(kept);
  if (joined) report_.log += '\n';
  report_.log += line_kept;
  logged_bytes_ += line_kept.size() + 1;
}

bool ActiveRun::begin(SysTime now) {
  deadline_ms_.store(to_unix_ms(now + run_.timeout));
  Phase waiting = Phase::Waiting;
  return phase_.compare_exchange_strong(waiting, Phase::Begun);
}

bool ActiveRun::withdraw() {
  Phase waiting = Phase::Waiting;
  return phase_.compare_exchange_strong(waiting, Phase::Withdrawn);
}

void ActiveRun::cancel() {
  std::vector<std::move_only_function<void()>> wakes;
  cancelled_.store(true);
  {
    const std::scoped_lock lock(mutex_);
    wakes.swap(wakes_);
  }
  for (auto& wake : wakes) wake();
}

ports::AttemptReport ActiveRun::take_report() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(report_, {});
}

}  // namespace meepo::executor
