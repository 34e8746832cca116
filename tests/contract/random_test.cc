// Random sequences of verbs, watched from outside: after each one all that the store shows must agree with itself and with what was
// seen before (invariants I8, I9, I12, I14, I15). A failure prints its seed.

#include <algorithm>
#include <map>
#include <set>

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;

constexpr int kSeeds = 6;
constexpr int kSteps = 150;

class RandomTest : public StoreTest {
 protected:
  struct Seen {
    std::map<FiringId, Firing> firings;
  };

  std::uint64_t below(std::uint64_t n) { return random_.next() % n; }
  FiringId any_firing() {
    auto it = seen_.firings.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(below(seen_.firings.size())));
    return it->first;
  }
  TaskPtr any_task() { return tasks_[below(tasks_.size())]; }
  /// The firing's own token, mostly; else an old one or none.
  RunToken token_for(const FiringId& id) {
    const auto& own = seen_.firings.at(id).run_token;
    return below(5) == 0 ? RunToken{.high = 1, .low = below(3)} : own;
  }
  TaskPtr task_for(const TaskId& id) {
    for (const auto& task : tasks_) {
      if (task->id == id) return task;
    }
    return nullptr;
  }

  void step();
  void create_some();
  void claim_some();
  void end_some();
  void observe();
  void check_firing(const Firing& before, const Firing& after);
  void check_tasks();

  std::vector<TaskPtr> tasks_;
  std::map<std::string, TaskId> ids_by_request_;
  std::map<FiringId, TaskId> chained_;
  std::map<FiringId, int> final_ends_;
  std::map<TaskId, Outcome> last_outcomes_;
  std::set<TaskId> cancelled_;
  Seen seen_;
};
INSTANTIATE_TEST_SUITE_P(Stores, RandomTest, ::testing::ValuesIn(store_factories()), name_of);

void RandomTest::create_some() {
  auto task = task_of(below(2) == 0 ? Kind::Real : Kind::Ladder);
  if (task.spec.kind == Kind::Ladder) task.spec.define = "0,0,1,2";
  task.spec.options.run_once = below(2) == 0;
  task.spec.next = {task.spec.target};
  if (below(3) == 0) task.spec.options.request_id = "request-" + std::to_string(below(3));
  auto item = item_of(std::make_shared<const Task>(task));
  item.content_hash = 1;
  if (below(3) == 0) {
    item.start = start();
    item.next = next_tick(task, item.first.tick.tick);
  } else if (below(3) == 0) {
    item.first.state = State::Waiting;
    item.first.wait_reason = WaitReason::NoExecutor;
  }
  for (std::uint64_t times = 1 + below(2); times > 0; --times) {
    const auto answer = create(item);
    ASSERT_TRUE(answer) << answer.error().message;
    const auto& request_id = task.spec.options.request_id;
    if (!request_id.empty()) {
      EXPECT_EQ(ids_by_request_.emplace(request_id, answer->id).first->second, answer->id) << "I14";
    }
    if (answer->id != task.id) return;
  }
  tasks_.push_back(item.task);
}

void RandomTest::claim_some() {
  const auto id = any_firing();
  const auto task = task_for(id.task);
  const auto next = task ? next_tick(*task, id.tick) : std::nullopt;
  const auto answer = claim(id, next, below(2) == 0 ? std::optional(start("executor-" + std::to_string(below(2)))) : std::nullopt);
  ASSERT_TRUE(answer) << answer.error().message;
}

void RandomTest::end_some() {
  const auto id = any_firing();
  const auto before = seen_.firings.at(id);
  constexpr Outcome kOutcomes[] = {Outcome::Success, Outcome::Fail, Outcome::Timeout, Outcome::Stopped};
  EndRequest::Item item{.id = id, .token = token_for(id), .outcome = kOutcomes[below(4)]};
  if (item.outcome != Outcome::Success && below(2) == 0) item.retry_at = now() + milliseconds(below(3));
  const auto task = task_for(id.task);
  if (task && item.outcome == Outcome::Success) {
    if (const auto child = chained_task(*task, {.tick = id.tick, .due = before.due}, now())) {
      item.chained = std::make_shared<const CreateRequest::Item>(item_of(std::make_shared<const Task>(*child)));
    }
  }
  const auto answer = end(item, below(2) == 0);
  ASSERT_TRUE(answer) << answer.error().message;
  const bool current = before.state == State::Running && before.run_token == item.token;
  EXPECT_EQ(answer->verdict == Verdict::Accepted, current);
  if (!current) return;
  if (!answer->retry) {
    EXPECT_EQ(++final_ends_[id], 1) << "I8: one end";
  }
  if (item.chained) {
    EXPECT_TRUE(chained_.emplace(id, item.chained->task->id).second) << "I15";
    tasks_.push_back(item.chained->task);
  }
}

