#include "adapters/sqlite/row.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "adapters/sqlite/tables.h"

namespace meepo::adapters::sqlite {
namespace {

TaskId any_id() {
  return TaskId::make(static_cast<Shard>(*rc::gen::inRange(0, kShardCount)), from_unix_ms(*rc::gen::inRange<std::int64_t>(0, 1LL << 44)),
                      *rc::gen::arbitrary<std::uint64_t>());
}

RC_GTEST_PROP(PackedIdTest, Pack_ComesBackAndKeepsTheOrder, ()) {
  const TaskId a = any_id();
  const TaskId b = any_id();
  const auto back = unpack(view(pack(a)));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == a);
  RC_ASSERT((view(pack(a)) < view(pack(b))) == (a < b));
}

TEST(PackedIdTest, Unpack_RefusesOtherLengths) {
  EXPECT_EQ(unpack("").error().code, Code::Corruption);
  EXPECT_EQ(unpack(std::string(11, 'a')).error().code, Code::Corruption);
  EXPECT_EQ(unpack(std::string(13, 'a')).error().code, Code::Corruption);
}

RC_GTEST_PROP(FactsTest, Facts_ComeBack, ()) {
  const auto flag = [] { return *rc::gen::arbitrary<bool>(); };
  Facts facts{
      .kind = static_cast<Kind>(*rc::gen::inRange(1, 5)), .run_once = flag(), .cancelled = flag(), .paused = flag(), .succeeded = flag()};
  facts.record_apart = flag();
  facts.unique_key = flag();
  facts.ranges = flag();
  facts.attempts = flag();
  facts.records = flag();
  facts.version = *rc::gen::arbitrary<std::uint32_t>();
  facts.armed = *rc::gen::arbitrary<std::uint32_t>();
  facts.running = *rc::gen::arbitrary<std::uint32_t>();
  facts.last_outcome = static_cast<Outcome>(*rc::gen::inRange(0, 7));
  facts.fired = *rc::gen::arbitrary<std::uint64_t>();
  facts.by_hand = *rc::gen::arbitrary<std::uint64_t>();
  if (flag()) facts.ended_at = from_unix_ms(*rc::gen::inRange<std::int64_t>(1, 1LL << 44));
  facts.latest = *rc::gen::string<std::string>();
  facts.planned = *rc::gen::string<std::string>();
  if (facts.kind != Kind::Real) {
    facts.overlap = static_cast<Overlap>(*rc::gen::inRange(1, 6));
    facts.max_count = *rc::gen::arbitrary<std::uint32_t>();
    facts.begun = *rc::gen::arbitrary<std::uint64_t>();
  }
  const auto back = decode_facts(encode_facts(facts));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == facts);
}

/// A LADDER with runOnce as the version before this one wrote it: kind and bits, eight numbers, two texts.
TEST(FactsTest, Facts_OfTheVersionBeforeAreRead) {
  const std::string bytes("\x0a\x01\x01\x00\x00\x00\x02\x00\x00\x00\x02r1", 13);
  const auto facts = decode_facts(bytes);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->planned, "r1");
  EXPECT_TRUE(facts->run_once);
  EXPECT_EQ(facts->overlap, Overlap::BufferAll);
  EXPECT_EQ(facts->max_count, 0U);
}

TEST(FactsTest, Facts_CutAnywhereAreCorrupt) {
  Facts facts;
  facts.latest = "r12";
  facts.planned = "r13";
  const std::string bytes = encode_facts(facts);
  ASSERT_TRUE(decode_facts(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_facts(std::string_view(bytes).substr(0, size))) << size;
}

TEST(RowTest, FlagsAndMore_ComeBack) {
  Row row;
  row.firing.wait_reason = WaitReason::Backlog;
  row.firing.fate = Fate::Cancelled;
  row.firing.skip_reason = SkipReason::Ended;
  row.firing.outcome = Outcome::Stopped;
  row.firing.suspect = row.firing.started = row.end_accepted = row.next_armed = true;
  row.priority = 9;
  row.on_lost = OnLost::Unknown;
  row.firing.waiting_since = from_unix_ms(5);
  row.firing.cancel_asked_at = from_unix_ms(6);
  row.firing.cancel_acknowledged_at = from_unix_ms(7);
  row.firing.params = Payload{.encoding = Encoding::Hessian2, .data = std::string("\0x", 2)};
  row.firing.result = Payload{.encoding = Encoding::Json, .data = ""};
  row.firing.error = "no";
  row.firing.chained = TaskId::make(3, from_unix_ms(9), 4);
  row.pinned_version = 300;
  Row back;
  ASSERT_TRUE(decode_flags(encode_flags(row), back));
  ASSERT_TRUE(decode_more(encode_more(row), back));
  EXPECT_EQ(back.firing, row.firing);
  EXPECT_EQ(back.priority, 9);
  EXPECT_EQ(back.on_lost, OnLost::Unknown);
  EXPECT_TRUE(back.end_accepted && back.next_armed);
  EXPECT_EQ(back.pinned_version, 300U);
  EXPECT_FALSE(decode_flags(-1, back));
  const std::string more = encode_more(row);
  EXPECT_FALSE(decode_more(std::string_view(more).substr(0, more.size() - 1), back));
}

TEST(RowTest, Places_OfShardsStatesAndTargetsDoNotMeet) {
  for (Shard shard = 0; shard < kShardCount; ++shard) {
    for (int state = 1; state <= kTaskEnded; ++state) {
      EXPECT_LT(place_last(shard, state),
                state == kTaskEnded ? place_first(static_cast<Shard>(shard + 1), 1) : place_first(shard, state + 1));
    }
    for (const std::int64_t target : {std::int64_t{1}, kBuckets - 2, kBuckets - 1, kBuckets, 3 * kBuckets}) {
      EXPECT_GT(place_waiting(shard, target), place_first(shard, static_cast<int>(State::Waiting)));
      EXPECT_LE(place_waiting(shard, target), place_last(shard, static_cast<int>(State::Waiting)));
    }
  }
}

TEST(CutTest, Cut_KeepsWholeCharactersAndMarksTheEnd) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcdef", 5), "ab…");
  EXPECT_EQ(cut("aéé", 4), "a…");
  EXPECT_EQ(cut("ééé", 5), "é…");
  EXPECT_EQ(cut("éé", 4), "éé");
}

}  // namespace
}  // namespace meepo::adapters::sqlite
