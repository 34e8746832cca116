#pragma once
// Is this text JSON? Nothing is kept of it: what is JSON here travels on as the text it is. Pure.

#include <string_view>

#include "base/result.h"

namespace meepo::api {

/// InvalidArgument unless `text` is one JSON value (RFC 8259), valid UTF-8, nested at most kJsonDepthMax levels. The message reads
/// "<what> is …: expected …"; the error's field is `field`.
Result<void> check_json(std::string_view text, std::string_view what, std::string_view field);

}  // namespace meepo::api
