#pragma once
// The API's calls, apart from how they travel: a request message is read and checked on the caller's thread, one post takes it to the
// scheduler's loop, and the answer comes as a message. gRPC and HTTP are two ways to reach these.
//
// Any thread may call. `done` runs once, on the loop, or on the caller's thread when the request is refused before it gets there; it may
// be dropped without a call if the loop or the scheduler goes away. This object and the scheduler outlive every post to the loop.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "meepo/v1/admin_service.pb.h"
#include "meepo/v1/task_service.pb.h"
#include "ports/clock.h"
#include "schedule/planner.h"
#include "scheduler/scheduler.h"

namespace meepo::api {

template <class T>
using Done = std::move_only_function<void(Result<T>)>;

class Calls {
 public:
  struct Settings {
    std::string default_zone = "UTC";  ///< the scheduler's
    std::string version;
    std::string store;                 ///< for people: "sqlite /var/lib/meepo"
    SysTime started_at;
  };

  Calls(Settings settings, ports::Loop& loop, scheduler::Scheduler& scheduler)
      : settings_(std::move(settings)), loop_(loop), scheduler_(scheduler) {}

  void create(const v1::CreateTaskRequest& request, Done<v1::CreateTaskResponse> done);
  /// Exhausted: more than kBatchItemsMax specs, or more creates wait than may: then none was looked at.
  void create_batch(const v1::CreateBatchRequest& request, Done<v1::CreateBatchResponse> done);
  void get(const v1::GetTaskRequest& request, Done<v1::Task> done);
  /// A page may hold fewer tasks than asked for: it ends at kPageBytes too.
  void list(const v1::ListTasksRequest& request, Done<v1::ListTasksResponse> done);
  /// Of those that one call looks at; its token goes on.
  void count(const v1::CountTasksRequest& request, Done<v1::CountTasksResponse> done);
  void cancel(const v1::CancelTaskRequest& request, Done<v1::CancelTaskResponse> done);
  void pause(const v1::PauseTaskRequest& request, Done<v1::PauseTaskResponse> done);
  void resume(const v1::ResumeTaskRequest& request, Done<v1::ResumeTaskResponse> done);
  void trigger(const v1::TriggerTaskRequest& request, Done<v1::TriggerTaskResponse> done);
  /// Gives the latest firing a result, if it runs or ended without one. NotFound · Conflict: it has another one, or no firing began.
  void save_result(std::string_view id, const v1::Payload& result, std::move_only_function<void(Result<void>)> done);
  /// What the latest firing left, or while that has left none, the one that ended last; no payload: none did. NotFound.
  void result(std::string_view id, Done<v1::Payload> done);
  /// Which fields a change may name: api/calls/update.cc.
  void update(const v1::UpdateTaskRequest& request, Done<v1::UpdateTaskResponse> done);
  void rerun(const v1::RerunRequest& request, Done<v1::RerunResponse> done);
  void backfill(const v1::BackfillRequest& request, Done<v1::BackfillResponse> done);
  void why(const v1::WhyRequest& request, Done<v1::WhyResponse> done);
  void ledger(const v1::LedgerRequest& request, Done<v1::LedgerResponse> done);
  void info(const v1::InfoRequest& request, Done<v1::InfoResponse> done);
  void counts(const v1::CountsRequest& request, Done<v1::CountsResponse> done);
  void list_executors(const v1::ListExecutorsRequest& request, Done<v1::ListExecutorsResponse> done);

  /// True when the scheduler owns its shards and has read them.
  void ready(std::move_only_function<void(bool)> done);

  // Creates in batches, for the stream: check each spec, then create all of them in one post; answers in order, refused ones included.
  // Before that: admit_creates() refuses in no time what would be refused after all the checks, which keeps the threads of the APIs free
  // while more comes than can be written.
  Result<void> admit_creates(std::size_t count) { return scheduler_.admit_creates(count); }
  using Checked = Result<scheduler::CheckedSpec>;
  using CreatedAll = std::vector<Result<scheduler::Created>>;
  Checked check(const v1::TaskSpec& spec) const;
  void create_all(std::vector<Checked> specs, std::move_only_function<void(CreatedAll)> done);
  static void put_created(const scheduler::Created& created, v1::CreateTaskResponse& out);

  /// A page of tasks or ledger rows ends after this: gRPC clients refuse messages over 4 MiB unless told otherwise.
  static constexpr std::size_t kPageBytes = std::size_t{3} << 20U;

 private:
  struct WhyCall;
  void why_of_task(std::shared_ptr<WhyCall> call);
  void why_of_tick(std::shared_ptr<WhyCall> call);

  Settings settings_;
  ports::Loop& loop_;
  scheduler::Scheduler& scheduler_;
  schedule::Planner planner_;          ///< on the loop
};

/// ISO 8601; InvalidArgument names the field.
Result<SysTime> instant_from(std::string_view text, std::string_view field);

/// The id of a request, with "id" as the error's field.
Result<TaskId> task_id_from(std::string_view text);

}  // namespace meepo::api
