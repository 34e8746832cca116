#include "protocol/dubbo/exception.h"

#include <fmt/format.h>

#include "protocol/dubbo/kept_text.h"

namespace meepo::dubbo {
namespace {

using hessian2::Kind;
using hessian2::Value;

// Java's own name of it since Dubbo 2.5; Dubbo 2.7 and 3 send and read it too.
constexpr std::string_view kGenericException = "com.alibaba.dubbo.rpc.service.GenericException";
constexpr std::string_view kGenericExceptionLater = "org.apache.dubbo.rpc.service.GenericException";

std::optional<std::string> text_of(Value object, std::string_view field, std::size_t bytes_max) {
  const auto value = object.field(field);
  if (value.kind() != Kind::String) return std::nullopt;
  return kept_text(value.text(), bytes_max);
}

/// "demo.Impl.run(Impl.java:7)" of a java.lang.StackTraceElement.
std::string line_of(Value element) {
  const auto text = [&](std::string_view field) { return text_of(element, field, kStackLineBytesKept).value_or("?"); };
  const auto number = element.field("lineNumber");
  auto place = text("fileName");
  if (number.kind() == Kind::Int && number.number() > 0) place += fmt::format(":{}", number.number());
  return cut_text(fmt::format("{}.{}({})", text("declaringClass"), text("methodName"), place), kStackLineBytesKept);
}

std::vector<std::string> stack_of(Value trace) {
  std::vector<std::string> lines;
  if (trace.kind() != Kind::List) return lines;
  for (const auto& element : trace.items()) {
    if (lines.size() == kStackLinesKept) break;
    lines.push_back(line_of(element));
  }
  return lines;
}

/// The lines "at …" of a stack trace as text; those behind a "Caused by" belong to another exception.
std::vector<std::string> stack_of(std::string_view text) {
  constexpr std::string_view kAt = "\tat ";
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < kStackLinesKept) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("Caused by: ")) break;
    if (line.starts_with(kAt)) lines.push_back(kept_text(line.substr(kAt.size()), kStackLineBytesKept));
  }
  return lines;
}

}  // namespace

Result<JavaException> exception_of(Value value) {
  const bool has_class = (value.kind() == Kind::Object || value.kind() == Kind::Map) && !value.type().empty();
  if (!has_class) return fail(Code::Corruption, "read an exception: expected an object of its class, found another value");
  JavaException exception{.class_name = kept_text(value.type(), kClassNameBytesKept),
                          .message = text_of(value, "detailMessage", kMessageBytesKept),
                          .stack = stack_of(value.field("stackTrace"))};
  if (value.type() != kGenericException && value.type() != kGenericExceptionLater) return exception;
  // It is made where the call was unwrapped: its own stack says nothing, that of the true exception is in its message.
  if (auto name = text_of(value, "exceptionClass", kClassNameBytesKept)) {
    const auto detail = value.field("detailMessage");
    exception = {.class_name = *std::move(name),
                 .message = text_of(value, "exceptionMessage", kMessageBytesKept),
                 .stack = detail.kind() == Kind::String ? stack_of(detail.text()) : std::vector<std::string>()};
  }
  return exception;
}

Value throwable(std::string_view class_name, std::string_view message, hessian2::Document& document) {
  return document.object(hessian_text(class_name, kClassNameBytesKept),
                         {{"detailMessage", document.string(hessian_text(message, kMessageBytesKept))}});
}

Value generic_exception(std::string_view class_name, std::string_view message, hessian2::Document& document) {
  const auto name = hessian_text(class_name, kClassNameBytesKept);
  const auto text = hessian_text(message, kMessageBytesKept);
  return document.object(kGenericException, {{"exceptionClass", document.string(name)},
                                             {"exceptionMessage", document.string(text)},
                                             {"detailMessage", document.string(fmt::format("{}: {}", name, text))}});
}

}  // namespace meepo::dubbo
