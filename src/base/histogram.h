#pragma once
// Counts of values by ranges, for metrics: a value belongs to the first range whose upper bound is not below it. Pure; one thread.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace meepo {

class Histogram {
 public:
  /// @param bounds  upper bounds, rising; a last range without a bound is added
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

  void add(double value) {
    const auto bound = std::ranges::lower_bound(bounds_, value);
    ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
    sum_ += value;
  }

  const std::vector<double>& bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }  ///< a range each, not added up; one more than bounds
  double sum() const { return sum_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace meepo
