#pragma once
// The body of a request, one Hessian stream: version of the protocol, path (the interface's name), version of the service, method,
// parameter types as a descriptor, the arguments, attachments. It is read in two steps, so that a provider refuses what it does not have
// before an octet of the arguments is decoded. Source: vectors/frames.jsonl; Dubbo2 protocol specification.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/dubbo/attachments.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/value.h"

namespace meepo::dubbo {

inline constexpr std::string_view kProtocolVersion = "2.0.2";  ///< what every Java line sends; it asks for attachments in the response
inline constexpr std::string_view kNoVersion = "0.0.0";  ///< of a service without a version
inline constexpr std::string_view kInvoke = "$invoke";  ///< the method of a generic call
inline constexpr std::string_view kInvokeAsync = "$invokeAsync";  ///< the same on the wire
inline constexpr std::string_view kInvokeDescriptor = "Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;";

/// What a request asks for. Texts are as they travel (hessian2/text.h), of any content and not longer than the frame.
struct RequestHead {
  std::string dubbo_version{kProtocolVersion};
  std::string path;
  std::string service_version{kNoVersion};  ///< kNoVersion also for "" and null
  std::string method;
  std::string descriptor;
};

/// Whether it is a generic call: `$invoke` or `$invokeAsync` with their three parameters.
bool is_generic(const RequestHead& head);

/// Whether it is `$echo`, which every service has.
bool is_echo(const RequestHead& head);

/// Whether the consumer reads a response with attachments: versions 2.0.2 to 2.0.99.
bool takes_attachments(std::string_view dubbo_version);

/// A request that was read whole. A generic call is unwrapped: method, types and arguments are those of the call inside.
struct Request {
  RequestHead head;
  bool generic = false;
  std::string method;
  std::optional<std::vector<std::string>> types;  ///< as Class.getName() writes them; nothing: a generic call without types
  std::vector<hessian2::Value> arguments;  ///< as many as types, if there are types
  Attachments attachments;
  std::shared_ptr<hessian2::Document> document;  ///< owns the values
};

/// Reads one body: head(), then rest(). The body must stay until then.
class RequestDecoder {
 public:
  explicit RequestDecoder(std::string_view body);

  /// Corruption: the body does not begin with these five texts. Exhausted: they pass a limit of hessian2's.
  Result<RequestHead> head();

  /// Arguments and attachments of the request with this head.
  /// Corruption: they do not decode, the attachments are missing, or the descriptor is none. Exhausted: as above.
  /// InvalidArgument: a generic call that is not served: another mode than "true", or arguments that do not fit their types.
  Result<Request> rest(RequestHead head);

 private:
  std::shared_ptr<hessian2::Document> document_;
  hessian2::Decoder decoder_;
};

/// The body of a request. The descriptor must have as many parameters as there are arguments.
/// InvalidArgument: it does not. Exhausted: longer than kBodyBytesMax.
Result<std::string> encode_request(const RequestHead& head, const std::vector<hessian2::Value>& arguments, const Attachments& attachments);

}  // namespace meepo::dubbo
