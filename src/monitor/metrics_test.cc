#include "monitor/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meepo::monitor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HistogramTest, AValueBelongsToTheFirstRangeThatReachesIt) {
  constexpr std::array kBounds = {1.0, 2.0};
  Histogram histogram(kBounds);
  for (const double value : {0.0, 1.0, 1.5, 2.0, 2.5, 100.0}) histogram.add(value);
  EXPECT_EQ(histogram.counts(), (std::vector<std::uint64_t>{2, 2, 2}));
  EXPECT_DOUBLE_EQ(histogram.sum(), 107.0);
}

TEST(MetricsTest, Text_HasEveryKindAndOutcomeFromTheStart) {
  const std::string text = metrics_text({.version = "1.2.3"});
  for (const char* line : {"meepo_build_info{version=\"1.2.3\"} 1\n", "meepo_tasks_created_total{kind=\"REAL\"} 0\n",
                           "meepo_tasks_created_total{kind=\"PLAN\"} 0\n", "meepo_attempts_ended_total{outcome=\"SUCCESS\"} 0\n",
                           "meepo_attempts_ended_total{outcome=\"TIMEOUT\"} 0\n", "meepo_ticks_skipped_total{reason=\"misfire\"} 0\n",
                           "# TYPE meepo_lateness_seconds histogram\n", "meepo_lateness_seconds_bucket{le=\"+Inf\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("meepo_tasks{"))) << "the store's counts are not known";
}

TEST(MetricsTest, Text_SaysWhatWasCounted) {
  Figures figures;
  figures.scheduler.created.add(Kind::Plan, 3);
  figures.scheduler.ended.add(Outcome::Timeout);
  figures.scheduler.ticks_skipped.add(SkipReason::Paused, 60);
  figures.scheduler.lateness.add(0.0);
  figures.scheduler.lateness.add(0.004);
  figures.scheduler.executors = 2;
  figures.store.failed_requests = 7;
  figures.alerts = {{"firing_unknown", 4}};
  figures.counts =
      ports::CountsRequest::Answer{.tasks = 5, .by_status = {{Status::Done, 5}}, .by_state = {{State::Waiting, 9}}, .stale_ends = 1};
  figures.process.cpu_seconds = 1.25;
  const std::string text = metrics_text(figures);
  for (const char* line :
       {"meepo_tasks_created_total{kind=\"PLAN\"} 3\n", "meepo_attempts_ended_total{outcome=\"TIMEOUT\"} 1\n",
        "meepo_ticks_skipped_total{reason=\"paused\"} 60\n", "meepo_lateness_seconds_count 2\n",
        "meepo_lateness_seconds_bucket{le=\"0.002\"} 1\n", "meepo_lateness_seconds_bucket{le=\"0.005\"} 2\n", "meepo_executors 2\n",
        "meepo_store_failed_requests_total 7\n", "meepo_alerts_total{name=\"firing_unknown\"} 4\n", "meepo_tasks{status=\"DONE\"} 5\n",
        "meepo_firings{state=\"WAITING\"} 9\n", "meepo_stale_ends_total 1\n", "process_cpu_seconds_total 1.25\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(ProcessFiguresTest, AreThoseOfThisProcess) {
  const auto figures = read_process_figures();
  EXPECT_GT(figures.resident_bytes, 1'000'000U);
  EXPECT_GE(figures.virtual_bytes, figures.resident_bytes);
  EXPECT_GE(figures.open_files, 3U);
  EXPECT_GE(figures.open_files_max, figures.open_files);
  EXPECT_GE(figures.threads, 1U);
  EXPECT_GT(figures.started_at, 1'700'000'000.0);
}

}  // namespace
}  // namespace meepo::monitor
