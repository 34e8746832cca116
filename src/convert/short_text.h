#pragma once
// The short texts that the command line and Dubbo attachments take for parts of a task. Pure; every error is InvalidArgument and names
// the field as the caller calls it: "--retry", "meepo.retry".

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "meepo/v1/types.pb.h"

namespace meepo::convert {

/// A whole number with its unit: "1500ms", "60s", "2m", "1h", "7d"; at most 49 days, what 32 bits of milliseconds hold.
Result<milliseconds> parse_duration(std::string_view text, std::string_view field);

/// "none" · "fixed:<retries>:<delay>" · "exponential:<retries>:<first delay>[:<factor>[:<cap>[:<jitter>]]]" ·
/// "ladder:<delay>,<delay>,…". "none" answers a policy with nothing set.
Result<v1::RetryPolicy> parse_retry(std::string_view text, std::string_view field);

/// "<interface>#<method>[:<version>[:<group>]]". `params_json` may be empty.
Result<v1::Target> parse_service(std::string_view text, std::string_view params_json, std::string_view field);

/// "once" · "skip" · "all" · "all:<most>", each perhaps with ",<window>": "all:100,1h".
Result<v1::Misfire> parse_misfire(std::string_view text, std::string_view field);

/// "skip", "buffer-one", "buffer-all", "cancel-other" or "allow".
Result<v1::Overlap::Policy> parse_overlap(std::string_view text, std::string_view field);

/// "real", "ladder", "timing" or "plan", in either case.
Result<v1::Kind::Value> parse_kind(std::string_view text, std::string_view field);

/// An ISO 8601 instant with its offset.
Result<google::protobuf::Timestamp> parse_instant(std::string_view text, std::string_view field);

/// "spring" or "once".
Result<v1::Dst::Rule> parse_dst(std::string_view text, std::string_view field);

/// "rerun" or "unknown".
Result<v1::OnLost> parse_on_lost(std::string_view text, std::string_view field);

/// "<key>=<value>".
Result<std::pair<std::string, std::string>> parse_label(std::string_view text, std::string_view field);

}  // namespace meepo::convert
