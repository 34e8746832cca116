#include "api/calls/explain.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace meepo::api {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const SysTime kDue = from_unix_ms(1'800'000'000'000);  // 2027-01-15T08:00:00Z

struct Facts {
  ports::TaskView view;
  std::optional<DueTick> tick = DueTick{.tick = Tick::at(kDue), .due = kDue};
  std::optional<SysTime> asked;
  std::optional<DueTick> next;
  std::vector<ports::LedgerRow> rows;
  SysTime now = kDue + hours(1);
  bool served = true;
};

Facts facts() {
  auto task = std::make_shared<Task>();
  task->created = kDue - hours(24);
  task->id = TaskId::make(0, task->created, 1);
  task->spec.kind = Kind::Plan;
  task->spec.define = "0 0 * * * *";
  task->spec.options.zone = "UTC";
  task->spec.target = ServiceTarget{.interface = "a.B", .method = "c"};
  return {.view = {.task = task}};
}

ports::LedgerRow firing_row(const std::function<void(Firing&)>& change) {
  Firing firing{.id = {.task = {}, .tick = Tick::at(kDue)}, .state = State::Due, .due = kDue, .score = kDue};
  change(firing);
  return {.firing = firing};
}

ports::LedgerRow range_row(SkipReason reason) {
  return {.range = TickRange{.first = Tick::at(kDue - hours(3)), .last = Tick::at(kDue + hours(1)), .count = 5},
          .range_reason = reason,
          .range_at = kDue + hours(2)};
}

void expect_says(const Facts& f, std::string_view verdict, const std::vector<std::string>& words) {
  const auto answer =
      explain({.view = f.view, .tick = f.tick, .asked = f.asked, .next = f.next, .rows = f.rows, .now = f.now, .served = f.served});
  EXPECT_EQ(answer.verdict(), verdict) << answer.summary();
  for (const auto& word : words) EXPECT_NE(answer.summary().find(word), std::string::npos) << word << " in: " << answer.summary();
}

TEST(Explain, WhatBecameOfATick) {
  struct Case {
    std::string verdict;
    std::vector<std::string> words;
    std::function<void(Facts&)> change;
  };
  const auto row = [](std::function<void(Firing&)> change) {
    return [change = std::move(change)](Facts& f) { f.rows.push_back(firing_row(change)); };
  };
  for (const auto& one : std::vector<Case>{
           {"SUCCESS", {"due 2027-01-15T08:00:00.000+00:00", "attempt 2 begun 4 ms later on x-1", "ended SUCCESS"}, row([](Firing& f) {
              f.state = State::Ended;
              f.fate = Fate::Fired;
              f.outcome = Outcome::Success;
              f.attempt = 2;
              f.executor = "x-1";
              f.begun_at = kDue + milliseconds(4);
              f.ended_at = kDue + seconds(1);
            })},
           {"CANCELLED", {"cancelled at"}, row([](Firing& f) {
              f.state = State::Ended;
              f.fate = Fate::Cancelled;
              f.ended_at = kDue;
            })},
           {"RUNNING", {"runs on x-1 as attempt 1"}, row([](Firing& f) {
              f.state = State::Running;
              f.attempt = 1;
              f.executor = "x-1";
              f.begun_at = kDue;
            })},
           {"WAITING", {"no executor serves a.B#c"}, row([](Firing& f) {
              f.state = State::Waiting;
              f.wait_reason = WaitReason::NoExecutor;
            })},
           {"WAITING", {"another firing"}, row([](Firing& f) {
              f.state = State::Waiting;
              f.wait_reason = WaitReason::Overlap;
            })},
           {"DUE", {"Attempt 1 ended FAIL: no money", "next one is due at"}, row([](Firing& f) {
              f.attempt = 1;
              f.outcome = Outcome::Fail;
              f.error = "no money";
              f.score = kDue + hours(2);
            })},
           {"DUE", {"waits for an executor that is free"}, row([](Firing&) {})},
           {"SKIPPED",
            {"misfire", "2 h 0 min late", "policy once", "one of 5"},
            [](Facts& f) { f.rows.push_back(range_row(SkipReason::Misfire)); }},
           {"SKIPPED", {"overlap", "under way"}, [](Facts& f) { f.rows.push_back(range_row(SkipReason::Overlap)); }},
           {"SKIPPED", {"paused", "resumed at"}, [](Facts& f) { f.rows.push_back(range_row(SkipReason::Paused)); }},
           {"NOT_YET", {"in 3 h 0 min"}, [](Facts& f) { f.now = kDue - hours(3); }},
           {"NO_TICK", {"ended before"}, [](Facts& f) { f.view.ended_at = kDue - hours(1); }},
           {"NO_TICK", {"removed by retention"}, [](Facts&) {}},
           {"NO_TICK",
            {"created later"},
            [](Facts& f) {
              f.tick.reset();
              f.asked = kDue - hours(48);
            }},
       }) {
    Facts f = facts();
    one.change(f);
    expect_says(f, one.verdict, one.words);
  }
}

}  // namespace
}  // namespace meepo::api
