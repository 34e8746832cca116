#pragma once
// The body of a response. With status Ok it is a flag (0 exception, 1 value, 2 null; 3, 4, 5 the same with attachments), then the value
// or the exception, then the attachments: one Hessian stream. With any other status it is one string. Source: vectors/.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "protocol/dubbo/attachments.h"
#include "protocol/dubbo/frame.h"
#include "protocol/hessian2/value.h"

namespace meepo::dubbo {

inline constexpr std::size_t kStatusTextBytesKept = 8UL << 10U;  ///< of an error's text: Java sends a whole stack trace

/// What a provider answered with status Ok.
struct Response {
  bool thrown = false;    ///< `value` is the exception (exception.h)
  hessian2::Value value;  ///< null for void
  Attachments attachments;
  std::shared_ptr<hessian2::Document> document;  ///< owns the values
};

/// Corruption: no flag from 0 to 5, the value does not decode, an exception that is no object, attachments that were announced are missing.
/// Exhausted: it passes a limit of hessian2's. Octets behind them are passed over, as Java does.
Result<Response> decode_response(std::string_view body);

/// The text of an answer with another status than Ok; if it is none, a text that says so. At most kStatusTextBytesKept octets of UTF-8.
std::string decode_text(std::string_view body);

/// The body of an answer with another status than Ok: `text` in UTF-8, cut as above.
std::string encode_text(std::string_view text);

struct Returned {
  hessian2::Value value;  ///< null for void
};

/// An exception of the service. The consumer must know the class, or it sees "Response data error": take one that the interface declares,
/// or java.lang.RuntimeException. A generic caller gets a GenericException of it, as from Java.
struct Thrown {
  std::string class_name;
  std::string message;  ///< UTF-8
};

/// No result: the service does not exist, the call does not fit, the provider failed.
struct Failed {
  Status status = Status::ServerError;
  std::string text;
};

/// How a provider answers a call.
using Answer = std::variant<Returned, Thrown, Failed>;

struct ResponseForm {
  bool attachments = true;  ///< the request's version takes them (takes_attachments)
  bool generic = false;  ///< of a generic call: exceptions become GenericException
};

/// The body of a response with status Ok: of a Returned or a Thrown.
/// Exhausted: longer than kBodyBytesMax. Others: what the encoder says of a value.
Result<std::string> encode_response(const Answer& answer, const ResponseForm& form);

}  // namespace meepo::dubbo
