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

Overlap overlap_of(const TaskSpec& spec) {
  if (spec.kind == Kind::Real || spec.kind == Kind::Timing) return Overlap::Allow;
  if (spec.options.overlap != Overlap::Default) return spec.options.overlap;
  const bool plan = spec.kind == Kind::Plan;
  if (spec.options.run_once) return plan ? Overlap::BufferOne : Overlap::BufferAll;
  return plan ? Overlap::Skip : Overlap::Allow;
}

Misfire misfire_of(const TaskSpec& spec) {
  Misfire misfire = spec.options.misfire;
  if (misfire.kind == Misfire::Kind::Default) misfire.kind = spec.kind == Kind::Plan ? Misfire::Kind::Once : Misfire::Kind::All;
  return misfire;
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
  task.spec.options.misfire = {};
  task.spec.options.overlap = Overlap::Default;
  task.spec.options.start.reset();
  task.spec.options.end.reset();
  task.spec.options.max_count = 0;
  task.spec.options.jitter = milliseconds(0);
  task.spec.options.dst = DstRule::Spring;
  return task;
}

}  // namespace meepo
