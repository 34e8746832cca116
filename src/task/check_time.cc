#include <fmt/format.h>

#include <array>

#include "task/check.h"

namespace meepo::check {
namespace {

struct Rule {
  std::string_view field;
  bool given;
  std::string_view value;
  bool fits;
  std::string_view kinds;
};

Checked fits_kind(const TaskSpec& spec) {
  const Options& options = spec.options;
  const bool plan = spec.kind == Kind::Plan;
  const bool repeats = plan || spec.kind == Kind::Ladder;
  const bool later = repeats || spec.kind == Kind::Timing;
  const std::array rules = {
      Rule{"misfire", options.misfire != Misfire{}, "given", later, "a LADDER, TIMING or PLAN"},
      Rule{"overlap", options.overlap != Overlap::Default, "given", repeats, "a LADDER or PLAN"},
      Rule{"startAt", options.start.has_value(), "given", plan, "a PLAN"},
      Rule{"endAt", options.end.has_value(), "given", plan, "a PLAN"},
      Rule{"maxCount", options.max_count != 0, "given", plan, "a PLAN"},
      Rule{"jitterMs", options.jitter.count() != 0, "given", later, "a LADDER, TIMING or PLAN"},
      Rule{"dst", options.dst != DstRule::Spring, "given", plan, "a PLAN"},
  };
  for (const Rule& rule : rules) {
    if (rule.given && !rule.fits) {
      return refuse_number(rule.field, rule.value, fmt::format("it only for {}, not for a {} task", rule.kinds, to_string(spec.kind)));
    }
  }
  return {};
}

Checked misfire(const Misfire& misfire) {
  if (misfire.kind > Misfire::Kind::All) {
    return refuse_number("misfire.policy", fmt::to_string(static_cast<int>(misfire.kind)), "ONCE, SKIP or ALL");
  }
  if (misfire.max != 0 && misfire.kind != Misfire::Kind::All) {
    return refuse_number("misfire.max", fmt::to_string(misfire.max), "0, or the policy ALL");
  }
  if (misfire.max > limits::kMisfireTicksMax) {
    return refuse_number("misfire.max", fmt::to_string(misfire.max), fmt::format("at most {}", limits::kMisfireTicksMax));
  }
  const std::chrono::seconds most = limits::kMisfireWindowMax;
  if (misfire.window.count() < 0 || misfire.window > most) {
    return refuse_number("misfire.windowSeconds", fmt::to_string(misfire.window.count()), fmt::format("0 to {}", most.count()));
  }
  return {};
}

}  // namespace

Checked time_options(const TaskSpec& spec) {
  if (auto checked = fits_kind(spec); !checked) return checked;
  const Options& options = spec.options;
  if (auto checked = misfire(options.misfire); !checked) return checked;
  if (options.overlap > Overlap::Allow) {
    return refuse_number("overlap", fmt::to_string(static_cast<int>(options.overlap)),
                         "SKIP, BUFFER_ONE, BUFFER_ALL, CANCEL_OTHER or ALLOW");
  }
  if (options.start && options.end && *options.start > *options.end) {
    return refuse_number("endAt", to_iso_utc(*options.end), fmt::format("a time not before startAt, {}", to_iso_utc(*options.start)));
  }
  const milliseconds jitter_most = limits::kJitterMax;
  if (options.jitter.count() < 0 || options.jitter > jitter_most) {
    return refuse_number("jitterMs", fmt::to_string(options.jitter.count()), fmt::format("0 to {}", jitter_most.count()));
  }
  return {};
}

}  // namespace meepo::check
