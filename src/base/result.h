#pragma once
// Result<T> and Error: how every fallible function of Meepo answers. No exception crosses a port.
// A message says what was being done, with which value, and what was expected.

#include <expected>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace meepo {

/// What the caller can do about an error. Few on purpose; each API maps them in one exhaustive switch.
enum class Code {
  InvalidArgument,  ///< the input is wrong; `field` names the place; do not repeat as it is
  NotFound,         ///< no such task, firing, session
  Conflict,         ///< something else already holds this name, version or state
  Unauthenticated,  ///< no or unknown credential
  Forbidden,        ///< the credential does not carry the permission
  Fenced,           ///< another node owns the shard; nothing was written
  Unavailable,      ///< nothing was changed; repeat later
  Timeout,          ///< gave up waiting; the outcome is not known
  Unknown,          ///< the outcome is not known; repeat with the same ids, every verb is idempotent
  Corruption,       ///< stored bytes do not decode; the record is set aside, never guessed
  Exhausted,        ///< a limit is reached (size, count, rate, disk); nothing was changed
  Internal,         ///< a defect of ours
};

/// The code's stable name, e.g. "INVALID_ARGUMENT": used in HTTP bodies, logs and the CLI.
std::string_view to_string(Code code);

struct [[nodiscard]] Error {
  Code code = Code::Internal;
  std::string message;
  std::string field;  ///< path of the input field, e.g. "target.service.method"; empty when none is to blame
  std::error_code cause;

  /// The same error with "<context>: " before its message.
  Error prefixed(std::string_view context) &&;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// An error ready to be returned from a function that answers Result<T>.
inline std::unexpected<Error> fail(Code code, std::string message, std::string field = {}) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .field = std::move(field), .cause = {}});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace meepo
