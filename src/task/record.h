#pragma once
// The stored form of a task and of an attempt: one codec for SQLite, Redis and export.
// Layout: one version byte, then fields { tag varint, length varint, bytes } in any order, then an end mark (tag 0) and nothing after
// it, so that a cut record is always seen. A target is nested: fields without version byte and end mark. Values that are the format's
// defaults are not written. Times are Unix milliseconds as zigzag varints. A field whose tag is not known is kept and written back.

#include <string>
#include <string_view>

#include "base/result.h"
#include "task/firing.h"
#include "task/task.h"

namespace meepo {

inline constexpr std::uint8_t kRecordVersion = 1;

std::string encode_task(const Task& task);
/// Corruption: not a record, cut, a field out of range, or a version above kRecordVersion (the message says which).
Result<Task> decode_task(std::string_view record);

std::string encode_attempt(const Attempt& attempt);
Result<Attempt> decode_attempt(std::string_view record);

}  // namespace meepo
