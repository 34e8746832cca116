// Every seed holds the invariants; every planted bug is found.

#include <gtest/gtest.h>

#include <array>

#include "base/log.h"
#include "sim/faults/fault_run.h"
#include "sim/faults/planted.h"

namespace meepo::test {
namespace {

constexpr std::uint64_t kSeedsAtOnce = 25;

std::string text_of(const FaultReport& report) {
  std::string text = report.invalid;
  for (const auto& violation : report.violations) text += "\n  " + violation;
  return text + "\n  step by step: build/asan/tests/sim/faults/meepo_fault_simulation --from " + std::to_string(report.seed) + " --trace";
}

class FaultRun : public testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override { log::setup(log::Level::Off, log::Format::Text); }
};

TEST_P(FaultRun, HoldsTheInvariants) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsAtOnce; ++seed) {
    const FaultReport report = run_with_faults(seed);
    EXPECT_TRUE(report.passed()) << "seed " << seed << ": " << text_of(report);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FaultRun, testing::Range<std::uint64_t>(1, 201, kSeedsAtOnce));

TEST(FaultRunOfOneSeed, IsTheSameEachTime) {
  log::setup(log::Level::Off, log::Format::Text);
  const FaultReport once = run_with_faults(7);
  const FaultReport again = run_with_faults(7);
  EXPECT_EQ(once.digest, again.digest);
  EXPECT_EQ(once.calls, again.calls);
}

class PlantedBugs : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { log::setup(log::Level::Off, log::Format::Text); }
  void TearDown() override { plant(""); }
};

TEST_P(PlantedBugs, AreFound) {
  constexpr std::uint64_t kSeedsMost = 20;  // docs/testing.md has the seed that found each
  ASSERT_TRUE(plant(GetParam()));
  for (std::uint64_t seed = 1; seed <= kSeedsMost; ++seed) {
    if (!run_with_faults(seed).violations.empty()) return;
  }
  FAIL() << GetParam() << " was not found in " << kSeedsMost << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugs, testing::ValuesIn(planted_bugs()), [](const auto& test) { return test.param; });

}  // namespace
}  // namespace meepo::test
