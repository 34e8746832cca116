#pragma once
// The Alerter that writes to the log (event "alert") and counts by name. Any thread.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "ports/alerter.h"

namespace meepo::adapters::local {

class LogAlerter final : public ports::Alerter {
 public:
  void alert(std::string_view name, std::string text) override;
  /// How often each name was alerted since the start.
  std::map<std::string, std::uint64_t, std::less<>> counts() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace meepo::adapters::local
