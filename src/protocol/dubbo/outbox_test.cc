#include "protocol/dubbo/outbox.h"

#include <gtest/gtest.h>

namespace meepo::dubbo {
namespace {

TEST(Outbox, FramesLeaveInTheirOrderAndAreTakenThen) {
  Outbox outbox(100);
  EXPECT_EQ(outbox.take(), "");
  const auto first = outbox.push("one");
  const auto second = outbox.push("two");
  EXPECT_FALSE(outbox.is_taken(first));
  EXPECT_EQ(outbox.take(), "onetwo");
  const auto third = outbox.push("three");
  EXPECT_TRUE(outbox.is_taken(first) && outbox.is_taken(second));
  EXPECT_FALSE(outbox.is_taken(third));
  EXPECT_EQ(outbox.take(), "three");
}

TEST(Outbox, WhatIsWithdrawnIsNotTakenAndMakesRoom) {
  Outbox outbox(6);
  const auto first = outbox.push("one");
  const auto second = outbox.push("two");
  EXPECT_FALSE(outbox.has_room(1));
  outbox.withdraw(first);
  outbox.withdraw(first);
  EXPECT_EQ(outbox.bytes(), 3U);
  EXPECT_TRUE(outbox.has_room(3));
  EXPECT_FALSE(outbox.has_room(4)) << "one over";
  EXPECT_EQ(outbox.take(), "two");
  outbox.withdraw(second);
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.has_room(6));
}

TEST(Outbox, WhatIsPushedBeyondTheBoundLeavesNoRoom) {
  Outbox outbox(2);
  outbox.push("three");
  EXPECT_TRUE(outbox.has_room(0));
  EXPECT_FALSE(outbox.has_room(1));
}

}  // namespace
}  // namespace meepo::dubbo
