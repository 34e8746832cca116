// The fault-injecting wrapper: what it says happened to the store is what happened.

#include "tests/support/fault_store.h"

#include "tests/contract/store_test.h"

namespace meepo::test {
namespace {

using namespace ports;
using Action = FaultStore::Action;
MEEPO_STORE_SUITE(FaultStoreTest);

TEST_P(FaultStoreTest, EachFault_DoesWhatItSays) {
  const struct {
    Action action;
    std::optional<Code> code;
    bool written_at_once;
    bool written;
    milliseconds answered_after;
  } cases[] = {{Action::Pass, {}, true, true, milliseconds(0)},
               {Action::FailBefore, Code::Unavailable, false, false, milliseconds(0)},
               {Action::FailAfter, Code::Unknown, true, true, milliseconds(0)},
               {Action::LoseAnswer, Code::Timeout, true, true, FaultStore::kTimeout},
               {Action::Delay, {}, false, true, FaultStore::kDelay}};
  for (const auto& c : cases) {
    SCOPED_TRACE(static_cast<int>(c.action));
    FaultStore faulty(loop_, store());
    faulty.decide = [&c](const StoreRequest&) { return c.action; };
    const auto task = real();
    const auto before = now();
    std::optional<Result<Reply<CreateRequest::Answer>>> reply;
    milliseconds answered_after{-1};
    faulty.call(CreateRequest{.shard = kShard, .fence = fence_, .items = {item_of(task)}}, [&](auto answer) {
      reply = std::move(answer);
      answered_after = now() - before;
    });
    EXPECT_FALSE(reply) << "never inside submit";
    loop_.run();
    EXPECT_EQ(get(task->id).has_value(), c.written_at_once);
    loop_.advance(FaultStore::kTimeout);
    ASSERT_TRUE(reply);
    EXPECT_EQ(*reply ? std::nullopt : std::optional(reply->error().code), c.code);
    EXPECT_EQ(get(task->id).has_value(), c.written);
    EXPECT_EQ(answered_after, c.answered_after);
  }
}

TEST_P(FaultStoreTest, Destroyed_ItAnswersNothing) {
  for (const Action action : {Action::Pass, Action::FailBefore, Action::FailAfter, Action::LoseAnswer, Action::Delay}) {
    bool answered = false;
    {
      FaultStore faulty(loop_, store());
      faulty.decide = [action](const StoreRequest&) { return action; };
      faulty.call(CountsRequest{.shard = {}}, [&](auto) { answered = true; });
    }
    loop_.advance(FaultStore::kTimeout);
    EXPECT_FALSE(answered);
  }
}

}  // namespace
}  // namespace meepo::test
