// list: tasks, newest first, over one shard or all. Ids sort by creation within a shard, so the shards' newest ids are merged.

#include <algorithm>
#include <array>
#include <queue>

#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/reader_statements.h"

namespace meepo::adapters::sqlite {

using namespace ports;

namespace {

/// Tasks looked at for one page: a filter that nothing passes must not hold up the reads behind it. The page is then short.
constexpr std::size_t kLookedAtMax = 5'000;

/// The smallest packed id of a shard at an instant, or past it.
PackedId first_at(Shard shard, SysTime instant) { return pack(TaskId::make(shard, instant, 0)); }

/// Past the last id of a shard.
PackedId end_of(Shard shard) {
  PackedId id{};
  if (shard + 1 == kShardCount) {
    id.fill('\xff');
  } else {
    id = first_at(static_cast<Shard>(shard + 1), from_unix_ms(0));
  }
  return id;
}

char lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::ranges::search(text, part, {}, lower, lower).begin() != text.end() || part.empty();
}

/// Status and kind stand in the task's row; the rest is in its record.
bool needs_record(const ListRequest::Filter& filter) {
  return !filter.app_id.empty() || !filter.interface.empty() || !filter.method.empty() || !filter.name.empty() || !filter.labels.empty();
}

bool passes(const ListRequest::Filter& filter, const Task& task) {
  const auto& spec = task.spec;
  if (!filter.app_id.empty() && spec.app_id != filter.app_id) return false;
  if (filter.kind && spec.kind != *filter.kind) return false;
  if (!filter.name.empty() && !contains_ignoring_case(spec.options.name, filter.name)) return false;
  const auto has = [&](const auto& label) { return std::ranges::find(spec.options.labels, label) != spec.options.labels.end(); };
  if (!std::ranges::all_of(filter.labels, has)) return false;
  if (filter.interface.empty() && filter.method.empty()) return true;
  const auto* service = std::get_if<ServiceTarget>(&spec.target);
  if (service == nullptr) return false;
  return (filter.interface.empty() || service->interface == filter.interface) &&
         (filter.method.empty() || service->method == filter.method);
}

struct Newest {
  TaskId id;
  friend bool operator<(const Newest& a, const Newest& b) { return std::pair(a.id.created(), a.id) < std::pair(b.id.created(), b.id); }
};

/// Packed ids sort as unsigned bytes.
PackedId smaller(const PackedId& a, const PackedId& b) { return view(a) < view(b) ? a : b; }

/// The first packed id of `shard` that does not come after the cursor in (creation instant, id), newest first.
PackedId start_of(Shard shard, const ListRequest& request) {
  PackedId start = end_of(shard);
  if (request.filter.created_to) start = smaller(start, first_at(shard, *request.filter.created_to));
  if (request.before) {
    const auto created = request.before->created();
    const Shard own = request.before->shard();
    // At the cursor's instant, ids of lower shards come later in the list.
    const auto at = shard == own ? pack(*request.before) : first_at(shard, shard < own ? created + milliseconds(1) : created);
    start = smaller(start, at);
  }
  return start;
}

}  // namespace

std::optional<TaskId> Reader::newest_before(Shard shard, const PackedId& before) {
  const auto low = first_at(shard, from_unix_ms(0));
  auto run = statements_->newest_before.run();
  run.bind_blob(1, view(low)).bind_blob(2, view(before));
  if (!run.step()) return std::nullopt;
  const auto id = unpack(run.bytes(0));
  return id ? std::optional(*id) : std::nullopt;
}

Result<ListRequest::Answer> Reader::run(const ListRequest& request) {
  if (request.limit == 0 || request.limit > limits::kPageSizeMax) {
    return fail(Code::InvalidArgument,
                "the page size is " + std::to_string(request.limit) + ": expected 1 to " + std::to_string(limits::kPageSizeMax),
                "pageSize");
  }
  std::priority_queue<Newest> newest;
  const auto add = [&](Shard shard, const PackedId& before) {
    const auto id = newest_before(shard, before);
    if (id && (!request.filter.created_from || id->created() >= *request.filter.created_from)) newest.push({*id});
  };
  for (Shard shard = 0; shard < kShardCount; ++shard) {
    if (!request.shard || *request.shard == shard) add(shard, start_of(shard, request));
  }
  ListRequest::Answer answer;
  std::optional<TaskId> last;
  for (std::size_t looked_at = 0; !newest.empty(); ++looked_at) {
    if ((!request.count_only && answer.tasks.size() == request.limit) || looked_at == kLookedAtMax) {
      answer.next = last;
      break;
    }
    const TaskId id = newest.top().id;
    newest.pop();
    last = id;
    add(id.shard(), pack(id));
    tables_.start_item();
    const auto row = tables_.find_task(id);
    // A record that does not decode is left out here and shows when its task is asked for.
    if (!row || *row == nullptr) continue;
    if (request.filter.status && (*row)->facts.status() != *request.filter.status) continue;
    if (request.filter.kind && (*row)->facts.kind != *request.filter.kind) continue;
    if (request.count_only && !needs_record(request.filter)) {
      ++answer.matched;
      continue;
    }
    auto task = tables_.record(**row);
    if (!task || !passes(request.filter, **task)) continue;
    ++answer.matched;
    if (request.count_only) continue;
    if (auto view = view_of(**row, std::move(*task))) answer.tasks.push_back(std::move(*view));
  }
  return answer;
}

}  // namespace meepo::adapters::sqlite
