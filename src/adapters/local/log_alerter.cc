#include "adapters/local/log_alerter.h"

#include <utility>

#include "base/log.h"

namespace meepo::adapters::local {

void LogAlerter::alert(std::string_view name, std::string text) {
  {
    const std::scoped_lock lock(mutex_);
    auto count = counts_.find(name);
    if (count == counts_.end()) count = counts_.emplace(name, 0).first;
    ++count->second;
  }
  log::warn("alert", {{"name", std::string(name)}, {"text", std::move(text)}});
}

std::map<std::string, std::uint64_t, std::less<>> LogAlerter::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace meepo::adapters::local
