#include "base/bytes.h"
#include "task/record.h"
#include "task/record_fields.h"

namespace meepo {
namespace {

// What is on disk: never change a number, never use one again.
constexpr std::uint64_t kNumber = 1;
constexpr std::uint64_t kExecutor = 2;
constexpr std::uint64_t kBegunAt = 3;
constexpr std::uint64_t kEndedAt = 4;
constexpr std::uint64_t kOutcome = 5;
constexpr std::uint64_t kError = 6;
constexpr std::uint64_t kProgress = 7;
constexpr std::uint64_t kLog = 8;

void read_attempt_field(record::Reader& reader, Attempt& attempt) {
  switch (reader.tag()) {
    case kNumber: return reader.read("number", attempt.number);
    case kExecutor: return reader.read("executor", attempt.executor);
    case kBegunAt: return reader.read("begun at", attempt.begun_at.emplace());
    case kEndedAt: return reader.read("ended at", attempt.ended_at.emplace());
    case kOutcome: return reader.read_enum("outcome", Outcome::Stopped, attempt.outcome);
    case kError: return reader.read("error", attempt.error);
    case kProgress: return reader.read("progress", attempt.progress);
    case kLog: return reader.read("log", attempt.log);
    default: attempt.unknown_fields += reader.raw();
  }
}

}  // namespace

std::string encode_attempt(const Attempt& attempt) {
  using namespace record;
  constexpr std::size_t kTagsAndNumbers = 48;
  std::string out;
  out.reserve(kTagsAndNumbers + attempt.executor.size() + attempt.error.size() + attempt.progress.size() + attempt.log.size() +
              attempt.unknown_fields.size());
  out += static_cast<char>(kRecordVersion);
  if (attempt.number != 0) append_number(out, kNumber, attempt.number);
  append_text(out, kExecutor, attempt.executor);
  if (attempt.begun_at) append_time(out, kBegunAt, *attempt.begun_at);
  if (attempt.ended_at) append_time(out, kEndedAt, *attempt.ended_at);
  if (attempt.outcome != Outcome::None) append_number(out, kOutcome, static_cast<std::uint64_t>(attempt.outcome));
  append_text(out, kError, attempt.error);
  append_text(out, kProgress, attempt.progress);
  append_text(out, kLog, attempt.log);
  out += attempt.unknown_fields;
  append_varint(out, kEndTag);
  return out;
}

Result<Attempt> decode_attempt(std::string_view record) {
  auto fields = record::open_record(record, "attempt");
  if (!fields) return fail(std::move(fields.error()));
  Attempt attempt;
  record::Reader reader(*fields, record::Reader::End::Mark);
  while (reader.next()) read_attempt_field(reader, attempt);
  if (!reader.ok()) return record::corrupt("attempt", reader.problem());
  return attempt;
}

}  // namespace meepo
