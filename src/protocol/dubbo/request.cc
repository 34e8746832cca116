#include "protocol/dubbo/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "protocol/dubbo/descriptor.h"
#include "protocol/dubbo/frame.h"
#include "protocol/hessian2/encoder.h"

namespace meepo::dubbo {
namespace {

using hessian2::Kind;
using hessian2::Value;

constexpr std::string_view kEcho = "$echo";
constexpr std::string_view kEchoDescriptor = "Ljava/lang/Object;";

/// Takes one text of the head; null is "".
Result<std::string> read_text(hessian2::Decoder& decoder, std::string_view what) {
  const auto value = decoder.read();
  if (!value) return fail(Error(value.error()).prefixed(fmt::format("read the {} of a request", what)));
  if (value->is_null()) return std::string();
  if (value->kind() != Kind::String) return fail(Code::Corruption, fmt::format("read the {} of a request: expected a string", what));
  return std::string(value->text());
}

Error unfit(std::string message) { return {.code = Code::InvalidArgument, .message = "read a generic call: " + std::move(message)}; }

/// The type names of a generic call, checked and written as Class.getName() does.
Result<std::vector<std::string>> types_of(Value list) {
  if (list.kind() != Kind::List) return fail(unfit("the parameter types are no list"));
  if (list.items().size() > kParametersMax) return fail(unfit(fmt::format("more than {} parameter types", kParametersMax)));
  std::vector<std::string> names;
  for (const auto& item : list.items()) {
    if (item.kind() != Kind::String) return fail(unfit("a parameter type is no string"));
    names.emplace_back(item.text());
  }
  const auto descriptor = descriptor_of(names);
  if (!descriptor) return fail(unfit(descriptor.error().message));
  return type_names_of(*descriptor);
}

/// Puts the call inside `$invoke` in the place of the three arguments that carry it.
Result<void> unwrap(Request& request) {
  const auto mode = request.attachments.text("generic");
  const bool is_absent = request.attachments.find("generic").is_null();
  if (!is_absent && mode != "true") return fail(unfit(fmt::format("the mode {} is not served; expected \"true\"", quoted(mode))));
  const Value method = request.arguments[0];
  const Value types = request.arguments[1];
  const Value arguments = request.arguments[2];
  if (method.kind() != Kind::String) return fail(unfit("the method's name is no string"));
  if (!arguments.is_null() && arguments.kind() != Kind::List) return fail(unfit("the arguments are no list"));
  request.generic = true;
  request.method = method.text();
  if (types.is_null()) {
    request.types = std::nullopt;
  } else {
    auto names = types_of(types);
    if (!names) return fail(names.error());
    request.types = *std::move(names);
  }
  request.arguments.clear();
  if (!arguments.is_null()) request.arguments.assign(arguments.items().begin(), arguments.items().end());
  if (request.arguments.size() > kParametersMax || (request.types && request.types->size() != request.arguments.size())) {
    return fail(unfit(fmt::format("{} parameter types and {} arguments; expected as many, at most {}",
                                  request.types ? request.types->size() : 0, request.arguments.size(), kParametersMax)));
  }
  return {};
}

}  // namespace

bool is_generic(const RequestHead& head) {
  return (head.method == kInvoke || head.method == kInvokeAsync) && head.descriptor == kInvokeDescriptor;
}

bool is_echo(const RequestHead& head) { return head.method == kEcho && head.descriptor == kEchoDescriptor; }

bool takes_attachments(std::string_view dubbo_version) {
  constexpr std::string_view kPrefix = "2.0.";
  if (!dubbo_version.starts_with(kPrefix)) return false;
  const auto last = dubbo_version.substr(kPrefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
  return error == std::errc() && end == last.data() + last.size() && number >= 2 && number <= 99;
}

RequestDecoder::RequestDecoder(std::string_view body) : document_(std::make_shared<hessian2::Document>()), decoder_(body, *document_) {}

Result<RequestHead> RequestDecoder::head() {
  RequestHead head;
  const std::pair<std::string_view, std::string RequestHead::*> parts[] = {{"protocol version", &RequestHead::dubbo_version},
                                                                           {"path", &RequestHead::path},
                                                                           {"service version", &RequestHead::service_version},
                                                                           {"method", &RequestHead::method},
                                                                           {"parameter types", &RequestHead::descriptor}};
  for (const auto& [what, part] : parts) {
    auto text = read_text(decoder_, what);
    if (!text) return fail(text.error());
    head.*part = *std::move(text);
  }
  if (head.service_version.empty()) head.service_version = kNoVersion;
  return head;
}

Result<Request> RequestDecoder::rest(RequestHead head) {
  auto types = type_names_of(head.descriptor);
  if (!types) return fail(Code::Corruption, std::move(types.error().message));
  Request request{.head = std::move(head), .document = document_};
  for (std::size_t i = 0; i < types->size(); ++i) {
    const auto argument = decoder_.read();
    if (!argument) return fail(Error(argument.error()).prefixed(fmt::format("read argument {} of {}", i, quoted(request.head.method))));
    request.arguments.push_back(*argument);
  }
  auto attachments = read_attachments(decoder_);
  if (!attachments) return fail(attachments.error());
  request.attachments = *std::move(attachments);
  request.method = request.head.method;
  request.types = *std::move(types);
  if (is_generic(request.head)) {
    if (const auto done = unwrap(request); !done) return fail(done.error());
  }
  return request;
}

Result<std::string> encode_request(const RequestHead& head, const std::vector<Value>& arguments, const Attachments& attachments) {
  const auto parameters = parameters_of(head.descriptor);
  if (!parameters) return fail(parameters.error());
  if (*parameters != arguments.size()) {
    return fail(Code::InvalidArgument, fmt::format("write a request: {} parameter types and {} arguments", *parameters, arguments.size()));
  }
  hessian2::Document document;
  hessian2::Encoder encoder(kBodyBytesMax);
  std::vector<Value> values;
  for (const auto* const text : {&head.dubbo_version, &head.path, &head.service_version, &head.method, &head.descriptor}) {
    values.push_back(document.string(*text));
  }
  values.insert(values.end(), arguments.begin(), arguments.end());
  values.push_back(map_of(attachments, document));
  for (const auto& value : values) {
    if (const auto written = encoder.write(value); !written) return fail(Error(written.error()).prefixed("write a request"));
  }
  return encoder.take();
}

}  // namespace meepo::dubbo
