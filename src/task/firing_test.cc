#include "task/firing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace meepo {
namespace {

using enum Move;

/// Design §4, read row by row: what a state is left by, and to where. `save_result`, `changes` and the like move nothing.
const std::map<State, std::map<Move, State>>& design_table() {
  static const std::map<State, std::map<Move, State>> table = {
      {State::Due, {{Claim, State::Claimed}, {Park, State::Waiting}, {Cancel, State::Ended}, {Skip, State::Ended}}},
      {State::Waiting, {{Unpark, State::Due}, {Cancel, State::Ended}, {Skip, State::Ended}}},
      {State::Claimed, {{Mark, State::Sent}, {Begin, State::Running}, {ReapToDue, State::Due}, {Cancel, State::Ended}}},
      {State::Sent, {{Begin, State::Running}, {ReapToClaimed, State::Claimed}, {Cancel, State::Ended}}},
      {State::Running,
       {{End, State::Ended}, {Retry, State::Due}, {Renew, State::Running}, {ReapToDue, State::Due}, {ReapToEnd, State::Ended}}},
      {State::Ended, {}},
  };
  return table;
}

std::optional<State> by_design(State from, Move move) {
  const auto& moves = design_table().at(from);
  const auto found = moves.find(move);
  return found == moves.end() ? std::nullopt : std::optional(found->second);
}

TEST(TransitionTable, IsThatOfTheDesignForEveryStateAndMove) {
  std::size_t open = 0;
  for (const State from : kStates) {
    for (const Move move : kMoves) {
      EXPECT_EQ(after(from, move), by_design(from, move)) << to_string(from) << " " << to_string(move);
      open += after(from, move).has_value() ? 1 : 0;
    }
  }
  EXPECT_EQ(kStates.size() * kMoves.size(), 78U) << "a new state or move needs its row here";
  EXPECT_EQ(open, 19U);
}

TEST(TransitionTable, IsKnownAtCompileTimeAndRefusesWhatIsNoStateOrMove) {
  static_assert(after(State::Due, Claim) == State::Claimed);
  static_assert(!after(State::Ended, Begin).has_value());
  EXPECT_EQ(after(static_cast<State>(0), Claim), std::nullopt);
  EXPECT_EQ(after(State::Due, static_cast<Move>(200)), std::nullopt);
}

TEST(TransitionTable, EveryStateIsReachedFromDueAndReachesItsEnd) {
  const auto reach = [](State start) {
    std::set<State> seen = {start};
    for (std::size_t before = 0; before != seen.size();) {
      before = seen.size();
      for (const State from : std::set<State>(seen)) {
        for (const Move move : kMoves) {
          if (const auto to = after(from, move)) seen.insert(*to);
        }
      }
    }
    return seen;
  };
  EXPECT_EQ(reach(State::Due).size(), kStates.size());
  for (const State state : kStates) EXPECT_TRUE(reach(state).contains(State::Ended)) << to_string(state);
  EXPECT_EQ(reach(State::Ended), std::set<State>{State::Ended});
}

RC_GTEST_PROP(TransitionTable, RandomWalksRunOnlyAfterABeginAndStopAtTheEnd, (const std::vector<std::uint8_t>& choices)) {
  State state = State::Due;
  bool begun = false;
  bool ended = false;
  for (const std::uint8_t choice : choices) {
    const Move move = kMoves[choice % kMoves.size()];
    const auto to = after(state, move);
    if (!to) continue;
    RC_ASSERT(!ended);
    if (move == Begin) begun = true;
    if (*to == State::Running) RC_ASSERT(begun);
    if (*to == State::Due && state == State::Running) begun = false;
    ended = *to == State::Ended;
    state = *to;
  }
}

TEST(FiringNames, AreTheWordsOfTheDesign) {
  EXPECT_EQ(to_string(State::Due), "DUE");
  EXPECT_EQ(to_string(State::Ended), "ENDED");
  EXPECT_EQ(to_string(WaitReason::None), "");
  EXPECT_EQ(to_string(WaitReason::NoExecutor), "no executor");
  EXPECT_EQ(to_string(WaitReason::Backlog), "backlog");
  EXPECT_EQ(to_string(Outcome::None), "");
  EXPECT_EQ(to_string(Outcome::Quarantined), "QUARANTINED");
  EXPECT_EQ(to_string(SkipReason::RunOnce), "run_once");
  EXPECT_EQ(to_string(SkipReason::MaxCount), "max_count");
  EXPECT_EQ(to_string(Fate::Open), "OPEN");
  EXPECT_EQ(to_string(Fate::Cancelled), "CANCELLED");
  std::set<std::string_view> names;
  for (const Move move : kMoves) names.insert(to_string(move));
  for (const State state : kStates) names.insert(to_string(state));
  EXPECT_EQ(names.size(), kMoves.size() + kStates.size());
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace meepo
