#include "context.h"

#include <algorithm>

namespace meepo::inline sdk {

bool RunningContext::wait_cancelled(std::chrono::milliseconds duration) {
  std::shared_ptr<Wake> wake;
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    first = wake_ == nullptr;
    if (first) wake_ = std::make_shared<Wake>();
    wake = wake_;
  }
  if (first) {
    run_.on_cancel([wake] {
      const std::scoped_lock lock(wake->mutex);
      wake->cancelled = true;
      wake->changed.notify_all();
    });
  }
  std::unique_lock lock(wake->mutex);
  constexpr std::chrono::milliseconds kLongest = std::chrono::days(366);  // far beyond any attempt; now + more would overflow
  return wake->changed.wait_for(lock, std::min(duration, kLongest), [&] { return wake->cancelled; });
}

}  // namespace meepo::inline sdk
