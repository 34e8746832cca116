#include "sim/world.h"

#include <cstdlib>

namespace meepo::test {

namespace {

constexpr milliseconds kDelay{1};

template <class T>
T value_of(std::optional<T>& slot, std::string_view what) {
  if (slot) return *std::move(slot);
  std::fprintf(stderr, "world: %.*s was not answered\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace

World::World(std::uint64_t seed) : random(seed) {
  store = adapters::sqlite::SqliteStore::open({.folder = "", .inline_on_loop = true}, loop).value();
  faults = std::make_unique<FaultStore>(loop, *store);
  start_scheduler();
}

World::~World() {
  executors_.clear();
  kill_scheduler();
}

void World::start_scheduler() {
  dispatcher_ = std::make_unique<SimDispatcher>(loop, kDelay);
  dispatcher_now_ = dispatcher_.get();
  coordinator_ = std::make_unique<adapters::local::LocalCoordinator>(loop, Fence::make(1, ++starts_));
  scheduler_ = std::make_unique<scheduler::Scheduler>(
      scheduler::Options{.default_zone = "UTC", .inside_executor_prefix = "inside-"},
      scheduler::Scheduler::Parts{
          .loop = loop, .store = *faults, .dispatcher = *dispatcher_, .coordinator = *coordinator_, .alerter = alerter, .random = random});
  scheduler_->start();
  loop.run();
}

void World::kill_scheduler() {
  scheduler_.reset();
  dispatcher_now_ = nullptr;
  dispatcher_.reset();
  coordinator_.reset();
}

void World::stop_scheduler() {
  bool stopped = false;
  scheduler_->stop([&] { stopped = true; });
  for (int i = 0; i < 1'000 && !stopped; ++i) loop.advance(milliseconds(10));
  if (!stopped) std::abort();
  kill_scheduler();
}

void World::start_executor(const std::string& name, std::uint32_t credits, std::string prefix) {
  auto process = std::make_unique<ExecutorProcess>();
  const std::string instance = std::move(prefix) + name + "-" + std::to_string(++starts_);
  process->source = std::make_unique<SimSource>(loop, dispatcher_now_);
  process->invoker = std::make_unique<SimInvoker>(loop, history, instance);
  process->invoker->on_crash = [this, name] { kill_executor(name); };
  process->executor = std::make_unique<executor::Executor>(
      executor::Options{.instance = instance, .name = name, .target_keys = {service_key("sim.Target", "", "")}, .credits = credits}, loop,
      *process->source, *process->invoker);
  process->executor->start();
  executors_[name] = std::move(process);
  loop.run();
}

void World::kill_executor(const std::string& name) {
  const auto found = executors_.find(name);
  if (found == executors_.end()) return;
  found->second->executor.reset();
  found->second->invoker.reset();
  executors_.erase(found);
}

void World::stop_executor(const std::string& name, milliseconds drain) {
  bool stopped = false;
  executors_.at(name)->executor->stop(drain, [&](std::size_t) { stopped = true; });
  for (int i = 0; i < 10'000 && !stopped; ++i) loop.advance(milliseconds(10));
  if (!stopped) std::abort();
  executors_.erase(name);
}

Result<scheduler::Created> World::create(TaskSpec spec) {
  auto checked = scheduler::check(std::move(spec), "UTC");
  if (!checked) return fail(std::move(checked.error()));
  std::vector<scheduler::CheckedSpec> specs;
  specs.push_back(*std::move(checked));
  std::optional<std::vector<Result<scheduler::Created>>> out;
  scheduler_->create(std::move(specs), [&](std::vector<Result<scheduler::Created>> answers) { out = std::move(answers); });
  loop.run();
  return std::move(value_of(out, "create").front());
}

scheduler::Cancelled World::cancel(TaskId id) {
  std::optional<Result<scheduler::Cancelled>> out;
  scheduler_->cancel(id, [&](Result<scheduler::Cancelled> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "cancel").value();
}

Result<bool> World::pause(TaskId id) {
  std::optional<Result<bool>> out;
  scheduler_->pause(id, [&](Result<bool> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "pause");
}

Result<void> World::resume(TaskId id) {
  std::optional<Result<void>> out;
  scheduler_->resume(id, [&](Result<void> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "resume");
}

Result<scheduler::Updated> World::update(TaskId id, std::uint32_t version, std::function<TaskSpec(TaskSpec)> change) {
  std::optional<Result<scheduler::Updated>> out;
  scheduler_->update(
      id, version, [change = std::move(change)](const TaskSpec& spec) -> Result<TaskSpec> { return change(spec); },
      [&](Result<scheduler::Updated> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "update");
}

Result<FiringId> World::rerun(TaskId id, Tick tick) {
  std::optional<Result<FiringId>> out;
  scheduler_->rerun({.id = id, .again = {}, .params = {}, .request_id = {}}, std::move(tick),
                    [&](Result<FiringId> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "rerun");
}

Result<scheduler::Backfilled> World::backfill(scheduler::BackfillRange range) {
  std::optional<Result<scheduler::Backfilled>> out;
  scheduler_->backfill(std::move(range), [&](Result<scheduler::Backfilled> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "backfill");
}

ports::TaskView World::get(TaskId id) {
  std::optional<Result<ports::TaskView>> out;
  scheduler_->get(id, [&](Result<ports::TaskView> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "get").value();
}

std::vector<ports::LedgerRow> World::ledger(TaskId id) {
  std::optional<Result<ports::LedgerRequest::Answer>> out;
  scheduler_->ledger({.id = id, .limit = limits::kPageSizeMax},
                     [&](Result<ports::LedgerRequest::Answer> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "ledger").value().rows;
}

ports::CountsRequest::Answer World::counts() {
  std::optional<Result<ports::CountsRequest::Answer>> out;
  scheduler_->counts([&](Result<ports::CountsRequest::Answer> answer) { out = std::move(answer); });
  loop.run();
  return value_of(out, "counts").value();
}

std::uint64_t World::open_firings() {
  std::uint64_t open = 0;
  for (const auto& [state, count] : counts().by_state) open += state == State::Ended ? 0 : count;
  return open;
}

TaskSpec real(std::string method, std::string argument) {
  ServiceTarget target{.interface = "sim.Target", .method = std::move(method)};
  target.params = {.encoding = Encoding::Json, .data = "[" + argument + "]"};
  return {.app_id = "sim", .kind = Kind::Real, .define = "", .target = std::move(target)};
}

TaskSpec ladder(std::string method, std::string define, std::string argument) {
  TaskSpec spec = real(std::move(method), std::move(argument));
  spec.kind = Kind::Ladder;
  spec.define = std::move(define);
  return spec;
}

}  // namespace meepo::test
