#pragma once
// The Alerter port: what a person should hear of. Each alert has a stable name that is also its counter's.

#include <string>
#include <string_view>

namespace meepo::ports {

class Alerter {
 public:
  virtual ~Alerter() = default;
  /// Any thread; never blocks, never fails. `name`: lower_case, stable, e.g. "firing_quarantined"; `text`: one line for people.
  virtual void alert(std::string_view name, std::string text) = 0;
};

}  // namespace meepo::ports
