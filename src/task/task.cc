#include "task/task.h"

#include "base/bytes.h"
#include "task/record_fields.h"

namespace meepo {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::Real: return "REAL";
    case Kind::Ladder: return "LADDER";
    case Kind::Timing: return "TIMING";
    case Kind::Plan: return "PLAN";
  }
  return "";
}

std::uint64_t content_hash(const TaskSpec& spec) {
  std::string content;
  content.reserve(record::size_hint(spec));
  record::append_spec(content, spec);
  return stable_hash(content);
}

std::optional<Task> chained_task(const Task& parent, const DueTick& tick, SysTime now) {
  if (parent.spec.next.empty()) return std::nullopt;
  const FiringId firing{.task = parent.id, .tick = tick.tick};
  Task task{.id = chained_task_id(firing, tick.due),
            .created = now,
            .version = 1,
            .parent = firing,
            .spec = {.app_id = parent.spec.app_id,
                     .kind = Kind::Real,
                     .define = {},
                     .target = parent.spec.next.front(),
                     .next = {parent.spec.next.begin() + 1, parent.spec.next.end()},
                     .options = parent.spec.options},
            .unknown_fields = {}};
  // What names or limits the parent alone: the child is a task of its own, created by no request.
  task.spec.options.run_once = false;
  task.spec.options.unique_key.clear();
  task.spec.options.request_id.clear();
  return task;
}

}  // namespace meepo
