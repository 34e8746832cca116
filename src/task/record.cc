#include "task/record.h"

#include "base/bytes.h"
#include "task/record_fields.h"

namespace meepo {
namespace record {
namespace {

// What is on disk: never change a number, never use one again.
constexpr std::uint64_t kId = 1;
constexpr std::uint64_t kCreated = 2;
constexpr std::uint64_t kVersion = 3;
constexpr std::uint64_t kParent = 4;
constexpr std::uint64_t kAppId = 5;
constexpr std::uint64_t kKind = 6;
constexpr std::uint64_t kDefine = 7;
constexpr std::uint64_t kTarget = 8;
constexpr std::uint64_t kNext = 9;
constexpr std::uint64_t kName = 10;
constexpr std::uint64_t kZone = 11;
constexpr std::uint64_t kRunOnce = 12;
constexpr std::uint64_t kTimeout = 13;
constexpr std::uint64_t kOnLost = 14;
constexpr std::uint64_t kPriority = 15;
constexpr std::uint64_t kUniqueKey = 16;
constexpr std::uint64_t kRequestId = 17;
constexpr std::uint64_t kLabel = 18;
constexpr std::uint64_t kRetryKind = 19;
constexpr std::uint64_t kRetryMax = 20;
constexpr std::uint64_t kRetryLadder = 21;
constexpr std::uint64_t kRetryDelay = 22;
constexpr std::uint64_t kRetryFactor = 23;
constexpr std::uint64_t kRetryCap = 24;
constexpr std::uint64_t kRetryJitter = 25;
constexpr std::uint64_t kMisfireKind = 26;
constexpr std::uint64_t kMisfireMax = 27;
constexpr std::uint64_t kMisfireWindow = 28;
constexpr std::uint64_t kOverlap = 29;
constexpr std::uint64_t kStart = 30;
constexpr std::uint64_t kEnd = 31;
constexpr std::uint64_t kMaxCount = 32;
constexpr std::uint64_t kJitter = 33;
constexpr std::uint64_t kDst = 34;

// The format's defaults: what a field that is not there means. Fixed for ever, whatever the defaults of task.h become.
constexpr std::uint32_t kVersionOmitted = 1;
constexpr milliseconds kTimeoutOmitted{60'000};
constexpr std::int32_t kPriorityOmitted = 5;
constexpr double kFactorOmitted = 2.0;

using Pair = std::pair<std::string, std::string>;

void append_retry(std::string& out, const RetryPolicy& retry) {
  if (retry.kind != RetryPolicy::Kind::None) append_number(out, kRetryKind, static_cast<std::uint64_t>(retry.kind));
  if (retry.max_retries != 0) append_number(out, kRetryMax, retry.max_retries);
  for (const milliseconds delay : retry.ladder) append_signed(out, kRetryLadder, delay.count());
  if (retry.delay.count() != 0) append_signed(out, kRetryDelay, retry.delay.count());
  if (retry.factor != kFactorOmitted) append_double(out, kRetryFactor, retry.factor);
  if (retry.cap.count() != 0) append_signed(out, kRetryCap, retry.cap.count());
  if (retry.jitter != 0) append_double(out, kRetryJitter, retry.jitter);
}

/// What says when a task runs, beside its define.
void append_timing(std::string& out, const Options& options) {
  const Misfire& misfire = options.misfire;
  if (misfire.kind != Misfire::Kind::Default) append_number(out, kMisfireKind, static_cast<std::uint64_t>(misfire.kind));
  if (misfire.max != 0) append_number(out, kMisfireMax, misfire.max);
  if (misfire.window.count() != 0) append_signed(out, kMisfireWindow, milliseconds(misfire.window).count());
  if (options.overlap != Overlap::Default) append_number(out, kOverlap, static_cast<std::uint64_t>(options.overlap));
  if (options.start) append_time(out, kStart, *options.start);
  if (options.end) append_time(out, kEnd, *options.end);
  if (options.max_count != 0) append_number(out, kMaxCount, options.max_count);
  if (options.jitter.count() != 0) append_signed(out, kJitter, options.jitter.count());
  if (options.dst != DstRule::Spring) append_number(out, kDst, static_cast<std::uint64_t>(options.dst));
}

void append_options(std::string& out, const Options& options) {
  append_text(out, kName, options.name);
  append_text(out, kZone, options.zone);
  if (options.run_once) append_number(out, kRunOnce, 1);
  if (options.timeout != kTimeoutOmitted) append_signed(out, kTimeout, options.timeout.count());
  if (options.on_lost != OnLost::Rerun) append_number(out, kOnLost, static_cast<std::uint64_t>(options.on_lost));
  if (options.priority != kPriorityOmitted) append_signed(out, kPriority, options.priority);
  append_text(out, kUniqueKey, options.unique_key);
  append_text(out, kRequestId, options.request_id);
  for (const Pair& label : options.labels) append_pair(out, kLabel, label);
  append_retry(out, options.retry);
  append_timing(out, options);
}

void read_window(Reader& reader, std::chrono::seconds& out) {
  milliseconds window{0};
  reader.read("misfire window", window);
  out = std::chrono::floor<std::chrono::seconds>(window);
}

/// A field of append_timing(), or one that this Meepo does not know.
void read_timing(Reader& reader, Task& task) {
  Options& options = task.spec.options;
  switch (reader.tag()) {
    case kMisfireKind: return reader.read_enum("misfire kind", Misfire::Kind::All, options.misfire.kind);
    case kMisfireMax: return reader.read("misfire count", options.misfire.max);
    case kMisfireWindow: return read_window(reader, options.misfire.window);
    case kOverlap: return reader.read_enum("overlap", Overlap::Allow, options.overlap);
    case kStart: return reader.read("start", options.start.emplace());
    case kEnd: return reader.read("end", options.end.emplace());
    case kMaxCount: return reader.read("max count", options.max_count);
    case kJitter: return reader.read("jitter", options.jitter);
    case kDst: return reader.read_enum("dst", DstRule::Once, options.dst);
    default: task.unknown_fields += reader.raw();
  }
}

/// A retry field, or one of append_timing().
void read_rest(Reader& reader, Task& task) {
  RetryPolicy& retry = task.spec.options.retry;
  switch (reader.tag()) {
    case kRetryKind: return reader.read_enum("retry kind", RetryPolicy::Kind::Exponential, retry.kind);
    case kRetryMax: return reader.read("retry count", retry.max_retries);
    case kRetryLadder: return reader.read("retry ladder", reader.add("retry ladder", retry.ladder));
    case kRetryDelay: return reader.read("retry delay", retry.delay);
    case kRetryFactor: return reader.read("retry factor", retry.factor);
    case kRetryCap: return reader.read("retry cap", retry.cap);
    case kRetryJitter: return reader.read("retry jitter", retry.jitter);
    default: return read_timing(reader, task);
  }
}

void read_id(Reader& reader, TaskId& out) {
  auto id = TaskId::parse(reader.value());
  if (!id) return reader.problem("id", id.error().message);
  out = *id;
}

void read_parent(Reader& reader, std::optional<FiringId>& out) {
  auto parent = FiringId::parse(reader.value());
  if (!parent) return reader.problem("parent", parent.error().message);
  out = *std::move(parent);
}

void read_kind(Reader& reader, Kind& out) {
  reader.read_enum("kind", Kind::Plan, out);
  if (out < Kind::Real) reader.problem("kind", "is out of range");
}

void read_task_field(Reader& reader, Task& task) {
  Options& options = task.spec.options;
  switch (reader.tag()) {
    case kId: return read_id(reader, task.id);
    case kCreated: return reader.read("created", task.created);
    case kVersion: return reader.read("version", task.version);
    case kParent: return read_parent(reader, task.parent);
    case kAppId: return reader.read("app id", task.spec.app_id);
    case kKind: return read_kind(reader, task.spec.kind);
    case kDefine: return reader.read("define", task.spec.define);
    case kTarget: return read_target(reader, task.spec.target);
    case kNext: return read_target(reader, reader.add("next", task.spec.next));
    case kName: return reader.read("name", options.name);
    case kZone: return reader.read("zone", options.zone);
    case kRunOnce: return reader.read("run once", options.run_once);
    case kTimeout: return reader.read("timeout", options.timeout);
    case kOnLost: return reader.read_enum("on lost", OnLost::Unknown, options.on_lost);
    case kPriority: return reader.read("priority", options.priority);
    case kUniqueKey: return reader.read("unique key", options.unique_key);
    case kRequestId: return reader.read("request id", options.request_id);
    case kLabel: return reader.read("label", reader.add("labels", options.labels));
    default: return read_rest(reader, task);
  }
}

}  // namespace

void append_spec(std::string& out, const TaskSpec& spec) {
  append_text(out, kAppId, spec.app_id);
  if (spec.kind != Kind::Real) append_number(out, kKind, static_cast<std::uint64_t>(spec.kind));
  append_text(out, kDefine, spec.define);
  append_target(out, kTarget, spec.target);
  for (const Target& target : spec.next) append_target(out, kNext, target);
  append_options(out, spec.options);
}

std::size_t size_hint(const TaskSpec& spec) {
  constexpr std::size_t kTagsAndNumbers = 64;
  const Options& options = spec.options;
  std::size_t size = kTagsAndNumbers + spec.app_id.size() + spec.define.size() + target_size_hint(spec.target);
  size += options.name.size() + options.zone.size() + options.unique_key.size() + options.request_id.size();
  for (const Target& target : spec.next) size += target_size_hint(target);
  for (const Pair& label : options.labels) size += label.first.size() + label.second.size() + 4;
  return size;
}

}  // namespace record

std::string encode_task(const Task& task) {
  using namespace record;
  constexpr std::size_t kIdAndTimes = 48;
  std::string out;
  out.reserve(kIdAndTimes + size_hint(task.spec) + task.unknown_fields.size());
  out += static_cast<char>(kRecordVersion);
  append_bytes(out, kId, task.id.text());
  append_time(out, kCreated, task.created);
  if (task.version != kVersionOmitted) append_number(out, kVersion, task.version);
  if (task.parent) append_bytes(out, kParent, task.parent->text());
  append_spec(out, task.spec);
  out += task.unknown_fields;
  append_varint(out, kEndTag);
  return out;
}

Result<Task> decode_task(std::string_view record) {
  using namespace record;
  auto fields = open_record(record, "task");
  if (!fields) return fail(std::move(fields.error()));
  Task task;
  task.version = kVersionOmitted;
  task.spec.options.timeout = kTimeoutOmitted;
  task.spec.options.priority = kPriorityOmitted;
  task.spec.options.retry.factor = kFactorOmitted;
  bool has_id = false;
  bool has_target = false;
  Reader reader(*fields, Reader::End::Mark);
  while (reader.next()) {
    has_id = has_id || reader.tag() == kId;
    has_target = has_target || reader.tag() == kTarget;
    read_task_field(reader, task);
  }
  if (reader.ok() && (!has_id || !has_target)) reader.problem("record", has_id ? "has no target" : "has no task id");
  if (!reader.ok()) return corrupt("task", reader.problem());
  return task;
}

}  // namespace meepo
