#pragma once
// The figures of one node as Prometheus reads them (text exposition format 0.0.4). Every label has a bounded number of values: kinds,
// outcomes, states, reasons, names of alerts; never a task, a target or a caller. docs/operating.md lists the metrics.

#include <optional>
#include <string>

#include "monitor/process.h"
#include "ports/figures.h"
#include "ports/store_requests.h"

namespace meepo::monitor {

struct Figures {
  std::string version;
  ports::SchedulerFigures scheduler;
  ports::StoreFigures store;
  ports::AlertCounts alerts;
  std::optional<ports::CountsRequest::Answer> counts;  ///< nothing: the store did not answer, and these metrics are left out
  ProcessFigures process;
};

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// Pure.
std::string metrics_text(const Figures& figures);

}  // namespace meepo::monitor
