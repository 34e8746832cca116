#include "schedule/zone.h"

#include <stdexcept>

#include "schedule/cron/tzdata.h"
#include "schedule/cron/zone.h"

namespace meepo::schedule {

Result<void> check_zone(std::string_view zone) {
  auto found = cron::locate_zone(zone);
  if (!found) return fail(std::move(found.error()));
  return {};
}

std::string system_zone() {
  try {
    return date::current_zone()->name();
  } catch (const std::runtime_error&) {
    return "UTC";
  }
}

std::string to_iso_in_zone(SysTime time, std::string_view zone) {
  static thread_local cron::Zones zones;
  const auto found = zones.find(zone);
  return found ? (*found)->to_iso(time) : to_iso_utc(time);
}

}  // namespace meepo::schedule
