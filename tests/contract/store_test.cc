#include "tests/contract/store_test.h"

namespace meepo::test {

using namespace ports;

template <class Request>
Result<Reply<typename Request::Answer>> StoreTest::reply_to(Request request) {
  std::optional<Result<Reply<typename Request::Answer>>> answer;
  store().call(std::move(request), [&answer](auto reply) { answer = std::move(reply); });
  for (int i = 0; i < 1'000 && !answer; ++i) loop_.run();
  if (!answer) return fail(Code::Internal, "the store did not answer");
  return std::move(*answer);
}

template <class Request>
Result<typename Request::Answer> StoreTest::ask(Request request) {
  auto reply = reply_to(std::move(request));
  if (!reply) return fail(std::move(reply.error()));
  return std::move(reply->value);
}

template <class Request>
typename Request::Answer::value_type StoreTest::one(Request request) {
  auto answer = ask(std::move(request));
  if (!answer) return fail(std::move(answer.error()));
  if (answer->size() != 1) return fail(Code::Internal, "one item, not one answer");
  return std::move(answer->front());
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type's name
#define MEEPO_WHOLE(Request)                                                     \
  template Result<Reply<Request::Answer>> StoreTest::reply_to<Request>(Request); \
  template Result<Request::Answer> StoreTest::ask<Request>(Request)
#define MEEPO_BATCH(Request) \
  MEEPO_WHOLE(Request);      \
  template Request::Answer::value_type StoreTest::one<Request>(Request)
// NOLINTEND(bugprone-macro-parentheses)

MEEPO_BATCH(CreateRequest);
MEEPO_BATCH(UpdateRequest);
MEEPO_BATCH(ClaimRequest);
MEEPO_BATCH(ParkRequest);
MEEPO_WHOLE(UnparkRequest);
MEEPO_BATCH(MarkRequest);
MEEPO_BATCH(ReapRequest);
MEEPO_BATCH(CancelRequest);
MEEPO_BATCH(PauseRequest);
MEEPO_BATCH(ResumeRequest);
MEEPO_BATCH(TriggerRequest);
MEEPO_BATCH(SkipRequest);
MEEPO_WHOLE(PurgeRequest);
MEEPO_WHOLE(ShiftRequest);
MEEPO_WHOLE(TakeOverRequest);
MEEPO_WHOLE(ChangesRequest);
MEEPO_BATCH(BeginRequest);
MEEPO_BATCH(RenewRequest);
MEEPO_BATCH(EndRequest);
MEEPO_BATCH(RunningRequest);
MEEPO_WHOLE(SaveResultRequest);
MEEPO_WHOLE(OpenRequest);
MEEPO_BATCH(GetRequest);
MEEPO_WHOLE(ListRequest);
MEEPO_WHOLE(LedgerRequest);
MEEPO_WHOLE(CountsRequest);

void StoreTest::SetUp() {
  open_ = GetParam().open(loop_);
  ASSERT_NE(open_, nullptr);
  ASSERT_TRUE(take_over(fence_));
}

Task StoreTest::task_of(Kind kind, std::string define) {
  Task task;
  task.created = now();
  task.id = TaskId::make(kShard, task.created, random_.next());
  task.spec.app_id = "billing";
  task.spec.kind = kind;
  task.spec.define = std::move(define);
  task.spec.target = ServiceTarget{.interface = "com.x.Pay",
                                   .method = "settle",
                                   .version = {},
                                   .group = {},
                                   .param_types = {"java.lang.Long"},
                                   .params = {.encoding = Encoding::Json, .data = "[9007199254740993]"}};
  task.spec.options.zone = "UTC";
  return task;
}

TaskPtr StoreTest::ladder(std::string define, bool run_once) {
  auto task = task_of(Kind::Ladder, std::move(define));
  task.spec.options.run_once = run_once;
  return std::make_shared<const Task>(std::move(task));
}

CreateRequest::Item StoreTest::item_of(TaskPtr task) {
  CreateRequest::Item item;
  item.first.tick = first_tick(*task);
  item.content_hash = content_hash(task->spec);
  item.task = std::move(task);
  return item;
}

Result<CreateRequest::ItemAnswer> StoreTest::create(CreateRequest::Item item) {
  return one(CreateRequest{.shard = kShard, .fence = fence_, .items = {std::move(item)}});
}

FiringId StoreTest::created(TaskPtr task) {
  auto item = item_of(std::move(task));
  const FiringId id{.task = item.task->id, .tick = item.first.tick.tick};
  const auto answer = create(std::move(item));
  EXPECT_TRUE(answer) << answer.error().message;
  return id;
}

FiringId StoreTest::created_waiting(TaskPtr task, WaitReason reason) {
  auto item = item_of(std::move(task));
  item.first.state = State::Waiting;
  item.first.wait_reason = reason;
  const FiringId id{.task = item.task->id, .tick = item.first.tick.tick};
  EXPECT_TRUE(create(std::move(item)));
  return id;
}

FiringId StoreTest::started(TaskPtr task, const RunToken& token) {
  auto item = item_of(std::move(task));
  item.start = StartRun{.token = token, .executor = "executor-1", .lease_until = now() + limits::kRunLease};
  item.next = next_tick(*item.task, item.first.tick.tick);
  const FiringId id{.task = item.task->id, .tick = item.first.tick.tick};
  const auto answer = create(std::move(item));
  EXPECT_TRUE(answer) << answer.error().message;
  return id;
}

Result<ClaimRequest::ItemAnswer> StoreTest::claim(const FiringId& id, std::optional<DueTick> next, std::optional<StartRun> start) {
  return one(ClaimRequest{.shard = kShard,
                          .fence = fence_,
                          .lease_until = now() + limits::kClaimLease,
                          .now = now(),
                          .items = {{.id = id, .next = std::move(next), .start = std::move(start)}}});
}

Result<EndRequest::ItemAnswer> StoreTest::end(EndRequest::Item item, bool owner) {
  return one(EndRequest{.shard = kShard, .fence = owner ? std::optional(fence_) : std::nullopt, .items = {std::move(item)}});
}

Result<RenewAnswer> StoreTest::renew(RenewRequest::Item item) { return one(RenewRequest{.shard = kShard, .items = {std::move(item)}}); }

Result<ReapRequest::ItemAnswer> StoreTest::reap(ReapRequest::Item item) {
  return one(ReapRequest{.shard = kShard, .fence = fence_, .now = now(), .items = {std::move(item)}});
}

Result<TakeOverRequest::Answer> StoreTest::take_over(Fence fence) {
  auto answer = ask(TakeOverRequest{.shard = kShard, .fence = fence});
  if (answer) fence_ = fence;
  return answer;
}

Result<CancelRequest::ItemAnswer> StoreTest::cancel(const TaskId& id) {
  return one(CancelRequest{.shard = kShard, .fence = fence_, .ids = {id}});
}

Result<TaskView> StoreTest::get(const TaskId& id) { return one(GetRequest{.shard = kShard, .ids = {id}}); }

std::vector<OpenFiring> StoreTest::open(State state, std::optional<SysTime> until) {
  auto answer = ask(OpenRequest{.shard = kShard, .state = state, .until = until.value_or(now() + std::chrono::days(400)), .after = {}});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? std::move(answer->firings) : std::vector<OpenFiring>();
}

std::vector<LedgerRow> StoreTest::ledger(const TaskId& id) {
  auto answer = ask(LedgerRequest{.shard = kShard, .id = id, .before = {}, .limit = limits::kPageSizeMax});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? std::move(answer->rows) : std::vector<LedgerRow>();
}

LedgerRow StoreTest::line(const FiringId& id) {
  for (auto& row : ledger(id.task)) {
    if (row.firing && row.firing->id == id) return std::move(row);
  }
  ADD_FAILURE() << "no line for " << id.text();
  return {};
}

}  // namespace meepo::test
