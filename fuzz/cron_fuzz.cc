// Any bytes as a cron expression: refused with a message, or read; then every occurrence is later than the one before and both languages
// have words for it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "schedule/cron/expression.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The first byte chooses zone and rule, the next four the start; the rest is the expression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meepo;
  constexpr std::size_t kHead = 5;
  if (size < kHead) return 0;
  static const cron::Zone kZones[] = {cron::Zone::utc(), cron::Zone::find("America/New_York").value(),
                                      cron::Zone::find("Australia/Lord_Howe").value(), cron::Zone::find("Pacific/Apia").value()};
  const auto& zone = kZones[data[0] % 4];
  const auto dst = (data[0] & 4U) != 0 ? cron::Dst::Once : cron::Dst::Spring;
  std::uint32_t start = 0;
  for (std::size_t i = 1; i < kHead; ++i) start = start << 8U | data[i];
  const auto expression = cron::Expression::parse(std::string_view(reinterpret_cast<const char*>(data) + kHead, size - kHead));
  if (!expression) {
    check(expression.error().field == "define" && !expression.error().message.empty());
    return 0;
  }
  check(!expression->describe(cron::Language::English).empty() && !expression->describe(cron::Language::Chinese).empty());
  const auto again = cron::Expression::parse(expression->text());
  SysTime at{std::chrono::seconds(start)};
  for (int i = 0; i < 4; ++i) {
    const auto next = expression->next(at, zone, dst);
    check(again && again->next(at, zone, dst) == next);
    if (!next) break;
    check(*next > at);
    at = *next;
  }
  return 0;
}
