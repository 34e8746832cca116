#pragma once
// What a task calls. A target's key says which executors can run it; two targets with one key wait in one queue.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "task/payload.h"

namespace meepo {

struct ServiceTarget {
  std::string interface;
  std::string method;
  std::string version;                   ///< empty: none
  std::string group;                     ///< empty: none
  std::vector<std::string> param_types;  ///< Java names; may be empty for JSON executors
  Payload params;                        ///< JSON: one array, an element a parameter; empty: no parameter
  std::string unknown_fields{};          ///< record fields that a newer Meepo wrote; kept as they are
  friend bool operator==(const ServiceTarget&, const ServiceTarget&) = default;
};

struct HttpTarget {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  Payload body;
  std::string unknown_fields{};          ///< record fields that a newer Meepo wrote; kept as they are
  friend bool operator==(const HttpTarget&, const HttpTarget&) = default;
};

struct CommandTarget {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;
  std::string unknown_fields{};          ///< record fields that a newer Meepo wrote; kept as they are
  friend bool operator==(const CommandTarget&, const CommandTarget&) = default;
};

using Target = std::variant<ServiceTarget, HttpTarget, CommandTarget>;

/// "service:<interface>:<version>:<group>", "http" or "command". What executors offer and what waiting firings are indexed by.
std::string target_key(const Target& target);
std::string service_key(std::string_view interface, std::string_view version, std::string_view group);

/// For people and logs: "com.x.Pay#settle", "POST https://host/path" (without the query: it may hold secrets), "/usr/bin/x".
std::string target_label(const Target& target);

}  // namespace meepo
