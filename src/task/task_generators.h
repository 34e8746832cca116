#pragma once
// For tests: tasks and attempts of every shape, as rapidcheck generates them. They are what the codec must carry, not what check_spec
// would let in.

#include <rapidcheck.h>

#include "task/firing.h"
#include "task/record_fields.h"
#include "task/task.h"

namespace meepo::generate {

inline std::string text() { return *rc::gen::arbitrary<std::string>(); }

inline std::vector<std::pair<std::string, std::string>> pairs() {
  return *rc::gen::arbitrary<std::vector<std::pair<std::string, std::string>>>();
}

inline Payload payload() { return {.encoding = *rc::gen::element(Encoding::Json, Encoding::Hessian2, Encoding::Bytes), .data = text()}; }

inline SysTime instant() { return from_unix_ms(*rc::gen::arbitrary<std::int64_t>()); }

inline milliseconds duration() { return milliseconds(*rc::gen::arbitrary<std::int64_t>()); }

/// Fields as a newer Meepo may write them.
inline std::string unknown_fields() {
  std::string out;
  for (const auto& [tag, value] : *rc::gen::arbitrary<std::vector<std::pair<std::uint16_t, std::string>>>()) {
    record::append_bytes(out, 1'000U + tag, value);
  }
  return out;
}

inline Target target() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return ServiceTarget{.interface = text(),
                           .method = text(),
                           .version = text(),
                           .group = text(),
                           .param_types = *rc::gen::arbitrary<std::vector<std::string>>(),
                           .params = payload(),
                           .unknown_fields = unknown_fields()};
    case 1: return HttpTarget{.method = text(), .url = text(), .headers = pairs(), .body = payload(), .unknown_fields = unknown_fields()};
    default:
      return CommandTarget{.argv = *rc::gen::arbitrary<std::vector<std::string>>(), .env = pairs(), .unknown_fields = unknown_fields()};
  }
}

inline RetryPolicy retry() {
  using Kind = RetryPolicy::Kind;
  RetryPolicy policy{.kind = *rc::gen::element(Kind::None, Kind::Ladder, Kind::Fixed, Kind::Exponential),
                     .max_retries = *rc::gen::arbitrary<std::uint32_t>(),
                     .delay = duration(),
                     .factor = *rc::gen::element(2.0, 1.0, 1.25, 1e300, 0x1p-1074),
                     .cap = duration(),
                     .jitter = *rc::gen::element(0.0, 0.1, 1.0)};
  for (const auto delay : *rc::gen::arbitrary<std::vector<std::int64_t>>()) policy.ladder.emplace_back(delay);
  return policy;
}

inline Options options() {
  return {.name = text(),
          .zone = text(),
          .run_once = *rc::gen::arbitrary<bool>(),
          .retry = retry(),
          .timeout = *rc::gen::element(duration(), limits::kTimeoutDefault),
          .on_lost = *rc::gen::element(OnLost::Rerun, OnLost::Unknown),
          .priority = *rc::gen::arbitrary<std::int32_t>(),
          .unique_key = text(),
          .request_id = text(),
          .labels = pairs(),
          .misfire = {.kind = *rc::gen::element(Misfire::Kind::Default, Misfire::Kind::Once, Misfire::Kind::Skip, Misfire::Kind::All),
                      .max = *rc::gen::arbitrary<std::uint32_t>(),
                      .window = std::chrono::seconds(*rc::gen::arbitrary<std::int32_t>())},
          .overlap = *rc::gen::element(Overlap::Default, Overlap::Skip, Overlap::BufferAll, Overlap::Allow),
          .start = *rc::gen::arbitrary<bool>() ? std::optional(instant()) : std::nullopt,
          .end = *rc::gen::arbitrary<bool>() ? std::optional(instant()) : std::nullopt,
          .max_count = *rc::gen::arbitrary<std::uint32_t>(),
          .jitter = duration(),
          .dst = *rc::gen::element(DstRule::Spring, DstRule::Once)};
}

inline Tick tick() {
  const auto number = *rc::gen::arbitrary<std::uint32_t>();
  return *rc::gen::element(Tick::real(), Tick::rung(number), Tick::at(instant()), Tick::by_hand(number));
}

inline FiringId firing_id() { return {.task = TaskId::make(static_cast<Shard>(*rc::gen::inRange(0, 64)), instant(), 5), .tick = tick()}; }

inline Task task() {
  Task out{.id = firing_id().task,
           .created = instant(),
           .version = *rc::gen::element(1U, 2U, 4'294'967'295U),
           .parent = *rc::gen::arbitrary<bool>() ? std::optional(firing_id()) : std::nullopt,
           .spec = {.app_id = text(),
                    .kind = *rc::gen::element(Kind::Real, Kind::Ladder, Kind::Timing, Kind::Plan),
                    .define = text(),
                    .target = target(),
                    .next = {},
                    .options = options()},
           .unknown_fields = unknown_fields()};
  for (int left = *rc::gen::inRange(0, 4); left > 0; --left) out.spec.next.push_back(target());
  return out;
}

inline Attempt attempt() {
  return {.number = *rc::gen::arbitrary<std::uint32_t>(),
          .executor = text(),
          .begun_at = *rc::gen::arbitrary<bool>() ? std::optional(instant()) : std::nullopt,
          .ended_at = *rc::gen::arbitrary<bool>() ? std::optional(instant()) : std::nullopt,
          .outcome = *rc::gen::element(Outcome::None, Outcome::Success, Outcome::Fail, Outcome::Stopped),
          .error = text(),
          .progress = text(),
          .log = text(),
          .unknown_fields = unknown_fields()};
}

}  // namespace meepo::generate
