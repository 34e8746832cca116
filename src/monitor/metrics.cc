#include "monitor/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "task/status.h"

namespace meepo::monitor {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

class Page {
 public:
  void counter(std::string name, std::string help, double value) {
    begin(std::move(name), std::move(help), MetricType::Counter);
    families_.back().metric.emplace_back().counter.value = value;
  }
  void counter(std::string name, std::string help, std::uint64_t value) {
    counter(std::move(name), std::move(help), static_cast<double>(value));
  }
  void gauge(std::string name, std::string help, double value) {
    begin(std::move(name), std::move(help), MetricType::Gauge);
    families_.back().metric.emplace_back().gauge.value = value;
  }
  void gauge(std::string name, std::string help, std::uint64_t value) {
    gauge(std::move(name), std::move(help), static_cast<double>(value));
  }
  void histogram(std::string name, std::string help, const Histogram& histogram);

  /// A family whose members are added one by one.
  void begin(std::string name, std::string help, MetricType type) {
    families_.push_back({.name = std::move(name), .help = std::move(help), .type = type, .metric = {}});
  }
  void add(std::uint64_t value, std::string label, std::string_view label_value) {
    auto& metric = families_.back().metric.emplace_back();
    metric.label.push_back({.name = std::move(label), .value = std::string(label_value)});
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void Page::histogram(std::string name, std::string help, const Histogram& histogram) {
  begin(std::move(name), std::move(help), MetricType::Histogram);
  auto& out = families_.back().metric.emplace_back().histogram;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    out.sample_count += histogram.counts()[i];
    const bool last = i == histogram.bounds().size();
    out.bucket.push_back(
        {.cumulative_count = out.sample_count, .upper_bound = last ? std::numeric_limits<double>::infinity() : histogram.bounds()[i]});
  }
  out.sample_sum = histogram.sum();
}

constexpr std::array kKinds = {Kind::Real, Kind::Ladder, Kind::Timing, Kind::Plan};
constexpr std::array kOutcomes = {Outcome::Success, Outcome::Fail, Outcome::Timeout, Outcome::Stopped};
constexpr std::array kSkipReasons = {SkipReason::Misfire, SkipReason::Overlap, SkipReason::Paused};

template <class Enum, std::size_t N, class Values>
void add_by(Page& page, const std::string& label, const ports::CountsBy<Enum, N>& counts, const Values& values) {
  for (const auto value : values) page.add(counts.of(value), label, to_string(value));
}

void add_scheduler(Page& page, const ports::SchedulerFigures& figures) {
  page.begin("meepo_tasks_created_total", "Tasks created by clients", MetricType::Counter);
  add_by(page, "kind", figures.created, kKinds);
  page.counter("meepo_creates_repeated_total", "Creates answered with the task of the same request id", figures.creates_repeated);
  page.counter("meepo_creates_refused_total", "Creates that were refused: by the store, or because too many waited for it",
               figures.creates_refused);
  page.begin("meepo_attempts_begun_total", "Attempts sent to executors", MetricType::Counter);
  add_by(page, "kind", figures.begun, kKinds);
  page.begin("meepo_attempts_ended_total", "Attempts whose end was accepted", MetricType::Counter);
  add_by(page, "outcome", figures.ended, kOutcomes);
  page.counter("meepo_retries_total", "Failed attempts that are tried again", figures.retries);
  page.counter("meepo_tasks_chained_total", "Tasks created by the success of another", figures.chained);
  page.counter("meepo_tasks_cancelled_total", "Tasks cancelled", figures.tasks_cancelled);
  page.begin("meepo_ticks_skipped_total", "Due instants that did not run, by the rule that decided", MetricType::Counter);
  add_by(page, "reason", figures.ticks_skipped, kSkipReasons);
  page.counter("meepo_attempts_taken_back_total", "Attempts that were lost with their executor or by their lease", figures.taken_back);
  page.counter("meepo_clock_steps_total", "Steps of the store's clock of more than a second", figures.clock_steps);
  page.histogram("meepo_lateness_seconds", "From a firing's due instant until its first attempt was sent", figures.lateness);
  page.histogram("meepo_attempt_seconds", "From an attempt's begin to its accepted end", figures.duration);
  page.gauge("meepo_shards", "Shards that this node owns", figures.shards);
  page.gauge("meepo_firings_known", "Firings due within 30 s or now, in memory", figures.firings_known);
  page.gauge("meepo_attempts_running", "Attempts with a lease", figures.attempts_running);
  page.gauge("meepo_executors", "Executors connected", figures.executors);
  page.gauge("meepo_executor_credits", "Runs that the connected executors would take now", figures.credits);
  page.gauge("meepo_creates_waiting", "Creates not answered yet", figures.creates_waiting);
  page.gauge("meepo_store_requests_waiting", "Requests to the store not answered yet, and repeats that wait",
             figures.store_requests_waiting);
}

void add_store(Page& page, const ports::StoreFigures& figures) {
  page.histogram("meepo_store_batch_items", "Items in one transaction", figures.batch_items);
  page.histogram("meepo_store_commit_seconds", "From a transaction's begin until it is on disk", figures.commit_seconds);
  page.counter("meepo_store_failed_requests_total", "Requests that the store did not carry out", figures.failed_requests);
  page.gauge("meepo_store_items_waiting", "Items of requests not answered yet", figures.items_waiting);
}

void add_counts(Page& page, const ports::CountsRequest::Answer& counts) {
  page.begin("meepo_tasks", "Tasks in the store by status", MetricType::Gauge);
  for (const auto& [status, count] : counts.by_status) page.add(count, "status", to_string(status));
  page.begin("meepo_firings", "Firings in the store by state", MetricType::Gauge);
  for (const auto& [state, count] : counts.by_state) page.add(count, "state", to_string(state));
  page.counter("meepo_stale_ends_total", "Ends refused because their attempt had been taken back or had ended", counts.stale_ends);
}

void add_process(Page& page, const ProcessFigures& figures) {
  page.counter("process_cpu_seconds_total", "User and system time", figures.cpu_seconds);
  page.gauge("process_start_time_seconds", "Start of the process, Unix seconds", figures.started_at);
  page.gauge("process_resident_memory_bytes", "Resident memory", figures.resident_bytes);
  page.gauge("process_virtual_memory_bytes", "Virtual memory", figures.virtual_bytes);
  page.gauge("process_open_fds", "Open file descriptors", figures.open_files);
  page.gauge("process_max_fds", "File descriptors that may be open", figures.open_files_max);
  page.gauge("process_threads", "Threads", figures.threads);
}

}  // namespace

std::string metrics_text(const Figures& figures) {
  Page page;
  page.begin("meepo_build_info", "The running version", MetricType::Gauge);
  page.add(1, "version", figures.version);
  if (figures.counts) add_counts(page, *figures.counts);
  add_scheduler(page, figures.scheduler);
  add_store(page, figures.store);
  page.begin("meepo_alerts_total", "Alerts by name", MetricType::Counter);
  for (const auto& [name, count] : figures.alerts) page.add(count, "name", name);
  add_process(page, figures.process);
  return page.text();
}

}  // namespace meepo::monitor
