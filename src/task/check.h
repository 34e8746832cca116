#pragma once
// The parts of check_spec: what each kind of value must look like. Every refusal is InvalidArgument with the field's API path; its
// message reads "<field> is <value>: expected <what>". Private to src/task; pure.

#include <string>
#include <string_view>

#include "base/result.h"
#include "task/task.h"

namespace meepo::check {

using Checked = Result<void>;

/// The value is quoted: cut to 64 bytes, control characters escaped.
std::unexpected<Error> refuse(std::string_view field, std::string_view value, std::string_view expected);
std::unexpected<Error> refuse_number(std::string_view field, std::string_view value, std::string_view expected);

/// UTF-8 without control characters, `bytes_min` to `bytes_max` bytes.
struct TextRule {
  std::size_t bytes_min = 0;
  std::size_t bytes_max = limits::kNameCharsMax;
};
Checked text(std::string_view field, std::string_view value, TextRule rule);

/// Only ASCII letters, digits and `others`; `bytes_min` to `bytes_max` of them.
Checked name(std::string_view field, std::string_view value, std::string_view others, TextRule rule);

/// At most kPayloadBytesMax bytes.
Checked payload_size(std::string_view field, const Payload& payload);

struct JsonFacts {
  bool is_array = false;
  std::size_t elements = 0;  ///< of the array
};
/// One JSON value, nothing else, no deeper than kJsonDepthMax, valid UTF-8. Numbers keep their digits: none is converted.
Result<JsonFacts> json(std::string_view field, std::string_view value);

/// `path` is the target's own: "target" or "next[3]". Sorts headers and environment by name.
Checked target(const std::string& path, Target& target);
Checked options(Options& options);
/// The options that say when a task runs: which kinds may have them, and their limits.
Checked time_options(const TaskSpec& spec);

}  // namespace meepo::check
