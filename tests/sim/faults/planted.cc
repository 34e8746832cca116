#include "sim/faults/planted.h"

#include <array>
#include <utility>

#include "base/planted_bug.h"

namespace meepo::test {

namespace {

constexpr std::array<std::pair<std::string_view, PlantedBug>, 12> kNames = {{
    {"tick_named_by_now", PlantedBug::TickNamedByNow},
    {"next_tick_from_now", PlantedBug::NextTickFromNow},
    {"next_tick_armed_later", PlantedBug::NextTickArmedLater},
    {"zone_ignored", PlantedBug::ZoneIgnored},
    {"no_lease_reaper", PlantedBug::NoLeaseReaper},
    {"no_fence_check", PlantedBug::NoFenceCheck},
    {"begin_ignores_cancel", PlantedBug::BeginIgnoresCancel},
    {"end_ignores_token", PlantedBug::EndIgnoresToken},
    {"request_id_ignored", PlantedBug::RequestIdIgnored},
    {"no_quarantine", PlantedBug::NoQuarantine},
    {"unbounded_queue", PlantedBug::UnboundedQueue},
    {"uncapped_sleep", PlantedBug::UncappedSleep},
}};

}  // namespace

std::vector<std::string> planted_bugs() {
  std::vector<std::string> names;
  for (const auto& [name, bug] : kNames) names.emplace_back(name);
  return names;
}

std::string planted_names() {
  std::string all;
  for (const auto& [name, bug] : kNames) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

bool plant([[maybe_unused]] std::string_view name) {
#ifdef MEEPO_PLANTED_BUGS
  if (name.empty()) {
    planted_bug = PlantedBug::None;
    return true;
  }
  for (const auto& [known, bug] : kNames) {
    if (known != name) continue;
    planted_bug = bug;
    return true;
  }
#endif
  return false;
}

}  // namespace meepo::test
