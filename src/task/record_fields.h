#pragma once
// The parts that record.cc and record_attempt.cc share: writing and reading fields { tag varint, length varint, bytes }.
// Reading never goes beyond its input and allocates no more than the input's size but for the elements of repeated fields, which
// kRepeatsMax bounds. Private to src/task.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "task/payload.h"
#include "task/task.h"

namespace meepo::record {

/// Tag 0 marks the end of a record.
inline constexpr std::uint64_t kEndTag = 0;
/// The most elements of one repeated field. Far above every limit of check_spec, so that lowering one never makes a record unreadable.
inline constexpr std::size_t kRepeatsMax = 10'000;

void append_bytes(std::string& out, std::uint64_t tag, std::string_view bytes);
void append_number(std::string& out, std::uint64_t tag, std::uint64_t number);
void append_signed(std::string& out, std::uint64_t tag, std::int64_t number);
void append_double(std::string& out, std::uint64_t tag, double number);
void append_payload(std::string& out, std::uint64_t tag, const Payload& payload);  ///< nothing for the empty JSON payload
void append_pair(std::string& out, std::uint64_t tag, const std::pair<std::string, std::string>& pair);
inline void append_time(std::string& out, std::uint64_t tag, SysTime time) { append_signed(out, tag, to_unix_ms(time)); }
/// Nothing is written for an empty text.
inline void append_text(std::string& out, std::uint64_t tag, std::string_view text) {
  if (!text.empty()) append_bytes(out, tag, text);
}

constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63U);
}
constexpr std::int64_t unzigzag(std::uint64_t number) { return static_cast<std::int64_t>((number >> 1U) ^ (0 - (number & 1U))); }

/// A spec's fields, as they stand in a task's record.
void append_spec(std::string& out, const TaskSpec& spec);
/// At least what append_spec writes for ordinary specs: to reserve once.
std::size_t size_hint(const TaskSpec& spec);

/// A target: its kind's byte, then its fields.
void append_target(std::string& out, std::uint64_t tag, const Target& target);
std::size_t target_size_hint(const Target& target);

/// Reads fields one by one. The first problem stays: every later read answers false. Views point into the input.
class Reader {
 public:
  enum class End { Mark, Input };  ///< a record ends with its mark, a nested value with its bytes

  Reader(std::string_view input, End end) : input_(input), end_(end) {}

  /// Goes to the next field; false at the end, or after a problem.
  bool next();
  std::uint64_t tag() const { return tag_; }
  std::string_view value() const { return value_; }
  std::string_view raw() const { return raw_; }  ///< the whole field as it was written

  // The current field's value as …; `name` is for the message.
  void read(std::string_view name, std::string& out);
  void read(std::string_view name, std::uint32_t& out);
  void read(std::string_view name, std::int32_t& out);
  void read(std::string_view name, bool& out);
  void read(std::string_view name, double& out);
  void read(std::string_view name, SysTime& out);
  void read(std::string_view name, milliseconds& out);
  void read(std::string_view name, Payload& out);
  void read(std::string_view name, std::pair<std::string, std::string>& out);
  template <class Enum>
  void read_enum(std::string_view name, Enum last, Enum& out) {
    std::uint32_t number = 0;
    read(name, number);
    if (number > static_cast<std::uint32_t>(last)) return problem(name, "is out of range");
    out = static_cast<Enum>(number);
  }
  /// Appends one element of a repeated field; read its value into what comes back.
  template <class Element>
  Element& add(std::string_view name, std::vector<Element>& elements) {
    if (elements.size() >= kRepeatsMax) {
      problem(name, "has too many elements");
      return elements.back();
    }
    return elements.emplace_back();
  }

  void problem(std::string_view name, std::string_view what);
  bool ok() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }

 private:
  std::uint64_t number(std::string_view name);

  std::string_view input_;
  End end_;
  std::uint64_t tag_ = 0;
  std::string_view value_;
  std::string_view raw_;
  std::string problem_;
};

/// The target that is `reader`'s current field.
void read_target(Reader& reader, Target& target);

/// Checks the version byte and takes it off. Corruption says what was found; `what` is "task" or "attempt".
Result<std::string_view> open_record(std::string_view record, std::string_view what);
/// The Corruption that a reader's problem becomes.
std::unexpected<Error> corrupt(std::string_view what, std::string_view problem);

}  // namespace meepo::record
