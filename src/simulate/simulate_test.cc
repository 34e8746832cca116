#include "simulate/simulate.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>

#include "adapters/sqlite/sqlite_store.h"

namespace meepo::simulate {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

SysTime at(std::string_view iso) { return parse_iso(iso).value(); }

TaskSpec spec(Kind kind, std::string define) {
  return {.app_id = "app", .kind = kind, .define = std::move(define), .target = ServiceTarget{.interface = "a.B", .method = "c"}};
}

Result<Report> simulated(std::vector<TaskSpec> specs, Settings settings, std::size_t slices = 4) {
  VirtualLoop loop(settings.from);
  const auto store = adapters::sqlite::SqliteStore::open({.folder = "", .inline_on_loop = true}, loop).value();
  return run(settings, std::move(specs), slices, loop, *store, store->fence());
}

Settings an_hour() { return {.from = at("2026-11-26T10:00:00Z"), .to = at("2026-11-26T11:00:00Z")}; }

TEST(Simulate, EveryTickOfEveryKindInOrder) {
  const auto report = simulated(
      {spec(Kind::Plan, "0 0/10 * * * *"), spec(Kind::Timing, "20261126103000"), spec(Kind::Ladder, "0,60"), spec(Kind::Real, "")},
      an_hour());
  ASSERT_TRUE(report) << report.error().message;
  std::vector<std::size_t> rows(4);
  SysTime last = SysTime::min();
  for (const auto& line : report->lines) {
    ++rows.at(line.task);
    ASSERT_TRUE(line.row.firing);
    EXPECT_GE(line.due, last);
    last = line.due;
    if (line.due < at("2026-11-26T11:00:00Z")) {
      EXPECT_EQ(line.row.firing->outcome, Outcome::Success);
    }
    EXPECT_EQ(line.row.firing->begun_at, line.due) << "on time to the millisecond: " << line.row.firing->id.text();
  }
  EXPECT_EQ(rows, (std::vector<std::size_t>{6, 1, 2, 1}));
  EXPECT_EQ(report->began, 10U);
  EXPECT_EQ(report->skipped, 0U);
}

TEST(Simulate, ALongRunSkipsWhatComesDueMeanwhile) {
  Settings settings = an_hour();
  settings.duration = seconds(150);
  TaskSpec each_minute = spec(Kind::Plan, "0 * * * * *");
  each_minute.options.timeout = hours(1);
  const auto report = simulated({each_minute}, settings);
  ASSERT_TRUE(report) << report.error().message;
  // Begins at :01, :04, …, each over after 2½ minutes.
  EXPECT_EQ(report->began, 20U);
  EXPECT_EQ(report->skipped, 40U) << "of 60";
  EXPECT_EQ(report->at_once, 1U);
  const auto is_overlap = [](const Line& line) { return line.row.range && line.row.range_reason == SkipReason::Overlap; };
  EXPECT_TRUE(std::ranges::any_of(report->lines, is_overlap));
}

TEST(Simulate, TheLoadIsCountedBySlices) {
  Settings settings = an_hour();
  settings.duration = seconds(30);
  const auto report =
      simulated({spec(Kind::Plan, "0 0 10 * * *"), spec(Kind::Plan, "0 20 * * * *"), spec(Kind::Plan, "0 20 * * * *")}, settings);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->load.size(), 4U);
  EXPECT_EQ(report->load[1].begin, at("2026-11-26T10:15:00Z"));
  EXPECT_EQ(report->load[1].began, 2U);
  EXPECT_EQ(report->load[1].at_once, 2U);
  EXPECT_EQ(report->load[0].began + report->load[2].began + report->load[3].began, 0U);
}

TEST(Simulate, IdleTimeIsPassedOver) {
  Settings settings{.from = at("2026-01-29T00:00:00Z"), .to = at("2026-02-01T00:00:00Z")};
  const auto report = simulated({spec(Kind::Plan, "0 0 0 L * ?")}, settings);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->began, 1U);
}

TEST(Simulate, WhatIsWrongIsNamed) {
  Settings backwards = an_hour();
  std::swap(backwards.from, backwards.to);
  EXPECT_EQ(simulated({spec(Kind::Real, "")}, backwards).error().field, "to");
  EXPECT_EQ(simulated({}, an_hour()).error().field, "plan");
  EXPECT_EQ(simulated(std::vector<TaskSpec>(kTasksMax + 1, spec(Kind::Real, "")), an_hour()).error().field, "plan");
  const auto bad = simulated({spec(Kind::Real, ""), spec(Kind::Plan, "* * * * *")}, an_hour());
  EXPECT_EQ(bad.error().field, "define");
  EXPECT_NE(bad.error().message.find("task 2"), std::string::npos) << bad.error().message;
  const auto over = simulated({spec(Kind::Timing, "20251126103000")}, an_hour());
  EXPECT_NE(over.error().message.find("task 1"), std::string::npos) << over.error().message;
}

}  // namespace
}  // namespace meepo::simulate
