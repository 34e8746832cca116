#pragma once
// The fixture of the store port's contract: a store on a virtual loop, and short words for what most tests do. Nothing here knows
// which adapter it runs on; adapters.cc does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "ports/store.h"
#include "task/ticks.h"
#include "tests/support/virtual_loop.h"

namespace meepo {

// How failures show values.
inline void PrintTo(const TaskId& id, std::ostream* out) { *out << id.text(); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(const FiringId& id, std::ostream* out) { *out << id.text(); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(Code code, std::ostream* out) { *out << to_string(code); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(State state, std::ostream* out) { *out << to_string(state); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(Status status, std::ostream* out) { *out << to_string(status); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(Outcome outcome, std::ostream* out) { *out << to_string(outcome); }  // NOLINT(readability-identifier-naming)
inline void PrintTo(const SysTime& time, std::ostream* out) { *out << to_iso_utc(time); }  // NOLINT(readability-identifier-naming)

}  // namespace meepo

namespace meepo::test {

/// A store under test, open. Destroying it closes it.
class OpenStore {
 public:
  virtual ~OpenStore() = default;
  virtual ports::Store& store() = 0;
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<OpenStore>(ports::Loop&)> open;           ///< a new, empty store whose work runs on a virtual loop
  std::function<std::unique_ptr<OpenStore>(ports::Loop&)> open_threaded;  ///< the same with threads of its own
  friend void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }  // NOLINT(readability-identifier-naming)
};

/// Every adapter that can run here.
std::vector<StoreFactory> store_factories();

inline constexpr Shard kShard = 7;

class StoreTest : public ::testing::TestWithParam<StoreFactory> {
 protected:
  using Verdict = ports::EndRequest::ItemAnswer::Verdict;

  void SetUp() override;

  SysTime now() const { return loop_.system_now(); }
  void advance(milliseconds by) { loop_.advance(by); }

  // Defined and instantiated for every request in store_test.cc: each instance costs a test file half a second to compile.
  /// Submits and runs the loop until it is answered.
  template <class Request>
  Result<ports::Reply<typename Request::Answer>> reply_to(Request request);
  template <class Request>
  Result<typename Request::Answer> ask(Request request);
  /// The answer to a request of one item.
  template <class Request>
  typename Request::Answer::value_type one(Request request);

  // Tasks, each with a new id in kShard.
  Task task_of(Kind kind, std::string define = {});
  TaskPtr real() { return std::make_shared<const Task>(task_of(Kind::Real)); }
  TaskPtr ladder(std::string define, bool run_once = false);
  RunToken token() { return {.high = random_.next(), .low = random_.next()}; }
  ports::StartRun start(std::string executor = "executor-1") {
    return {.token = token(), .executor = std::move(executor), .lease_until = now() + limits::kRunLease};
  }

  // Verbs, as most tests use them.
  ports::CreateRequest::Item item_of(TaskPtr task);
  Result<ports::CreateRequest::ItemAnswer> create(ports::CreateRequest::Item item);
  FiringId created(TaskPtr task);                                  ///< creates it, DUE
  FiringId created_waiting(TaskPtr task, WaitReason reason = WaitReason::NoExecutor);
  FiringId started(TaskPtr task, const RunToken& token);           ///< creates it, RUNNING
  Result<ports::ClaimRequest::ItemAnswer> claim(const FiringId& id, std::optional<DueTick> next = {},
                                                std::optional<ports::StartRun> start = {});
  Result<ports::EndRequest::ItemAnswer> end(ports::EndRequest::Item item, bool owner = true);
  Result<ports::EndRequest::ItemAnswer> end(const FiringId& id, const RunToken& token, Outcome outcome = Outcome::Success) {
    return end({.id = id, .token = token, .outcome = outcome});
  }
  Result<ports::RenewAnswer> renew(ports::RenewRequest::Item item);
  Result<ports::ReapRequest::ItemAnswer> reap(ports::ReapRequest::Item item);
  Result<ports::TakeOverRequest::Answer> take_over(Fence fence);
  Result<ports::CancelRequest::ItemAnswer> cancel(const TaskId& id);
  Result<ports::TaskView> get(const TaskId& id);
  std::vector<OpenFiring> open(State state, std::optional<SysTime> until = {});
  std::vector<ports::LedgerRow> ledger(const TaskId& id);
  /// The firing's line of the ledger; fails the test if there is none.
  ports::LedgerRow line(const FiringId& id);

  ports::Store& store() { return open_->store(); }

  VirtualLoop loop_;
  SeededRandom random_{1};
  Fence fence_ = Fence::make(1, 5);
  std::unique_ptr<OpenStore> open_;
};

inline std::string name_of(const ::testing::TestParamInfo<StoreFactory>& info) { return info.param.name; }

/// One subject of the contract, on every adapter.
#define MEEPO_STORE_SUITE(suite)                                              \
  class suite : public StoreTest {}; /* NOLINT(bugprone-macro-parentheses) */ \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, ::testing::ValuesIn(store_factories()), name_of)

}  // namespace meepo::test