void RandomTest::step() {
  if (tasks_.empty() || below(8) == 0) return create_some();
  switch (below(18)) {
    case 0: advance(milliseconds(below(2'000))); return;
    case 1: {
      const auto id = any_task()->id;
      if (below(6) == 0 && cancel(id)->cancelled) cancelled_.insert(id);
      return;
    }
    case 2: (void)one(PauseRequest{.shard = kShard, .fence = fence_, .ids = {any_task()->id}}); return;
    case 3: (void)one(ResumeRequest{.shard = kShard, .fence = fence_, .items = {{.id = any_task()->id, .skip = {}}}}); return;
    case 4: (void)one(ParkRequest{.shard = kShard, .fence = fence_, .items = {{.id = any_firing()}}}); return;
    case 5: (void)ask(UnparkRequest{.shard = kShard, .fence = fence_, .target_key = target_key(any_task()->spec.target)}); return;
    case 6: {
      const auto id = any_firing();
      ReapRequest::Item item{.id = id, .token = token_for(id), .lease_ended = below(2) == 0};
      if (below(4) == 0) item.to = ReapRequest::Item::To::Unknown;
      if (seen_.firings.at(id).state != State::Running) item.token = {};
      (void)reap(item);
      return;
    }
    case 7: {
      const auto id = any_firing();
      (void)renew({.id = id, .token = token_for(id), .lease_until = now() + limits::kRunLease, .started = below(2) == 0});
      return;
    }
    case 8: (void)one(BeginRequest{.shard = kShard, .items = {{.id = any_firing(), .start = start()}}}); return;
    case 9: {
      if (below(3) == 0) {
        (void)one(TriggerRequest{
            .shard = kShard, .fence = fence_, .now = now(), .items = {{.id = any_task()->id, .params = {}, .request_id = {}}}});
      } else if (below(4) == 0) {
        (void)take_over(fence_);
      }
      return;
    }
    case 10: (void)one(MarkRequest{.shard = kShard, .fence = fence_, .redelivery_at = now(), .ids = {any_firing()}}); return;
    case 11:
    case 12:
    case 13: return claim_some();
    default: return end_some();
  }
}

void RandomTest::check_firing(const Firing& before, const Firing& after) {
  SCOPED_TRACE(after.id.text());
  if (before.state == State::Ended) {
    EXPECT_EQ(after, before) << "I8: the end never changes";
    return;
  }
  EXPECT_EQ(after.due, before.due);
  EXPECT_GE(after.attempt, before.attempt);
  EXPECT_LE(after.attempt, before.attempt + 1);
  if (after.attempt != before.attempt) {
    EXPECT_EQ(after.state, State::Running) << "I9: an attempt begins";
    EXPECT_NE(after.run_token, before.run_token);
  } else {
    EXPECT_TRUE(after.state != State::Running || before.state == State::Running) << "I9: RUNNING only by begin";
    EXPECT_EQ(after.run_token, before.run_token);
  }
  if (before.state == State::Running && after.attempt == before.attempt) {
    EXPECT_TRUE(after.state == State::Running || after.state == State::Due || after.state == State::Ended);
  }
  EXPECT_EQ(after.state == State::Ended, after.fate != Fate::Open);
  EXPECT_EQ(after.state == State::Ended, after.ended_at.has_value());
  EXPECT_EQ(after.state == State::Waiting, after.waiting_since.has_value());
  if (after.state == State::Ended && after.fate == Fate::Fired) last_outcomes_[after.id.task] = after.outcome;
}

void RandomTest::check_tasks() {
  for (const auto& task : tasks_) {
    StatusFacts facts{.cancelled = cancelled_.contains(task->id), .armed = 0, .running = 0, .last_outcome = last_outcomes_[task->id]};
    std::uint64_t fired = 0;
    for (const auto& [id, firing] : seen_.firings) {
      if (id.task != task->id) continue;
      if (firing.fate == Fate::Fired) ++fired;
      if (firing.state == State::Ended) continue;
      ++(firing.attempt == 0 ? facts.armed : facts.running);
    }
    const auto view = get(task->id);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_EQ(view->status, derive_status(facts)) << task->id.text();
    EXPECT_EQ(view->firings, fired);
    EXPECT_EQ(view->ended_at.has_value(), is_ended(facts));
    EXPECT_EQ(view->armed.has_value(), std::ranges::any_of(seen_.firings, [&](const auto& entry) {
                return entry.first.task == task->id && entry.second.state != State::Ended && entry.second.state != State::Running;
              }));
  }
  for (const auto& [parent, child] : chained_) EXPECT_EQ(seen_.firings.at(parent).chained, child) << "I15";
}

void RandomTest::observe() {
  Seen now_seen;
  std::map<State, std::uint64_t> by_state;
  for (const auto& task : tasks_) {
    for (auto& row : ledger(task->id)) {
      if (!row.firing) continue;
      ++by_state[row.firing->state];
      now_seen.firings.emplace(row.firing->id, *row.firing);
    }
  }
  std::size_t listed = 0;
  for (const State state : {State::Due, State::Waiting, State::Claimed, State::Sent, State::Running}) {
    for (const auto& firing : open(state)) {
      ++listed;
      EXPECT_EQ(now_seen.firings.at(firing.id).state, state) << "I12: " << firing.id.text();
      EXPECT_EQ(now_seen.firings.at(firing.id).score, firing.score);
    }
  }
  EXPECT_EQ(listed + by_state[State::Ended], now_seen.firings.size()) << "I12: each open firing in exactly one state";
  for (const auto& [state, count] : ask(CountsRequest{.shard = kShard})->by_state) EXPECT_EQ(count, by_state[state]) << to_string(state);
  for (const auto& [id, before] : seen_.firings) {
    ASSERT_TRUE(now_seen.firings.contains(id)) << "I8: " << id.text() << " is gone";
    check_firing(before, now_seen.firings.at(id));
  }
  for (const auto& [id, firing] : now_seen.firings) {
    if (!seen_.firings.contains(id)) {
      check_firing(Firing{.id = id, .due = firing.due}, firing);
    }
  }
  seen_ = std::move(now_seen);
  check_tasks();
}

TEST_P(RandomTest, AnyVerbsInAnyOrder_KeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_ = SeededRandom(seed);
    SetUp();
    tasks_.clear();
    ids_by_request_.clear();
    chained_.clear();
    final_ends_.clear();
    last_outcomes_.clear();
    cancelled_.clear();
    seen_ = {};
    for (int i = 0; i < kSteps; ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      step();
      observe();
      if (HasFailure()) return;
    }
    EXPECT_FALSE(final_ends_.empty()) << "a run in which nothing ends tests nothing";
  }
}

}  // namespace
}  // namespace meepo::test
