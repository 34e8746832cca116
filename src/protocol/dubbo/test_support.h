#pragma once
// For the tests of this folder: a provider that answers as the one did from which vectors/ was recorded, and words for what came back.

#include <optional>
#include <string>
#include <string_view>

#include "protocol/dubbo/client_session.h"
#include "protocol/dubbo/server_session.h"

namespace meepo::dubbo {

/// Some methods of the recorded demo.api.GreetingService.
struct GreetingService {
  static std::optional<Refusal> check(const RequestHead& head);
  static Answer serve(const Request& request);
};

/// How a call ended: `returned "v1"`, `returned 7`, `returned null`, `returned a value`, `thrown a.B: message`, `failed`,
/// `failed with status 40: text`.
std::string describe(const CallEnd& end);

/// All values of a body, decoded and encoded again as one stream; octets behind the last value that decodes are left out. Hexadecimal.
std::string encoded_again(std::string_view body);

}  // namespace meepo::dubbo
