#include "adapters/dubbo/provider.h"

#include <algorithm>

namespace meepo::adapters::dubbo {
namespace {

constexpr std::string_view kNoVersion = "0.0.0";  // Dubbo's word for none

bool is_pattern(std::string_view text) { return text.find_first_of("*,") != std::string_view::npos; }

const Provider& by_weight(std::span<const Candidate> candidates, std::uint64_t draw) {
  std::uint64_t sum = 0;
  for (const auto& candidate : candidates) sum += static_cast<std::uint64_t>(candidate.provider->weight);
  if (sum == 0) return *candidates[draw % candidates.size()].provider;
  std::uint64_t left = draw % sum;
  for (const auto& candidate : candidates) {
    const auto weight = static_cast<std::uint64_t>(candidate.provider->weight);
    if (left < weight) return *candidate.provider;
    left -= weight;
  }
  return *candidates.back().provider;
}

}  // namespace

std::string Address::text() const { return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port); }

std::vector<Provider> providers_of(std::span<const zookeeper::Provider> listed) {
  std::vector<Provider> providers;
  for (const auto& each : listed) {
    auto version = std::string(each.url.get("version"));
    auto group = std::string(each.url.get("group"));
    if (each.disabled || is_pattern(version) || is_pattern(group)) continue;
    if (version == kNoVersion) version.clear();
    providers.push_back({.address = {.host = each.url.host, .port = each.url.port},
                         .version = std::move(version),
                         .group = std::move(group),
                         .weight = each.weight,
                         .least_active = each.url.get("loadbalance") == "leastactive"});
  }
  return providers;
}

const Provider& choose(std::span<const Candidate> candidates, std::uint64_t draw) {
  if (!candidates.front().provider->least_active) return by_weight(candidates, draw);
  const auto least = std::ranges::min(candidates, {}, &Candidate::active).active;
  std::vector<Candidate> idle;
  std::ranges::copy_if(candidates, std::back_inserter(idle), [least](const Candidate& each) { return each.active == least; });
  return by_weight(idle, draw);
}

}  // namespace meepo::adapters::dubbo
