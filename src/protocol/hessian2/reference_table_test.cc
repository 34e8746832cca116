#include "protocol/hessian2/reference_table.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace meepo::hessian2 {
namespace {

constexpr std::size_t kIdentities = 1'000;

/// Adds places of an array in this order, and what is known to be right beside them.
void expect_numbers(const std::vector<std::size_t>& order) {
  static const std::array<std::uint64_t, kIdentities> kPlaces{};
  ReferenceTable table;
  std::unordered_map<std::size_t, std::int32_t> numbers;
  for (const auto place : order) {
    const auto [known, is_new] = numbers.try_emplace(place, static_cast<std::int32_t>(numbers.size()));
    ASSERT_EQ(table.add(&kPlaces.at(place)), is_new ? ReferenceTable::kIsNew : known->second) << "place " << place;
    ASSERT_EQ(table.size(), numbers.size());
  }
}

TEST(Hessian2ReferenceTable, RisingAddresses_AreFoundAgain) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < kIdentities; ++i) {
    order.push_back(i);
    for (const auto again : {i, i / 2, std::size_t{0}}) order.push_back(again);
  }
  expect_numbers(order);
}

TEST(Hessian2ReferenceTable, FallingAddresses_AreFoundAgain) {
  std::vector<std::size_t> order;
  for (std::size_t i = kIdentities; i > 0; --i) {
    order.push_back(i - 1);
    order.push_back(kIdentities - 1);
  }
  expect_numbers(order);
}

TEST(Hessian2ReferenceTable, AddressesThatRiseAndThenDoNot_AreFoundAgain) {
  std::mt19937 random(1);
  for (const std::size_t rising : {1U, 31U, 32U, 33U, 100U, 500U}) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < rising; ++i) order.push_back(2 * i);
    for (std::size_t i = 0; i < 2 * kIdentities; ++i) order.push_back(random() % kIdentities);
    expect_numbers(order);
  }
}

}  // namespace
}  // namespace meepo::hessian2
