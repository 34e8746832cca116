#pragma once
// Providers of a service, and which of them is called next. Pure.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/zookeeper/override_rule.h"

namespace meepo::adapters::dubbo {

/// Where a provider is.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  std::string text() const;  ///< "10.0.0.7:20880", "[::1]:20880"
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Provider {
  Address address;
  std::string version;        ///< empty: none
  std::string group;          ///< empty: none
  int weight = zookeeper::kWeightDefault;  ///< 0: only if there is no other
  bool least_active = false;  ///< loadbalance=leastactive; any other means random by weight

  friend bool operator==(const Provider&, const Provider&) = default;
};

/// What the registry lists, without what is disabled and what has more than one version or group to offer ("*").
std::vector<Provider> providers_of(std::span<const zookeeper::Provider> listed);

/// A candidate and how many calls are under way there.
struct Candidate {
  const Provider* provider = nullptr;
  std::size_t active = 0;
};

/// One of them: of the least active if the first of them wants that, by weight at random. `draw`: any 64 bits. Not of none.
const Provider& choose(std::span<const Candidate> candidates, std::uint64_t draw);

}  // namespace meepo::adapters::dubbo
