#pragma once
// The target of a request, taken apart: path and query, percent-decoded. Pure.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meepo::net {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Uri {
  std::string path;  ///< decoded; begins with '/'
  Query query;       ///< decoded, in the order given; '+' is a blank
};

/// Reads an origin-form target ("/v1/tasks?appId=a"). InvalidArgument: another form, a bad %-escape, an escaped '/', a control
/// character, or text that is not UTF-8.
Result<Uri> parse_uri(std::string_view target);

}  // namespace meepo::net
