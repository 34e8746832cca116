#pragma once
// Rules of an administrator about providers: override:// URLs below an interface's configurators, as the consoles of Dubbo 2.6 and
// 2.7 write them. Read are `disabled` and `weight`; everything else that a rule may set means nothing to a caller like Meepo. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/zookeeper/dubbo_url.h"

namespace meepo::adapters::zookeeper {

inline constexpr int kWeightDefault = 100;
inline constexpr int kWeightMax = 1'000'000;  ///< so that the sum over all providers stays far from overflowing

struct OverrideRule {
  std::string host;        ///< "0.0.0.0": of every provider
  std::uint16_t port = 0;  ///< 0: every port
  std::string application;  ///< of the consumer; empty: every one
  std::optional<std::string> group;    ///< of the provider, when the rule names one
  std::optional<std::string> version;  ///< of the provider, when the rule names one
  int priority = 0;
  std::optional<bool> disabled;
  std::optional<int> weight;

  friend bool operator==(const OverrideRule&, const OverrideRule&) = default;
};

/// Nothing for what is no rule for consumers: another protocol, enabled=false, side=provider, or neither `disabled` nor `weight`.
std::optional<OverrideRule> to_override_rule(const DubboUrl& url);

struct Provider {
  DubboUrl url;
  bool disabled = false;     ///< listed, but not to be called
  int weight = kWeightDefault;  ///< 0 … kWeightMax; 0: only when there is no other

  friend bool operator==(const Provider&, const Provider&) = default;
};

/// The providers with their own parameters and then the rules applied, as a consumer of the name `application`. A rule for one host
/// goes before one for all, a higher priority before a lower.
std::vector<Provider> apply_rules(std::span<const DubboUrl> providers, std::span<const OverrideRule> rules, std::string_view application);

}  // namespace meepo::adapters::zookeeper
