// get and counts.

#include "adapters/sqlite/reader.h"

#include "adapters/sqlite/reader_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

Reader::Reader(Connection& connection, const StaleEnds& stale_ends)
    : connection_(connection), tables_(connection), statements_(std::make_unique<Statements>(connection)), stale_ends_(stale_ends) {}
Reader::~Reader() = default;

Result<GetRequest::Answer> Reader::run(const GetRequest& request) {
  if (request.ids.size() > limits::kBatchItemsMax) {
    return fail(
        Code::InvalidArgument,
        "the request has " + std::to_string(request.ids.size()) + " ids: expected at most " + std::to_string(limits::kBatchItemsMax),
        "ids");
  }
  GetRequest::Answer answer;
  answer.reserve(request.ids.size());
  for (const auto& id : request.ids) {
    tables_.start_item();
    answer.push_back(get(id));
  }
  return answer;
}

Result<TaskView> Reader::get(const TaskId& id) {
  const auto row = tables_.find_task(id);
  if (!row) return fail(row.error());
  if (*row == nullptr) return fail(Code::NotFound, "no task " + std::string(id.text()));
  auto task = tables_.record(**row);
  if (!task) return fail(std::move(task.error()));
  return view_of(**row, std::move(*task));
}

Result<TaskView> Reader::view_of(const Row& task_row, TaskPtr task) {
  const auto& facts = task_row.facts;
  TaskView view{.task = std::move(task),
                .status = facts.status(),
                .paused = facts.paused,
                .armed = {},
                .latest = {},
                .firings = facts.fired,
                .ended_at = facts.ended_at};
  if (!facts.ended()) {
    const auto key = pack(task_row.task);
    auto run = statements_->open.run();
    run.bind_blob(1, sqlite::view(key));
    while (run.step()) {
      Row row;
      if (auto read = Tables::read(run, row); !read) return fail(std::move(read.error()));
      if (!row.open() || row.firing.state == State::Running) continue;
      if (!view.armed || std::pair(row.firing.score, row.firing.id) < std::pair(view.armed->score, view.armed->id)) {
        view.armed = tables_.firing(row);
      }
    }
  }
  if (!facts.planned.empty() && !facts.ended()) {
    const auto planned = tables_.find(task_row.task, facts.planned);
    if (!planned) return fail(planned.error());
    const bool waits = *planned != nullptr && (*planned)->has_firing && (*planned)->never_began() &&
                       ((*planned)->firing.state == State::Due || (*planned)->firing.state == State::Waiting);
    if (waits) view.planned = tables_.firing(**planned);
  }
  if (facts.latest.empty()) return view;
  // Retention may have removed it.
  const auto latest = tables_.find(task_row.task, facts.latest);
  if (!latest) return fail(latest.error());
  if (*latest != nullptr && (*latest)->has_firing) view.latest = tables_.firing(**latest);
  return view;
}

Result<CountsRequest::Answer> Reader::run(const CountsRequest& request) {
  Counts sum;
  CountsRequest::Answer answer;
  auto run = statements_->counts.run();
  while (run.step()) {
    if (request.shard && run.integer(0) != *request.shard) continue;
    const auto counts = decode_counts(run.bytes(1));
    if (!counts) return fail(counts.error());
    for (std::size_t i = 0; i < sum.tasks.size(); ++i) sum.tasks.at(i) += counts->tasks.at(i);
    for (std::size_t i = 0; i < sum.firings.size(); ++i) sum.firings.at(i) += counts->firings.at(i);
  }
  for (const Status status : kStatuses) {
    answer.tasks += sum.tasks.at(index_of(status));
    answer.by_status.emplace_back(status, sum.tasks.at(index_of(status)));
  }
  for (const State state : kStates) answer.by_state.emplace_back(state, sum.firings.at(index_of(state)));
  for (Shard shard = 0; shard < kShardCount; ++shard) {
    if (!request.shard || *request.shard == shard) answer.stale_ends += stale_ends_.at(shard).load(std::memory_order_relaxed);
  }
  return answer;
}

}  // namespace meepo::adapters::sqlite
