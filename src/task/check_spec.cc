#include <fmt/format.h>

#include "task/check.h"
#include "task/ticks.h"

namespace meepo {
namespace {

check::Checked define_of_kind(const TaskSpec& spec) {
  switch (spec.kind) {
    case Kind::Real:
      if (spec.define.empty()) return {};
      return check::refuse("define", spec.define, "an empty text: a REAL task runs now");
    case Kind::Ladder: {
      auto rungs = parse_ladder(spec.define);
      if (!rungs) return fail(std::move(rungs.error()));
      return {};
    }
    case Kind::Timing:
    case Kind::Plan: return check::text("define", spec.define, {.bytes_min = 1, .bytes_max = limits::kDefineBytesMax});
  }
  return check::refuse_number("kind", fmt::to_string(static_cast<int>(spec.kind)), "REAL, LADDER, TIMING or PLAN");
}

check::Checked targets(TaskSpec& spec) {
  if (auto checked = check::target("target", spec.target); !checked) return checked;
  if (spec.next.size() > limits::kChainDepthMax) {
    return check::refuse_number("next", fmt::format("{} long", spec.next.size()),
                                fmt::format("at most {} targets", limits::kChainDepthMax));
  }
  for (std::size_t i = 0; i < spec.next.size(); ++i) {
    if (auto checked = check::target(fmt::format("next[{}]", i), spec.next[i]); !checked) return checked;
  }
  return {};
}

}  // namespace

Result<TaskSpec> check_spec(TaskSpec spec, std::string_view default_zone) {
  if (auto checked = check::text("appId", spec.app_id, {.bytes_min = 1}); !checked) return fail(std::move(checked.error()));
  if (auto checked = define_of_kind(spec); !checked) return fail(std::move(checked.error()));
  if (auto checked = targets(spec); !checked) return fail(std::move(checked.error()));
  if (auto checked = check::options(spec.options); !checked) return fail(std::move(checked.error()));
  if (auto checked = check::time_options(spec); !checked) return fail(std::move(checked.error()));
  if (spec.options.zone.empty()) spec.options.zone = default_zone;
  return spec;
}

}  // namespace meepo
