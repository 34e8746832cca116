#include "engine/wheel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

namespace meepo::engine {
namespace {

using Entries = std::vector<TimingWheel::Entry>;

constexpr SysTime at(std::int64_t ms) { return from_unix_ms(ms); }

Entries advanced(TimingWheel& wheel, std::int64_t ms) {
  Entries due;
  wheel.advance(at(ms), due);
  return due;
}

TEST(TimingWheel, Advance_HandsOutByDueThenInTheOrderOfAdding) {
  TimingWheel wheel(at(1'000));
  EXPECT_TRUE(wheel.add(at(1'020), 1));
  EXPECT_TRUE(wheel.add(at(1'010), 2));
  EXPECT_TRUE(wheel.add(at(1'020), 3));
  EXPECT_TRUE(wheel.add(at(900), 4));
  EXPECT_TRUE(wheel.add(at(1'000), 5));
  EXPECT_EQ(wheel.size(), 5U);
  EXPECT_EQ(wheel.next_due(), at(900));
  EXPECT_EQ(advanced(wheel, 1'010), (Entries{{at(900), 4}, {at(1'000), 5}, {at(1'010), 2}}));
  EXPECT_EQ(wheel.next_due(), at(1'020));
  EXPECT_EQ(advanced(wheel, 1'019), Entries{});
  EXPECT_EQ(advanced(wheel, 1'020), (Entries{{at(1'020), 1}, {at(1'020), 3}}));
  EXPECT_EQ(wheel.next_due(), std::nullopt);
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimingWheel, Add_RefusesAtTheHorizonAndTakesOneBefore) {
  TimingWheel wheel(at(5));
  EXPECT_EQ(wheel.horizon_end(), at(30'005));
  EXPECT_TRUE(wheel.add(at(30'004), 1));
  EXPECT_FALSE(wheel.add(at(30'005), 2));
  EXPECT_FALSE(wheel.add(SysTime::max(), 3));
  EXPECT_EQ(wheel.size(), 1U);
  EXPECT_EQ(advanced(wheel, 6), Entries{});
  EXPECT_TRUE(wheel.add(at(30'005), 4)) << "the window has moved by one";
  EXPECT_EQ(advanced(wheel, 100'000), (Entries{{at(30'004), 1}, {at(30'005), 4}}));
  EXPECT_EQ(wheel.horizon_end(), at(130'000));
}

TEST(TimingWheel, Add_InThePastIsHandedOutByTheNextAdvanceOfTheSameInstant) {
  TimingWheel wheel(at(1'000));
  EXPECT_EQ(advanced(wheel, 2'000), Entries{});
  wheel.add(SysTime::min(), 1);
  wheel.add(at(2'000), 2);
  wheel.add(at(1'999), 3);
  EXPECT_EQ(advanced(wheel, 2'000), (Entries{{SysTime::min(), 1}, {at(1'999), 3}, {at(2'000), 2}}));
}

TEST(TimingWheel, Advance_ToAnEarlierTimeHandsOutOnlyWhatIsDueByThen) {
  TimingWheel wheel(at(0));
  EXPECT_EQ(advanced(wheel, 10'000), Entries{});
  wheel.add(at(7'000), 1);
  wheel.add(at(9'000), 2);
  wheel.add(at(10'000), 3);
  EXPECT_EQ(advanced(wheel, 8'000), (Entries{{at(7'000), 1}}));
  EXPECT_EQ(wheel.horizon_end(), at(40'000)) << "the window never goes back";
  EXPECT_EQ(wheel.next_due(), at(9'000));
  EXPECT_EQ(advanced(wheel, 9'999), (Entries{{at(9'000), 2}}));
  EXPECT_EQ(advanced(wheel, 10'000), (Entries{{at(10'000), 3}}));
}

TEST(TimingWheel, Remove_TakesOneOfEqualPairsAndSaysWhatIsNotThere) {
  TimingWheel wheel(at(0));
  for (const std::uint64_t handle : {1U, 2U, 1U, 3U}) wheel.add(at(50), handle);
  wheel.add(at(-5), 9);
  EXPECT_FALSE(wheel.remove(at(50), 4));
  EXPECT_FALSE(wheel.remove(at(51), 1));
  EXPECT_FALSE(wheel.remove(at(-5), 8));
  EXPECT_FALSE(wheel.remove(at(30'050), 1)) << "the same slot, one turn later";
  EXPECT_TRUE(wheel.remove(at(-5), 9));
  EXPECT_TRUE(wheel.remove(at(50), 1));
  EXPECT_TRUE(wheel.remove(at(50), 3));
  EXPECT_EQ(wheel.size(), 2U);
  wheel.add(at(50), 5);
  EXPECT_EQ(advanced(wheel, 50), (Entries{{at(50), 2}, {at(50), 1}, {at(50), 5}}));
  EXPECT_FALSE(wheel.remove(at(50), 2));
}

TEST(TimingWheel, Works_AroundTheEpochAndAtOddHorizons) {
  for (const std::int64_t horizon : {1, 2, 63, 64, 65, 1'000}) {
    TimingWheel wheel(at(-horizon), milliseconds(horizon));
    for (std::int64_t ms = -horizon; ms < 0; ++ms) ASSERT_TRUE(wheel.add(at(ms), static_cast<std::uint64_t>(-ms)));
    ASSERT_FALSE(wheel.add(at(0), 1));
    for (std::int64_t ms = -horizon; ms < 0; ++ms) {
      ASSERT_EQ(wheel.next_due(), at(ms));
      ASSERT_EQ(advanced(wheel, ms), (Entries{{at(ms), static_cast<std::uint64_t>(-ms)}}));
    }
  }
}

/// A wheel beside a sorted map that does the same; every operation compares the two.
class Twins {
 public:
  Twins(std::int64_t start, std::int64_t horizon) : wheel_(at(start), milliseconds(horizon)), start_(start), horizon_(horizon) {}

  bool add(std::int64_t due, std::uint64_t handle) {
    const bool fits = due < start_ + horizon_;
    if (fits) model_.emplace(at(due), handle);
    return wheel_.add(at(due), handle) == fits && same();
  }
  bool remove(std::int64_t due, std::uint64_t handle) {
    auto [first, last] = model_.equal_range(at(due));
    while (first != last && first->second != handle) ++first;
    const bool there = first != last;
    if (there) model_.erase(first);
    return wheel_.remove(at(due), handle) == there && same();
  }
  bool remove_any(std::uint64_t choice) {
    if (model_.empty()) return true;
    const auto found = model_.lower_bound(at(start_ + static_cast<std::int64_t>(choice % static_cast<std::uint64_t>(horizon_))));
    const auto [due, handle] = found == model_.end() ? *model_.begin() : *found;
    return remove(to_unix_ms(due), handle);
  }
  bool advance(std::int64_t now) {
    expected_.clear();
    while (!model_.empty() && model_.begin()->first <= at(now)) {
      expected_.push_back({model_.begin()->first, model_.begin()->second});
      model_.erase(model_.begin());
    }
    start_ = std::max(start_, now);
    due_.clear();
    wheel_.advance(at(now), due_);
    handed_out_ += due_.size();
    return due_ == expected_ && wheel_.horizon_end() == at(start_ + horizon_) && same();
  }
  std::int64_t start() const { return start_; }
  std::size_t handed_out() const { return handed_out_; }

 private:
  bool same() const {
    return wheel_.size() == model_.size() && wheel_.next_due() == (model_.empty() ? std::nullopt : std::optional(model_.begin()->first));
  }

  TimingWheel wheel_;
  std::multimap<SysTime, std::uint64_t> model_;
  std::int64_t start_;
  std::int64_t horizon_;
  Entries due_;
  Entries expected_;
  std::size_t handed_out_ = 0;
};

struct Shape {
  std::int64_t horizon;
  std::int64_t span;  ///< of dues around the window's begin
  std::int64_t step;  ///< the longest advance
};

TEST(TimingWheel, DoesWhatASortedMapDoes_AMillionTimes) {
  constexpr int kOperations = 250'000;
  // The real horizon with short steps, with jumps over many turns, everything in few slots, and a small ring that turns often.
  const Shape shapes[] = {{30'000, 31'000, 40}, {30'000, 31'000, 90'000}, {30'000, 20, 3}, {130, 150, 5}};
  for (const Shape& shape : shapes) {
    Twins twins(1'700'000'000'000, shape.horizon);
    std::mt19937_64 random(20'261'124);
    const auto up_to = [&random](std::int64_t max) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max + 1)); };
    for (int i = 0; i < kOperations; ++i) {
      const auto choice = up_to(99);
      bool same = true;
      if (choice < 60) {
        same = twins.add(twins.start() + up_to(shape.span) - shape.span / 20, random() % 1'000);
      } else if (choice < 75) {
        same = twins.remove_any(random());
      } else if (choice < 80) {
        same = twins.remove(twins.start() + up_to(shape.span), random() % 1'000);
      } else {
        same = twins.advance(twins.start() + up_to(shape.step) - shape.step / 10);
      }
      ASSERT_TRUE(same) << "operation " << i << " of shape " << shape.horizon << ", " << shape.span << ", " << shape.step;
    }
    EXPECT_GT(twins.handed_out(), 10'000U);
  }
}

RC_GTEST_PROP(TimingWheel, DoesWhatASortedMapDoes_InSmallRings, ()) {
  const auto horizon = *rc::gen::inRange<std::int64_t>(1, 200);
  const auto start = *rc::gen::inRange<std::int64_t>(-1'000, 1'000);
  Twins twins(start, horizon);
  using Operation = std::tuple<int, std::int64_t, std::uint64_t>;
  const auto operations = *rc::gen::container<std::vector<Operation>>(
      rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::inRange<std::int64_t>(-20, horizon + 20), rc::gen::inRange<std::uint64_t>(0, 4)));
  for (const auto& [what, offset, handle] : operations) {
    const std::int64_t instant = twins.start() + offset;
    if (what <= 1) RC_ASSERT(twins.add(instant, handle));
    if (what == 2) RC_ASSERT(twins.remove(instant, handle));
    if (what == 3) RC_ASSERT(twins.advance(instant));
  }
}

}  // namespace
}  // namespace meepo::engine
