#include "task/status.h"

#include <gtest/gtest.h>

namespace meepo {
namespace {

struct Case {
  StatusFacts facts;
  Status status;
};

TEST(Status, Derive_FollowsItsTable) {
  using enum Outcome;
  const Case cases[] = {
      // Something runs, or waits for its retry: RUNNING whatever else.
      {{.running = 1}, Status::Running},
      {{.armed = 3, .running = 1, .last_outcome = Fail}, Status::Running},
      {{.cancelled = true, .running = 1}, Status::Running},
      // Armed: by the last end.
      {{.armed = 1}, Status::Schedule},
      {{.armed = 1, .last_outcome = Success}, Status::Success},
      {{.armed = 1, .last_outcome = Fail}, Status::Fail},
      {{.armed = 1, .last_outcome = Timeout}, Status::Fail},
      {{.armed = 1, .last_outcome = Quarantined}, Status::Fail},
      {{.armed = 1, .last_outcome = Unknown}, Status::Fail},
      {{.armed = 1, .last_outcome = Stopped}, Status::Fail},
      // Nothing open.
      {{}, Status::Create},
      {{.last_outcome = Success}, Status::Done},
      {{.last_outcome = Fail}, Status::Fail},
      {{.last_outcome = Timeout}, Status::Fail},
      {{.last_outcome = Quarantined}, Status::Fail},
      {{.last_outcome = Unknown}, Status::Fail},
      {{.last_outcome = Stopped}, Status::Fail},
      {{.cancelled = true}, Status::Cancel},
      {{.cancelled = true, .last_outcome = Success}, Status::Cancel},
      {{.cancelled = true, .last_outcome = Stopped}, Status::Cancel},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(derive_status(one.facts), one.status) << to_string(one.status) << " expected, " << to_string(derive_status(one.facts));
  }
}

TEST(Status, IsEnded_MeansNothingIsOpen) {
  EXPECT_TRUE(is_ended({}));
  EXPECT_FALSE(is_ended({.armed = 1}));
  EXPECT_FALSE(is_ended({.cancelled = true, .running = 1}));
}

TEST(Status, KeepsTheOriginalsCodesAndParsesItsNames) {
  const std::pair<Status, int> codes[] = {{Status::Create, 10},  {Status::Schedule, 20}, {Status::Running, 30}, {Status::Done, 40},
                                          {Status::Success, 41}, {Status::Cancel, 50},   {Status::Fail, 51}};
  for (const auto& [status, code] : codes) {
    EXPECT_EQ(static_cast<int>(status), code);
    EXPECT_EQ(parse_status(to_string(status)), status);
  }
  for (const std::string_view text : {"", "done", "DONE ", "CANCELLED"}) EXPECT_EQ(parse_status(text), std::nullopt) << text;
}

}  // namespace
}  // namespace meepo
