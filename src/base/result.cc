#include "base/result.h"

namespace meepo {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::InvalidArgument: return "INVALID_ARGUMENT";
    case Code::NotFound: return "NOT_FOUND";
    case Code::Conflict: return "CONFLICT";
    case Code::Unauthenticated: return "UNAUTHENTICATED";
    case Code::Forbidden: return "FORBIDDEN";
    case Code::Fenced: return "FENCED";
    case Code::Unavailable: return "UNAVAILABLE";
    case Code::Timeout: return "TIMEOUT";
    case Code::Unknown: return "UNKNOWN";
    case Code::Corruption: return "CORRUPTION";
    case Code::Exhausted: return "EXHAUSTED";
    case Code::Internal: return "INTERNAL";
  }
  return "INTERNAL";
}

Error Error::prefixed(std::string_view context) && {
  message.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

}  // namespace meepo
