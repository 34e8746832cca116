#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "task/check.h"

namespace meepo::check {
namespace {

constexpr double kFactorMax = 1'000;

Checked number_between(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max) {
  if (value >= min && value <= max) return {};
  return refuse_number(field, fmt::to_string(value), fmt::format("{} to {}", min, max));
}

Checked fraction_between(std::string_view field, double value, double min, double max) {
  if (value >= min && value <= max) return {};
  return refuse_number(field, fmt::to_string(value), fmt::format("{} to {}", min, max));
}

Checked retry_delay_ms(std::string_view field, milliseconds delay) {
  return number_between(field, delay.count(), 0, milliseconds(limits::kRetryDelayMax).count());
}

Checked retry_ladder(const RetryPolicy& retry) {
  const std::string field = "retry.ladder.delaysMs";
  if (retry.ladder.empty() || retry.ladder.size() > limits::kRetriesMax) {
    return refuse_number(field, fmt::format("{} long", retry.ladder.size()), fmt::format("1 to {} delays", limits::kRetriesMax));
  }
  for (std::size_t i = 0; i < retry.ladder.size(); ++i) {
    if (auto checked = retry_delay_ms(fmt::format("{}[{}]", field, i), retry.ladder[i]); !checked) return checked;
  }
  return {};
}

Checked retry_fixed(const std::string& path, const RetryPolicy& retry) {
  if (auto checked = number_between(path + ".maxRetries", retry.max_retries, 0, limits::kRetriesMax); !checked) return checked;
  return retry_delay_ms(path + ".delayMs", retry.delay);
}

Checked retry_exponential(const std::string& path, const RetryPolicy& retry) {
  if (auto checked = retry_fixed(path, retry); !checked) return checked;
  if (auto checked = fraction_between(path + ".factor", retry.factor, 1.0, kFactorMax); !checked) return checked;
  return retry_delay_ms(path + ".capMs", retry.cap);
}

std::string_view retry_path(RetryPolicy::Kind kind) {
  switch (kind) {
    case RetryPolicy::Kind::None: return "retry";
    case RetryPolicy::Kind::Ladder: return "retry.ladder";
    case RetryPolicy::Kind::Fixed: return "retry.fixed";
    case RetryPolicy::Kind::Exponential: return "retry.exponential";
  }
  return "retry";
}

Checked retry_policy(RetryPolicy& retry) {
  const std::string path(retry_path(retry.kind));
  if (auto checked = fraction_between(path + ".jitter", retry.jitter, 0.0, 1.0); !checked) return checked;
  switch (retry.kind) {
    case RetryPolicy::Kind::None: retry = RetryPolicy{}; return {};
    case RetryPolicy::Kind::Ladder: return retry_ladder(retry);
    case RetryPolicy::Kind::Fixed: return retry_fixed(path, retry);
    case RetryPolicy::Kind::Exponential: return retry_exponential(path, retry);
  }
  return refuse_number("retry", fmt::to_string(static_cast<int>(retry.kind)), "ladder, fixed or exponential");
}

/// `labels` is sorted by key.
Checked labels(const std::vector<std::pair<std::string, std::string>>& labels) {
  if (labels.size() > limits::kLabelsMax) {
    return refuse_number("labels", fmt::format("{} long", labels.size()), fmt::format("at most {} labels", limits::kLabelsMax));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& [key, value] = labels[i];
    if (auto checked = text("labels", key, {.bytes_min = 1}); !checked) return checked;
    if (auto checked = text(fmt::format("labels.{}", key), value, {}); !checked) return checked;
    if (i > 0 && labels[i - 1].first == key) return refuse("labels", key, "each key once");
  }
  return {};
}

}  // namespace

Checked options(Options& options) {
  if (auto checked = text("name", options.name, {.bytes_max = limits::kTaskNameCharsMax}); !checked) return checked;
  if (auto checked = name("zone", options.zone, "_+-/", {}); !checked) return checked;
  if (auto checked = retry_policy(options.retry); !checked) return checked;
  const auto timeout_min = limits::kTimeoutMin.count();
  const auto timeout_max = milliseconds(limits::kTimeoutMax).count();
  if (auto checked = number_between("timeoutMs", options.timeout.count(), timeout_min, timeout_max); !checked) return checked;
  if (options.on_lost != OnLost::Rerun && options.on_lost != OnLost::Unknown) {
    return refuse_number("onLost", fmt::to_string(static_cast<int>(options.on_lost)), "rerun or unknown");
  }
  if (auto checked = number_between("priority", std::int64_t{options.priority}, 0, limits::kPriorityMax); !checked) return checked;
  if (auto checked = text("uniqueKey", options.unique_key, {.bytes_max = limits::kKeyCharsMax}); !checked) return checked;
  if (auto checked = text("requestId", options.request_id, {.bytes_max = limits::kKeyCharsMax}); !checked) return checked;
  std::ranges::sort(options.labels);
  return labels(options.labels);
}

}  // namespace meepo::check
