// create: a task with its first firing, and what makes a repeat harmless: request ids, unique keys, the task id itself.

#include "adapters/sqlite/writer.h"
#include "adapters/sqlite/writer_statements.h"
#include "base/planted_bug.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

Facts first_facts(const CreateRequest::Item& item) {
  const auto& options = item.task->spec.options;
  Facts facts;
  facts.kind = item.task->spec.kind;
  facts.follow(item.task->spec);
  facts.unique_key = !options.unique_key.empty();
  facts.version = item.task->version;
  return facts;
}

/// A row that new firings of the task take target, priority and onLost from.
Row model_row(Tables& tables, const Task& task) {
  Row row;
  row.target = tables.intern(target_key(task.spec.target));
  row.priority = task.spec.options.priority;
  row.on_lost = task.spec.options.on_lost;
  return row;
}

}  // namespace

Result<CreateRequest::Answer> Writer::run(const CreateRequest& request) {
  if (auto checked = check(request.shard, request.fence, request.items.size()); !checked) return fail(std::move(checked.error()));
  return each<CreateRequest::ItemAnswer>(request.items, [&](const auto& item) { return create(request.shard, item); });
}

Result<CreateRequest::ItemAnswer> Writer::create(Shard shard, const CreateRequest::Item& item) {
  const Task& task = *item.task;
  if (auto checked = check_id(shard, task.id); !checked) return fail(std::move(checked.error()));
  const bool real = task.spec.kind == Kind::Real;
  if (real != item.first.tick.tick.is_real()) {
    return fail(Code::InvalidArgument,
                "the first tick of a " + std::string(to_string(task.spec.kind)) + " task is " + item.first.tick.tick.text() +
                    ": expected " + (real ? "0" : "another than 0"),
                "first");
  }
  if (item.start && item.first.state != State::Due) {
    return fail(Code::InvalidArgument, "the first tick is WAITING and to be started: expected DUE", "first");
  }
  const auto known = known_request(shard, item);
  if (!known) return fail(known.error());
  if (*known) return **known;
  if (item.refuse) return fail(*item.refuse);
  if (auto free = check_unique_key(shard, task); !free) return fail(std::move(free.error()));

  const auto mark = tables_.mark();
  const Row model = model_row(tables_, task);
  Row& task_row = tables_.add(task.id, real ? "0" : "");
  task_row.has_task = true;
  task_row.facts = first_facts(item);
  tables_.set_record(task_row, task);
  Row* firing = &task_row;
  if (real) {
    fill_armed(task_row, task_row, item.first, model);
  } else {
    auto armed = arm(task_row, item.first, model);
    if (!armed) return fail(std::move(armed.error()));
    firing = *armed;
  }
  if (firing == nullptr) {
    tables_.rewind(mark);
    return repeated_create(item);
  }
  // What is due at its creation is due by the clock that it was created by; an instant that the definition names, by the store's.
  const bool early = item.start && item.first.tick.due != task.created && item.first.tick.due > tables_.now;
  if (item.start && !early) {
    begin({.firing = firing, .task = &task_row}, {Move::Claim, Move::Begin}, *item.start, item.task);
    if (item.next) {
      firing->next_armed = true;
      if (auto next = arm(task_row, {.tick = *item.next, .state = State::Due, .wait_reason = WaitReason::None}, model); !next) {
        return fail(std::move(next.error()));
      }
    }
  }
  if (!tables_.insert_new(task_row)) {
    tables_.rewind(mark);
    return repeated_create(item);
  }
  save_keys(shard, item, firing->firing.id);
  CreateRequest::ItemAnswer answer{.id = task.id, .existed = false, .not_yet = {}};
  if (early) answer.not_yet = tables_.open_firing(*firing);
  return answer;
}

void Writer::save_keys(Shard shard, const CreateRequest::Item& item, const FiringId& first) {
  const auto& spec = item.task->spec;
  if (!spec.options.request_id.empty()) save_request_id(shard, spec.app_id, spec.options.request_id, first, false, item.content_hash);
  if (spec.options.unique_key.empty()) return;
  const auto key = pack(item.task->id);
  auto run = statements_->save_unique_key.run();
  run.bind(1, shard).bind_text(2, spec.app_id).bind_text(3, spec.options.unique_key).bind_blob(4, view(key)).done();
}

Result<std::optional<CreateRequest::ItemAnswer>> Writer::known_request(Shard shard, const CreateRequest::Item& item) {
  const Task& task = *item.task;
  const auto& request_id = task.spec.options.request_id;
  if (request_id.empty() || planted(PlantedBug::RequestIdIgnored)) return std::nullopt;
  auto run = statements_->request_id.run();
  run.bind(1, shard).bind_text(2, task.spec.app_id).bind_text(3, request_id);
  if (!run.step()) return std::nullopt;
  if (from_unix_ms(run.integer(3)) + limits::kRequestIdKept <= tables_.now) return std::nullopt;
  const auto id = unpack(run.bytes(0));
  if (!id) return fail(id.error());
  if (static_cast<std::uint64_t>(run.integer(2)) != item.content_hash) {
    return fail(Code::Conflict,
                "request id '" + request_id + "' of app '" + task.spec.app_id + "' has created task " + std::string(id->text()) +
                    " with other content",
                "requestId");
  }
  if (*id != task.id) return CreateRequest::ItemAnswer{.id = *id, .existed = true, .not_yet = {}};
  return repeated_create(item);
}

Result<CreateRequest::ItemAnswer> Writer::repeated_create(const CreateRequest::Item& item) {
  CreateRequest::ItemAnswer answer{.id = item.task->id, .existed = false, .not_yet = {}};
  if (!item.start) return answer;
  const auto firing = tables_.find(item.task->id, item.first.tick.tick.text());
  if (!firing) return fail(firing.error());
  // The first answer let the caller send the run; that still holds only while it is the same run.
  const bool same_run = *firing != nullptr && (*firing)->firing.state == State::Running && (*firing)->firing.run_token == item.start->token;
  answer.existed = !same_run;
  return answer;
}

Result<void> Writer::check_unique_key(Shard shard, const Task& task) {
  const auto& unique_key = task.spec.options.unique_key;
  if (unique_key.empty()) return {};
  TaskId holder;
  {
    auto run = statements_->unique_key.run();
    run.bind(1, shard).bind_text(2, task.spec.app_id).bind_text(3, unique_key);
    if (!run.step()) return {};
    const auto id = unpack(run.bytes(0));
    if (!id) return fail(id.error());
    holder = *id;
  }
  if (holder == task.id) return {};
  const auto row = tables_.find_task(holder);
  if (!row) return fail(row.error());
  if (*row == nullptr || (*row)->facts.ended()) return {};
  return fail(Code::Conflict,
              "unique key '" + unique_key + "' of app '" + task.spec.app_id + "' is held by task " + std::string(holder.text()) +
                  ", which has not ended",
              "uniqueKey");
}

void Writer::save_request_id(Shard shard, std::string_view app_id, std::string_view request_id, const FiringId& id, bool by_hand,
                             std::uint64_t hash) {
  const auto key = pack(id.task);
  auto run = statements_->save_request_id.run();
  run.bind(1, shard).bind_text(2, app_id).bind_text(3, request_id).bind_blob(4, view(key));
  if (by_hand) run.bind_text(5, id.tick.text());
  run.bind(6, static_cast<std::int64_t>(hash)).bind(7, to_unix_ms(tables_.now)).done();
}

}  // namespace meepo::adapters::sqlite
