#include "adapters/dubbo/request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/text.h"
#include "protocol/dubbo/exception.h"
#include "protocol/dubbo/generic_call.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/encoder.h"
#include "protocol/hessian2/json.h"

namespace meepo::adapters::dubbo {
namespace {

constexpr int kCausesShown = 4;

using hessian2::Document;
using hessian2::Value;

ports::InvokeResult failed(std::string error) { return {.outcome = Outcome::Fail, .result = std::nullopt, .error = std::move(error)}; }

Result<std::vector<Value>> items_of(const Result<Value>& list, std::string_view what) {
  if (!list) return fail(Error(list.error()).prefixed(fmt::format("read the task's arguments, {}", what)));
  if (list->kind() != hessian2::Kind::List) {
    return fail(Code::InvalidArgument, fmt::format("read the task's arguments, {}: expected one list of them", what));
  }
  return std::vector<Value>(list->items().begin(), list->items().end());
}

Result<std::vector<Value>> arguments_of(const ServiceTarget& target, Document& document) {
  const auto& params = target.params;
  if (params.empty() && target.param_types.empty()) return std::vector<Value>();
  switch (params.encoding) {
    case Encoding::Hessian2: return items_of(hessian2::decode(params.data, document), "a Hessian stream");
    case Encoding::Json:
      if (target.param_types.empty())
        return items_of(hessian2::value_from_json(params.data, "java.lang.Object", "params", document), "JSON");
      return hessian2::arguments_from_json(params.empty() ? "[]" : params.data, target.param_types, document);
    case Encoding::Bytes: break;
  }
  return fail(Code::InvalidArgument, "the task's arguments are bytes: a Dubbo service takes JSON or Hessian");
}

/// 32 hexadecimal digits that depend on the firing alone.
std::string trace_id(const std::string& firing) { return fmt::format("{:016x}{:016x}", stable_hash(firing), stable_hash(firing, 1)); }

std::string status_name(std::uint8_t status) {
  using meepo::dubbo::Status;
  switch (static_cast<Status>(status)) {
    case Status::Ok: return "OK";
    case Status::SerializationError: return "SERIALIZATION_ERROR (the call did run)";
    case Status::ClientTimeout: return "CLIENT_TIMEOUT";
    case Status::ServerTimeout: return "SERVER_TIMEOUT";
    case Status::ChannelInactive: return "CHANNEL_INACTIVE";
    case Status::BadRequest: return "BAD_REQUEST";
    case Status::BadResponse: return "BAD_RESPONSE (the call did run)";
    case Status::ServiceNotFound: return "SERVICE_NOT_FOUND";
    case Status::ServiceError: return "SERVICE_ERROR";
    case Status::ServerError: return "SERVER_ERROR";
    case Status::ClientError: return "CLIENT_ERROR";
    case Status::ServerThreadpoolExhausted: return "SERVER_THREADPOOL_EXHAUSTED (nothing ran)";
  }
  return std::to_string(status);
}

/// Class, message and top of the stack, then class and message of what caused it. Java writes an exception without a cause as its own cause.
std::string text_of_thrown(Value thrown) {
  const auto exception = meepo::dubbo::exception_of(thrown);
  if (!exception) return "the provider threw what is no exception: " + exception.error().message;
  const auto headline = [](const meepo::dubbo::JavaException& of) { return of.class_name + (of.message ? ": " + *of.message : ""); };
  std::string text = headline(*exception);
  for (const auto& line : exception->stack) text += "\n  at " + line;
  for (int i = 0; i < kCausesShown; ++i) {
    const Value cause = thrown.field("cause");
    if (!cause.is_container() || cause.identity() == thrown.identity()) break;
    const auto of = meepo::dubbo::exception_of(cause);
    if (!of) break;
    text += "\ncaused by " + headline(*of);
    thrown = cause;
  }
  return text;
}

}  // namespace

Result<std::string> request_of(const ServiceTarget& target, const std::string& app_id, const ports::RunContext& context,
                               milliseconds left) {
  Document document;
  auto arguments = arguments_of(target, document);
  if (!arguments) return fail(std::move(arguments.error()));
  const auto firing = context.id().text();
  const auto tick = context.id().tick.text();
  const auto attempt = std::to_string(context.attempt());
  const auto deadline = std::to_string(to_unix_ms(context.deadline()));
  const auto trace = trace_id(firing);
  meepo::dubbo::GenericCall call{.interface = target.interface,
                                 .version = target.version,
                                 .group = target.group,
                                 .method = target.method,
                                 .types = target.param_types,
                                 .arguments = *std::move(arguments),
                                 .timeout = std::max(left, milliseconds(1)),
                                 .attachments = {{"remote.application", "meepo"},
                                                 {"meepo.firingId", firing},
                                                 {"meepo.tick", tick},
                                                 {"meepo.attempt", attempt},
                                                 {"meepo.deadline", deadline},
                                                 {"meepo.traceId", trace}}};
  // Without types the provider looks the method up by its name.
  if (target.param_types.empty() && !call.arguments.empty()) call.types.reset();
  if (!app_id.empty()) call.attachments.emplace_back("appId", app_id);
  // What came from Java is of its Java types already, and $invoke would change collections on their way.
  const bool plain = target.params.encoding == Encoding::Hessian2 && !target.param_types.empty();
  return plain ? meepo::dubbo::encode_plain_call(call) : meepo::dubbo::encode_generic_call(call);
}

ports::InvokeResult result_of(const meepo::dubbo::Response& response) {
  if (response.thrown) return failed(text_of_thrown(response.value));
  if (response.value.is_null()) return {.outcome = Outcome::Success, .result = std::nullopt, .error = {}};
  auto stream = hessian2::encode(response.value);
  if (!stream) return failed("the result cannot be kept: " + stream.error().message);
  if (stream->size() > limits::kPayloadBytesMax) {
    return failed(fmt::format("the result has {} bytes, at most {} are kept", stream->size(), limits::kPayloadBytesMax));
  }
  return {.outcome = Outcome::Success, .result = Payload{.encoding = Encoding::Hessian2, .data = *std::move(stream)}, .error = {}};
}

ports::InvokeResult result_of(const meepo::dubbo::CallFailure& failure, const std::string& address, const ServiceTarget& target) {
  const auto called = fmt::format("{}#{}({})", target.interface, target.method, fmt::join(target.param_types, ", "));
  if (failure.status) {
    return failed(fmt::format("{} answered {} to {}: {}", address, status_name(*failure.status), called, failure.error.message));
  }
  return failed(fmt::format("{} at {}: {}{}", called, address, failure.error.message, failure.sent ? "; it may have run" : ""));
}

}  // namespace meepo::adapters::dubbo
