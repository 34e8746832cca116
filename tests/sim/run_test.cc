// A run without faults: some hundred tasks of all kinds that exist, at random moments, on three executors, from one seed; then every
// call of every target is held against what was created and what the ledger says.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/world.h"
#include "task/ticks.h"

namespace meepo::test {
namespace {

using std::chrono::seconds;

struct Made {
  TaskSpec spec;
  SysTime created_from;
  std::optional<SysTime> cancelled_at;
  std::set<FiringId> running_at_cancel;
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : world_(seed), choice_(seed ^ 0x5eedULL) {
    for (const auto* name : {"a", "b", "c"}) world_.start_executor(name, 8);
  }

  void play(int tasks) {
    for (int i = 0; i < tasks; ++i) {
      world_.loop.advance(milliseconds(pick(400)));
      create();
      if (pick(8) == 0) cancel_one();
      if (pick(10) == 0) repeat_one();
    }
    for (int i = 0; i < 300 && world_.open_firings() > 0; ++i) world_.loop.advance(seconds(1));
  }

  void check() {
    ASSERT_GE(world_.history.size(), made_.size()) << "the run did nothing";
    ASSERT_EQ(world_.open_firings(), 0U) << "I12, I18";
    check_calls();
    for (const auto& [id, made] : made_) check_task(id, made);
    EXPECT_TRUE(world_.alerter.counts.empty()) << world_.alerter.last;
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return choice_.next() % below; }

  void create() {
    static const std::vector<std::string> kMethods = {"echo", "echo", "echo", "fail", "fail_first", "slow"};
    const std::string& method = kMethods[pick(kMethods.size())];
    const std::string argument = std::to_string(made_.size());
    TaskSpec spec = pick(2) == 0 ? real(method, argument) : ladder(method, pick(2) == 0 ? "0,1,3,3" : "2,40,0", argument);
    spec.options.run_once = pick(3) == 0;
    spec.options.priority = static_cast<std::int32_t>(pick(10));
    if (pick(2) == 0)
      spec.options.retry = {.kind = RetryPolicy::Kind::Exponential, .max_retries = 2, .delay = milliseconds(300), .jitter = 0.5};
    if (pick(4) == 0) spec.next = {real("echo", argument).target, real("fail", argument).target};
    if (pick(3) == 0) spec.options.request_id = "request-" + argument;
    const SysTime from = world_.loop.system_now();
    const auto created = world_.create(spec);
    ASSERT_TRUE(created) << created.error().message;
    made_[created->id] = {.spec = std::move(spec), .created_from = from};
  }

  void cancel_one() {
    auto place = std::next(made_.begin(), static_cast<std::ptrdiff_t>(pick(made_.size())));
    const auto answer = world_.cancel(place->first);
    if (!answer.cancelled) return;
    place->second.cancelled_at = world_.loop.system_now();
    place->second.running_at_cancel.insert(answer.running.begin(), answer.running.end());
  }

  void repeat_one() {
    const auto place = std::next(made_.begin(), static_cast<std::ptrdiff_t>(pick(made_.size())));
    if (place->second.spec.options.request_id.empty()) return;
    const auto again = world_.create(place->second.spec);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, place->first) << "I14";
  }

  void check_calls() {
    std::map<FiringId, std::uint32_t> attempts;
    for (const auto& call : world_.history) {
      EXPECT_EQ(call.attempt, ++attempts[call.id]) << "I5: " << call.id.text();
      EXPECT_GE(call.at, call.due) << "I3: " << call.id.text();
      const auto made = made_.find(call.id.task);
      if (made == made_.end()) {
        EXPECT_TRUE(world_.get(call.id.task).task->parent.has_value()) << "I2: " << call.id.text();
        continue;
      }
      EXPECT_EQ(call.arguments, std::get<ServiceTarget>(made->second.spec.target).params.data) << "I2";
      if (made->second.cancelled_at && call.at > *made->second.cancelled_at) {
        EXPECT_TRUE(made->second.running_at_cancel.contains(call.id)) << "I6: " << call.id.text();
      }
    }
  }

  void check_task(TaskId id, const Made& made) {
    std::uint64_t ticks = 0;
    std::map<FiringId, int> rows;
    SysTime success_at = SysTime::max();
    for (const auto& row : world_.ledger(id)) {
      ticks += row.range ? row.range->count : 1;
      if (!row.firing) continue;
      const Firing& firing = *row.firing;
      EXPECT_EQ(++rows[firing.id], 1) << "I7: " << firing.id.text();
      EXPECT_EQ(firing.state, State::Ended) << "I8";
      if (firing.fate == Fate::Skipped) {
        EXPECT_EQ(firing.skip_reason, SkipReason::RunOnce) << "I1";
      }
      if (firing.outcome == Outcome::Success) success_at = std::min(success_at, *firing.ended_at);
      if (firing.fate == Fate::Cancelled) {
        EXPECT_TRUE(made.cancelled_at) << "I1";
      }
      check_chain(firing, made);
    }
    const std::uint64_t planned = made.spec.kind == Kind::Real ? 1 : parse_ladder(made.spec.define)->size();
    EXPECT_EQ(ticks, planned) << "I1, I7: " << id.text();
    if (!made.spec.options.run_once) return;
    for (const auto& call : world_.history) {
      if (call.id.task != id || success_at == SysTime::max()) continue;
      EXPECT_LE(call.at, success_at) << "I10: " << call.id.text();
    }
  }

  void check_chain(const Firing& firing, const Made& made) {
    const bool chains = firing.outcome == Outcome::Success && !made.spec.next.empty();
    EXPECT_EQ(firing.chained.has_value(), chains) << "I15: " << firing.id.text();
    if (!chains || !firing.chained) return;
    const auto next = world_.get(*firing.chained);
    EXPECT_EQ(next.task->parent, firing.id) << "I15";
    EXPECT_EQ(*firing.chained, chained_task_id(firing.id, firing.due)) << "I15";
    if (firing.result) {
      EXPECT_EQ(firing.result->data, std::get<ServiceTarget>(made.spec.target).params.data) << "I16";
    }
  }

  World world_;
  SeededRandom choice_;
  std::map<TaskId, Made> made_;
};

class SimulatedRun : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulatedRun, WithoutFaults_HoldsTheInvariants) {
  RandomRun run(GetParam());
  run.play(200);
  run.check();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedRun, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace meepo::test
