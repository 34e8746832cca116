#include "task/record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"
#include "task/record_fields.h"
#include "task/task_generators.h"

namespace meepo {
namespace {

using record::append_bytes;

constexpr SysTime kCreated = from_unix_ms(1'700'000'000'000);

Task small_task() {
  Task task{.id = TaskId::make(9, kCreated, 12'345), .created = kCreated};
  task.spec.app_id = "billing";
  task.spec.target = ServiceTarget{.interface = "com.example.Billing", .method = "settle", .params = {.data = "[1]"}};
  task.spec.options.zone = "UTC";
  return task;
}

Task full_task() {
  Task task = small_task();
  task.version = 3;
  task.parent = FiringId{.task = TaskId::make(9, kCreated, 1), .tick = Tick::rung(4)};
  task.spec.kind = Kind::Ladder;
  task.spec.define = "0,1,3";
  task.spec.next = {
      HttpTarget{.method = "POST", .url = "https://a/", .headers = {{"A", "b"}}, .body = {.encoding = Encoding::Bytes, .data = "x"}},
      CommandTarget{.argv = {"a", "", "b"}, .env = {{"K", ""}}}};
  task.spec.options.retry = {.kind = RetryPolicy::Kind::Exponential,
                             .max_retries = 9,
                             .ladder = {milliseconds(5), milliseconds(0)},
                             .delay = milliseconds(100),
                             .factor = 1.5,
                             .cap = milliseconds(1'000),
                             .jitter = 0.25};
  task.spec.options.labels = {{"team", "x"}};
  return task;
}

/// A record with `fields` after those that a task must have.
std::string record_with(std::string_view fields) {
  std::string out = encode_task(small_task());
  out.pop_back();
  out += fields;
  return out + '\0';
}

std::string problem_of(std::string_view record) {
  const auto task = decode_task(record);
  if (task) return "";
  EXPECT_EQ(task.error().code, Code::Corruption);
  return task.error().message;
}

RC_GTEST_PROP(TaskRecord, Decode_ReadsWhatEncodeWrites, ()) {
  const Task task = generate::task();
  const auto decoded = decode_task(encode_task(task));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT((*decoded == task));
}

RC_GTEST_PROP(AttemptRecord, Decode_ReadsWhatEncodeWrites, ()) {
  const Attempt attempt = generate::attempt();
  const auto decoded = decode_attempt(encode_attempt(attempt));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT((*decoded == attempt));
}

/// True if a record cut at `cut` is Corruption. The copy lets the address sanitizer see a read beyond the cut.
template <class Decode>
bool is_corrupt_prefix(Decode decode, const std::string& record, std::size_t cut) {
  const auto decoded = decode(std::string(record, 0, cut));
  return !decoded.has_value() && decoded.error().code == Code::Corruption;
}

/// Generated records may be long: some 100 of their cuts each, the first at random.
std::size_t stride(const std::string& record) { return record.size() / 100 + 1; }

TEST(TaskRecord, EveryPrefixIsCorruption) {
  const std::string record = encode_task(full_task());
  for (std::size_t cut = 0; cut < record.size(); ++cut) EXPECT_TRUE(is_corrupt_prefix(decode_task, record, cut)) << cut;
}

RC_GTEST_PROP(TaskRecord, PrefixesOfAnyTaskAreCorruption, (std::uint16_t offset)) {
  const std::string record = encode_task(generate::task());
  for (std::size_t cut = offset % stride(record); cut < record.size(); cut += stride(record)) {
    RC_ASSERT(is_corrupt_prefix(decode_task, record, cut));
  }
}

RC_GTEST_PROP(AttemptRecord, PrefixesOfAnyAttemptAreCorruption, (std::uint16_t offset)) {
  const std::string record = encode_attempt(generate::attempt());
  for (std::size_t cut = offset % stride(record); cut < record.size(); cut += stride(record)) {
    RC_ASSERT(is_corrupt_prefix(decode_attempt, record, cut));
  }
}

TEST(TaskRecord, EveryFlippedByteDecodesOrIsCorruption) {
  std::size_t refused = 0;
  const std::string record = encode_task(full_task());
  for (std::size_t place = 0; place < record.size(); ++place) {
    for (int change = 1; change < 256; ++change) {
      std::string flipped = record;
      flipped[place] = static_cast<char>(flipped[place] ^ change);
      const auto decoded = decode_task(flipped);
      if (decoded) {
        EXPECT_EQ(decode_task(encode_task(*decoded)), decoded) << place << " " << change;
      } else {
        EXPECT_EQ(decoded.error().code, Code::Corruption);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, record.size() * 20);
}

RC_GTEST_PROP(AttemptRecord, FlippedBytesDecodeOrAreCorruption, (std::uint8_t change, std::uint16_t offset)) {
  const std::string record = encode_attempt(generate::attempt());
  for (std::size_t place = offset % stride(record); place < record.size(); place += stride(record)) {
    std::string flipped = record;
    flipped[place] = static_cast<char>(flipped[place] ^ change);
    const auto decoded = decode_attempt(flipped);
    RC_ASSERT((decoded.has_value() || decoded.error().code == Code::Corruption));
  }
}

RC_GTEST_PROP(TaskRecord, GarbageNeverCrashes, (const std::string& garbage)) {
  const auto decoded = decode_task('\1' + garbage);
  RC_ASSERT((decoded.has_value() || decoded.error().code == Code::Corruption));
}

TEST(TaskRecord, IsSmallForASmallTask) {
  const Task task = small_task();
  const auto& service = std::get<ServiceTarget>(task.spec.target);
  const std::size_t texts = task.spec.app_id.size() + service.interface.size() + service.method.size() + service.params.data.size();
  EXPECT_LE(encode_task(task).size(), texts + 60);
}

// The bytes on disk: a change here makes stored tasks unreadable.
TEST(TaskRecord, HasTheBytesOfVersion1) {
  const std::string target = "010113" + to_hex("com.example.Billing") + "0206" + to_hex("settle") + "060401" + to_hex("[1]");
  std::string expected = "01";                         // version
  expected += "0113" + to_hex(small_task().id.text());
  expected += "020680a0abfef962";                      // created: zigzag
  expected += "0507" + to_hex("billing");
  expected += "0824" + target;
  expected += "0b03" + to_hex("UTC");
  expected += "00";                                    // end mark
  EXPECT_EQ(to_hex(encode_task(small_task())), expected);
}

TEST(TaskRecord, ReadsFieldsInAnyOrderAndKeepsUnknownOnes) {
  Task task = small_task();
  std::string unknown;
  append_bytes(unknown, 77, "seven");
  append_bytes(unknown, 1'000'000, "");
  auto decoded = decode_task(record_with(unknown));
  ASSERT_TRUE(decoded.has_value());
  task.unknown_fields = unknown;
  EXPECT_EQ(*decoded, task);
  EXPECT_EQ(encode_task(*decoded), record_with(unknown));

  std::string reordered(1, '\1');
  append_bytes(reordered, 77, "seven");
  const std::string rest = encode_task(small_task()).substr(1);
  decoded = decode_task(reordered + rest);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->spec, small_task().spec);
  EXPECT_EQ(decoded->unknown_fields, reordered.substr(1));
}

TEST(TaskRecord, KeepsUnknownFieldsOfATargetOnItsWayDownTheChain) {
  std::string next(1, '\1');
  append_bytes(next, 1, "b.B");
  append_bytes(next, 99, "newer");
  std::string fields;
  append_bytes(fields, 9, next);
  const auto parent = decode_task(record_with(fields));
  ASSERT_TRUE(parent.has_value());
  const auto child = chained_task(*parent, {.tick = Tick::real(), .due = kCreated}, kCreated);
  ASSERT_TRUE(child.has_value());
  const auto& service = std::get<ServiceTarget>(child->spec.target);
  EXPECT_EQ(service.interface, "b.B");
  EXPECT_EQ(service.unknown_fields, next.substr(6));
  EXPECT_EQ(decode_task(encode_task(*child)), Result<Task>(*child));
}

std::string field(std::uint64_t tag, std::string_view value) {
  std::string out;
  append_bytes(out, tag, value);
  return out;
}

TEST(TaskRecord, Corruption_SaysWhatIsWrong) {
  const std::string good = encode_task(small_task());
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "it is empty"},
      {std::string(1, '\0'), "it starts with 0"},
      {"\x02", "it has version 2, this Meepo reads up to 1"},
      {"\x01", "has no end mark"},
      {std::string("\x01\x00", 2), "has no task id"},
      {'\1' + field(1, small_task().id.text()) + '\0', "has no target"},
      {good + "x", "goes on after its end mark"},
      {record_with(field(1, "nonsense")), "id read task id \"nonsense\""},
      {record_with(field(4, "nonsense")), "parent read firing id"},
      {record_with(field(6, "\x05")), "kind is out of range"},
      {record_with(field(6, std::string(1, '\0'))), "kind is out of range"},
      {record_with(field(3, "\x80")), "version is not a number"},
      {record_with(field(3, "\x80\x80\x80\x80\x10")), "version is out of range"},
      {record_with(field(3, "\x01\x01")), "version is not a number"},
      {record_with(field(12, "\x02")), "run once is out of range"},
      {record_with(field(14, "\x02")), "on lost is out of range"},
      {record_with(field(15, "\x80\x80\x80\x80\x20")), "priority is out of range"},
      {record_with(field(18, "\x05xx")), "label is cut"},
      {record_with(field(19, "\x04")), "retry kind is out of range"},
      {record_with(field(23, "1234567")), "retry factor is not a number of 8 bytes"},
      {record_with(field(23, std::string("\0\0\0\0\0\0\xf0\x7f", 8))), "retry factor is not finite"},
      {record_with(field(8, "")), "target has an unknown kind"},
      {record_with(field(8, "\x04")), "target has an unknown kind"},
      {record_with(field(8, "\x01\x06\x01\x04")), "target params has an unknown encoding"},
      {record_with(field(8, std::string("\x01\x06\x00", 3))), "target params has no encoding"},
      {record_with(field(8, "\x01\x01\x05x")), "target field at 3 bytes before the end is cut"},
      {record_with(field(8, std::string("\x01\x00\x00", 3))), "is cut"},
  };
  for (const auto& [record, part] : cases) {
    EXPECT_NE(problem_of(record).find(part), std::string::npos) << part << " expected, got " << problem_of(record);
  }
}

TEST(TaskRecord, Decode_RefusesMoreElementsThanItsLimit) {
  std::string fields;
  for (std::size_t i = 0; i < record::kRepeatsMax; ++i) fields += field(9, "\x03");
  EXPECT_EQ(problem_of(record_with(fields)), "");
  EXPECT_EQ(problem_of(record_with(fields + field(9, "\x03"))), "read task record: next has too many elements");
}

TEST(TaskRecord, Encode_ReservesOnceForServiceTasks) {
  for (const Task& task : {small_task(), full_task()}) {
    EXPECT_LE(encode_task(task).size(), 48 + record::size_hint(task.spec));
  }
}

TEST(ContentHash, DiffersWithEveryPartAndNeverChanges) {
  const TaskSpec spec = small_task().spec;
  EXPECT_EQ(content_hash(spec), content_hash(small_task().spec));
  std::vector<TaskSpec> others(6, spec);
  others[0].app_id = "billing2";
  others[1].kind = Kind::Ladder;
  others[2].options.timeout = milliseconds(1);
  std::get<ServiceTarget>(others[3].target).params.data = "[2]";
  others[4].next.push_back(spec.target);
  others[5].options.labels = {{"a", "b"}};
  for (const TaskSpec& other : others) EXPECT_NE(content_hash(other), content_hash(spec));
}

}  // namespace
}  // namespace meepo
