#include "schedule/zone.h"

#include <fmt/format.h>

#include <stdexcept>

#include "schedule/cron/tzdata.h"

namespace meepo::schedule {

Result<void> check_zone(std::string_view zone) {
  if (cron::locate_zone(zone) != nullptr) return {};
  return fail(Code::InvalidArgument,
              fmt::format("read zone \"{}\": expected an IANA name such as Asia/Shanghai or UTC", zone.substr(0, 64)), "zone");
}

std::string system_zone() {
  try {
    return date::current_zone()->name();
  } catch (const std::runtime_error&) {
    return "UTC";
  }
}

std::string to_iso_in_zone(SysTime time, std::string_view zone) {
  const auto* found = cron::locate_zone(zone);
  if (found == nullptr) return to_iso_utc(time);
  const auto offset = found->get_info(time).offset;
  std::string text = to_iso_utc(time + offset);
  text.pop_back();
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(offset).count();
  const auto size = minutes < 0 ? -minutes : minutes;
  return text + fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

}  // namespace meepo::schedule
