#include "print.h"

#include <gtest/gtest.h>

#include "json.h"

namespace meepo::cli {
namespace {

TEST(Table, Table_AlignsByCharactersAndLeavesNoBlanksAtTheEnd) {
  EXPECT_EQ(table({{"ID", "NAME", "X"}, {"1", "账单", ""}, {"22", "bill", "y"}}), "ID  NAME  X\n1   账单\n22  bill  y\n");
  EXPECT_EQ(table({}), "");
}

TEST(Shortened, Shortened_KeepsOneLineAndMarksWhatItCut) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab…");
  EXPECT_EQ(shortened("a\nb\tc", 10), "a b c");
  EXPECT_EQ(shortened("任务调度", 4), "任务调度");
  EXPECT_EQ(shortened("任务调度器", 4), "任务调…");
}

TEST(StandingOf, StandingOf_SaysStateReasonAttemptAndCancel) {
  v1::Firing firing;
  firing.set_state(v1::Firing::WAITING);
  firing.set_reason("no executor");
  EXPECT_EQ(standing_of(firing), "WAITING (no executor)");
  firing.set_state(v1::Firing::RUNNING);
  firing.clear_reason();
  firing.set_attempt(2);
  firing.set_cancel("asked");
  EXPECT_EQ(standing_of(firing), "RUNNING attempt 2, cancel asked");
  firing.set_state(v1::Firing::ENDED);
  firing.set_fate(v1::Firing::FIRED);
  firing.set_outcome(v1::Firing::SUCCESS);
  firing.clear_cancel();
  EXPECT_EQ(standing_of(firing), "SUCCESS attempt 2");
  firing.set_fate(v1::Firing::SKIPPED);
  firing.clear_outcome();
  firing.clear_attempt();
  firing.set_reason("run_once");
  EXPECT_EQ(standing_of(firing), "SKIPPED (run_once)");
}

TEST(Describe, Describe_ShowsALedgerWithAttemptsAndRanges) {
  v1::LedgerResponse page;
  auto& ended = *page.add_rows();
  ended.mutable_firing()->set_id("t@r0");
  ended.mutable_firing()->set_state(v1::Firing::ENDED);
  ended.mutable_firing()->set_fate(v1::Firing::FIRED);
  ended.mutable_firing()->set_outcome(v1::Firing::FAIL);
  ended.mutable_firing()->set_attempt(1);
  ended.mutable_firing()->set_error("no money");
  auto& attempt = *ended.add_attempts();
  attempt.set_number(1);
  attempt.set_outcome(v1::Firing::FAIL);
  attempt.set_executor("pay-1");
  attempt.set_error("no money");
  auto& range = *page.add_rows();
  range.mutable_range()->set_first("r1");
  range.mutable_range()->set_last("r2");
  range.mutable_range()->set_count(2);
  range.set_range_fate(v1::Firing::SKIPPED);
  range.set_range_reason("run_once");
  page.set_next_page_token("p");
  const std::string text = describe(page);
  for (const char* part :
       {"TICK", "r0", "FAIL", "  #1", "pay-1", "no money", "r1 … r2", "SKIPPED (run_once)", "2 ticks", "--page-token p"}) {
    EXPECT_TRUE(text.contains(part)) << part << "\n" << text;
  }
}

TEST(Json, Json_KeepsTheDigitsOfPayloads) {
  const auto spec = spec_from_json(
      R"({"appId":"a","kind":"REAL","target":{"service":{"interface":"i","method":"m","params":[9007199254740993, 0.10]}}})");
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  EXPECT_EQ(spec->target().service().params().json(), "[9007199254740993, 0.10]");
  EXPECT_TRUE(to_json(*spec).contains("[9007199254740993, 0.10]")) << to_json(*spec);
  EXPECT_FALSE(spec_from_json(R"({"apId":"a"})").has_value());
  EXPECT_FALSE(spec_from_json("{").has_value());
}

}  // namespace
}  // namespace meepo::cli
