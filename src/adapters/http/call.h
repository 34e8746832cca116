#pragma once
// What goes out to an HTTP target and what its answer means. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/invoker.h"

namespace meepo::adapters::http {

/// One request, ready to be sent.
struct Call {
  std::string method;
  bool tls = false;
  std::string host;             ///< a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string path_and_query;   ///< "/a?b=c"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct Reply {
  unsigned status = 0;
  std::string content_type;
  std::string location;
  std::string outcome;          ///< the header Meepo-Outcome
  std::string body;
};

/// Takes a URL apart; user information and fragment are dropped. InvalidArgument: no http or https URL.
Result<Call> call_to(std::string_view url);

/// The task's request with what Meepo adds: Meepo-Firing-Id, -Attempt, -Tick, -Due, -Deadline, -App, Idempotency-Key (the firing id),
/// traceparent (one trace a firing, one span an attempt; W3C Trace Context).
Result<Call> call_of(const HttpTarget& target, std::string_view app_id, const ports::RunContext& context);

/// `url` for one method of a service: "{method}" in it, else "/<method>" at the end of its path, becomes the method's name.
std::string url_of_method(std::string_view url, std::string_view method);

/// A service's method as a request: POST to url_of_method(), the parameters as a JSON array in the body, and Meepo-Interface, -Method, -Version and -Group beside what
/// call_of() adds. InvalidArgument: no URL, or parameters that are not JSON.
Result<Call> call_of(const ServiceTarget& target, std::string_view url, std::string_view app_id, const ports::RunContext& context);

/// Adds Meepo-Signature, or replaces it.
void sign(Call& call, std::string_view key, std::int64_t now_ms);

/// "t=<unix ms>,v1=<hex>": HMAC-SHA256 over t, method, path and query, firing id and body, a line feed between two.
std::string signature(std::string_view key, std::int64_t now_ms, std::string_view method, std::string_view path_and_query,
                      std::string_view firing_id, std::string_view body);

/// Where a redirect leads, or nothing: the reply is none. 303, and 301 or 302 to a POST, go on as GET without a body.
Result<std::optional<Call>> redirected(const Call& call, const Reply& reply);

/// 2xx is SUCCESS with the body as result, unless the header Meepo-Outcome, or "outcome" in a JSON object, says "FAIL"; its "error" is
/// then the error. All else is FAIL, with the status and the beginning of the body.
ports::InvokeResult outcome_of(const Call& call, const Reply& reply);

}  // namespace meepo::adapters::http
