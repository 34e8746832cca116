#include "adapters/zookeeper/override_rule.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace meepo::adapters::zookeeper {
namespace {

constexpr std::string_view kEveryHost = "0.0.0.0";

std::optional<int> to_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

/// Nothing if the parameter is not there or no weight.
std::optional<int> weight_of(const DubboUrl& url) {
  const auto weight = to_int(url.get("weight"));
  return weight && *weight >= 0 ? std::optional(std::min(*weight, kWeightMax)) : std::nullopt;
}

std::optional<std::string> named(const DubboUrl& url, std::string_view name) {
  const auto value = url.get(name);
  return value.empty() || value == "*" ? std::nullopt : std::optional(std::string(value));
}

bool matches(const OverrideRule& rule, const DubboUrl& provider, std::string_view application) {
  return (rule.host == kEveryHost || rule.host == provider.host) && (rule.port == 0 || rule.port == provider.port) &&
         (rule.application.empty() || rule.application == application) && (!rule.group || *rule.group == provider.get("group")) &&
         (!rule.version || *rule.version == provider.get("version"));
}

}  // namespace

std::optional<OverrideRule> to_override_rule(const DubboUrl& url) {
  if (url.protocol != "override" || url.get("enabled") == "false" || url.get("side") == "provider") return std::nullopt;
  OverrideRule rule{.host = url.host,
                    .port = url.port,
                    .application = named(url, "application").value_or(""),
                    .group = named(url, "group"),
                    .version = named(url, "version"),
                    .priority = to_int(url.get("priority")).value_or(0),
                    .disabled = std::nullopt,
                    .weight = weight_of(url)};
  if (const auto disabled = url.get("disabled"); !disabled.empty()) rule.disabled = disabled == "true";
  if (!rule.disabled && !rule.weight) return std::nullopt;
  return rule;
}

std::vector<Provider> apply_rules(std::span<const DubboUrl> providers, std::span<const OverrideRule> rules, std::string_view application) {
  // Applied one after the other, so the last one stays; of equal ones the later in the list.
  std::multimap<std::pair<bool, int>, const OverrideRule*> ordered;
  for (const auto& rule : rules) ordered.emplace(std::pair(rule.host != kEveryHost, rule.priority), &rule);
  std::vector<Provider> out;
  out.reserve(providers.size());
  for (const auto& url : providers) {
    Provider provider{.url = url, .disabled = url.get("disabled") == "true", .weight = weight_of(url).value_or(kWeightDefault)};
    for (const auto& [order, rule] : ordered) {
      if (!matches(*rule, url, application)) continue;
      provider.disabled = rule->disabled.value_or(provider.disabled);
      provider.weight = rule->weight.value_or(provider.weight);
    }
    out.push_back(std::move(provider));
  }
  return out;
}

}  // namespace meepo::adapters::zookeeper
