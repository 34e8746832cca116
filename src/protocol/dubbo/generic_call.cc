#include "protocol/dubbo/generic_call.h"

#include <fmt/format.h>

#include "base/text.h"
#include "protocol/dubbo/descriptor.h"
#include "protocol/dubbo/request.h"
#include "protocol/hessian2/text.h"

namespace meepo::dubbo {
namespace {

using hessian2::Value;

Attachments attachments_of(const GenericCall& call, std::string_view version, bool generic, hessian2::Document& document) {
  Attachments attachments;
  constexpr std::size_t kOfEveryCall = 6;
  attachments.entries.reserve(call.attachments.size() + kOfEveryCall);
  const auto add = [&](std::string name, std::string_view value) {
    attachments.entries.emplace_back(std::move(name), document.string_of_utf8(value));
  };
  // The caller's first: of two with one name the last counts.
  for (const auto& [name, value] : call.attachments) add(hessian2::from_utf8(name), value);
  add("path", call.interface);
  add("interface", call.interface);
  add("version", version);
  if (generic) add("generic", "true");
  if (!call.group.empty()) add("group", call.group);
  if (call.timeout) add("timeout", std::to_string(call.timeout->count()));
  return attachments;
}

/// Nothing wrong with its names and types; the descriptor of the types, if there are any.
Result<std::string> check(const GenericCall& call) {
  if (call.interface.empty() || call.method.empty()) {
    return fail(Code::InvalidArgument,
                fmt::format("call {} of {}: expected the names of an interface and a method", quoted(call.method), quoted(call.interface)));
  }
  if (!call.types) return std::string();
  auto descriptor = descriptor_of(*call.types);
  if (descriptor && call.types->size() != call.arguments.size()) {
    return fail(Code::InvalidArgument, fmt::format("call {} of {}: {} parameter types and {} arguments", quoted(call.method),
                                                   quoted(call.interface), call.types->size(), call.arguments.size()));
  }
  return descriptor;
}

std::string_view version_of(const GenericCall& call) { return call.version.empty() ? kNoVersion : call.version; }

}  // namespace

Result<std::string> encode_plain_call(const GenericCall& call) {
  auto descriptor = check(call);
  if (!descriptor) return descriptor;
  if (!call.types) {
    return fail(Code::InvalidArgument,
                fmt::format("call {} of {}: expected the types of its parameters", quoted(call.method), quoted(call.interface)));
  }
  hessian2::Document document;
  return encode_request({.path = hessian2::from_utf8(call.interface),
                         .service_version = hessian2::from_utf8(version_of(call)),
                         .method = hessian2::from_utf8(call.method),
                         .descriptor = hessian2::from_utf8(*descriptor)},
                        call.arguments, attachments_of(call, version_of(call), false, document));
}

Result<std::string> encode_generic_call(const GenericCall& call) {
  if (const auto checked = check(call); !checked) return fail(checked.error());
  hessian2::Document document;
  Value types;
  if (call.types) {
    std::vector<Value> names;
    for (const auto& name : *call.types) names.push_back(document.string_of_utf8(name));
    types = document.list("[string", std::move(names));
  }
  return encode_request({.path = hessian2::from_utf8(call.interface),
                         .service_version = hessian2::from_utf8(version_of(call)),
                         .method = std::string(kInvoke),
                         .descriptor = std::string(kInvokeDescriptor)},
                        {document.string_of_utf8(call.method), types, document.list("[object", call.arguments)},
                        attachments_of(call, version_of(call), true, document));
}

}  // namespace meepo::dubbo
