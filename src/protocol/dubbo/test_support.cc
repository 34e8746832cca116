#include "protocol/dubbo/test_support.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "protocol/dubbo/exception.h"
#include "protocol/hessian2/encoder.h"

namespace meepo::dubbo {
namespace {

using hessian2::Kind;
using hessian2::Value;

constexpr std::string_view kPath = "demo.api.GreetingService";

Answer wrong_argument() { return Thrown{.class_name = "java.lang.IllegalArgumentException", .message = "wrong type"}; }

/// The sum of two numbers as a value of the method's type.
Answer sum(const Request& request, Kind kind) {
  const Value left = request.arguments.at(0);
  const Value right = request.arguments.at(1);
  for (const auto value : {left, right}) {
    if (value.kind() != Kind::Int && value.kind() != Kind::Long) return wrong_argument();
  }
  const auto total = left.number() + right.number();
  if (kind == Kind::Long) return Returned{request.document->long_integer(total)};
  if (kind == Kind::Double) return Returned{request.document->real(static_cast<double>(total))};
  return Returned{request.document->integer(static_cast<std::int32_t>(total))};
}

}  // namespace

std::optional<Refusal> GreetingService::check(const RequestHead& head) {
  static const std::set<std::pair<std::string, std::string>> kMethods = {
      {"hello", "Ljava/lang/String;"}, {"addInt", "II"}, {"addLong", "JJ"}, {"addDouble", "DD"}, {"echo", "Ljava/lang/Object;"}};
  const bool is_known = head.path == kPath && head.service_version == kNoVersion;
  if (is_known && (is_generic(head) || is_echo(head) || kMethods.contains({head.method, head.descriptor}))) return std::nullopt;
  return Refusal{.text = fmt::format("No {}.{}({}) of version {}", head.path, head.method, head.descriptor, head.service_version)};
}

Answer GreetingService::serve(const Request& request) {
  if (!request.attachments.text("group").empty()) return Failed{.status = Status::ServiceError, .text = "No such group"};
  if (request.method == "addInt") return sum(request, Kind::Int);
  if (request.method == "addLong") return sum(request, Kind::Long);
  if (request.method == "addDouble") return sum(request, Kind::Double);
  const Value name = request.arguments.at(0);
  if (request.method == "echo") return Returned{name};
  if (name.kind() == Kind::String) return Returned{request.document->string(fmt::format("hello {}", name.text()))};
  if (name.kind() == Kind::Int) return Returned{request.document->string(fmt::format("hello {}", name.number()))};
  return wrong_argument();
}

std::string describe(const CallEnd& end) {
  if (!end.outcome) {
    const auto& failure = end.outcome.error();
    return failure.status ? fmt::format("failed with status {}: {}", *failure.status, failure.error.message) : "failed";
  }
  const auto value = end.outcome->value;
  if (end.outcome->thrown) {
    const auto exception = exception_of(value);
    return exception ? fmt::format("thrown {}: {}", exception->class_name, exception->message.value_or("null"))
                     : "thrown what is no exception";
  }
  switch (value.kind()) {
    case Kind::Null: return "returned null";
    case Kind::String: return fmt::format("returned \"{}\"", value.text());
    case Kind::Int: return fmt::format("returned {}", value.number());
    default: return "returned a value";
  }
}

std::string encoded_again(std::string_view body) {
  hessian2::Document document;
  hessian2::Decoder decoder(body, document);
  hessian2::Encoder encoder(kBodyBytesMax);
  while (!decoder.at_end()) {
    const auto value = decoder.read();
    if (!value || !encoder.write(*value)) break;
  }
  return to_hex(encoder.take());
}

}  // namespace meepo::dubbo
