#include "base/bytes.h"
#include "task/record_fields.h"

namespace meepo::record {
namespace {

// What is on disk: never change a number, never use one again. Of a service:
constexpr std::uint64_t kInterface = 1;
constexpr std::uint64_t kMethod = 2;
constexpr std::uint64_t kServiceVersion = 3;
constexpr std::uint64_t kGroup = 4;
constexpr std::uint64_t kParamType = 5;
constexpr std::uint64_t kParams = 6;
// Of an HTTP call:
constexpr std::uint64_t kHttpMethod = 1;
constexpr std::uint64_t kUrl = 2;
constexpr std::uint64_t kHeader = 3;
constexpr std::uint64_t kBody = 4;
// Of a command:
constexpr std::uint64_t kArgument = 1;
constexpr std::uint64_t kVariable = 2;

/// The first byte of a target's value; its fields follow.
constexpr char kService = 1;
constexpr char kHttp = 2;
constexpr char kCommand = 3;

using Pair = std::pair<std::string, std::string>;

void append_fields(std::string& out, const ServiceTarget& target) {
  out += kService;
  append_text(out, kInterface, target.interface);
  append_text(out, kMethod, target.method);
  append_text(out, kServiceVersion, target.version);
  append_text(out, kGroup, target.group);
  for (const std::string& type : target.param_types) append_bytes(out, kParamType, type);
  append_payload(out, kParams, target.params);
  out += target.unknown_fields;
}

void append_fields(std::string& out, const HttpTarget& target) {
  out += kHttp;
  append_text(out, kHttpMethod, target.method);
  append_text(out, kUrl, target.url);
  for (const Pair& header : target.headers) append_pair(out, kHeader, header);
  append_payload(out, kBody, target.body);
  out += target.unknown_fields;
}

void append_fields(std::string& out, const CommandTarget& target) {
  out += kCommand;
  for (const std::string& argument : target.argv) append_bytes(out, kArgument, argument);
  for (const Pair& variable : target.env) append_pair(out, kVariable, variable);
  out += target.unknown_fields;
}

void read_target_field(Reader& reader, ServiceTarget& target) {
  switch (reader.tag()) {
    case kInterface: return reader.read("interface", target.interface);
    case kMethod: return reader.read("method", target.method);
    case kServiceVersion: return reader.read("version", target.version);
    case kGroup: return reader.read("group", target.group);
    case kParamType: return reader.read("param type", reader.add("param types", target.param_types));
    case kParams: return reader.read("params", target.params);
    default: target.unknown_fields += reader.raw();
  }
}

void read_target_field(Reader& reader, HttpTarget& target) {
  switch (reader.tag()) {
    case kHttpMethod: return reader.read("http method", target.method);
    case kUrl: return reader.read("url", target.url);
    case kHeader: return reader.read("header", reader.add("headers", target.headers));
    case kBody: return reader.read("body", target.body);
    default: target.unknown_fields += reader.raw();
  }
}

void read_target_field(Reader& reader, CommandTarget& target) {
  switch (reader.tag()) {
    case kArgument: return reader.read("argument", reader.add("arguments", target.argv));
    case kVariable: return reader.read("variable", reader.add("variables", target.env));
    default: target.unknown_fields += reader.raw();
  }
}

template <class Kind>
void read_target_fields(Reader& outer, Target& target) {
  auto& fields = target.emplace<Kind>();
  Reader reader(outer.value().substr(1), Reader::End::Input);
  while (reader.next()) read_target_field(reader, fields);
  if (!reader.ok()) outer.problem("target", reader.problem());
}

}  // namespace

void append_target(std::string& out, std::uint64_t tag, const Target& target) {
  append_varint(out, tag);
  const std::size_t start = out.size();
  std::visit([&out](const auto& kind) { append_fields(out, kind); }, target);
  // The length is known only now; moving the bytes by one to three places is cheaper than a buffer of their own.
  std::string length;
  append_varint(length, out.size() - start);
  out.insert(start, length);
}

std::size_t target_size_hint(const Target& target) {
  constexpr std::size_t kOther = 256;
  const auto* service = std::get_if<ServiceTarget>(&target);
  if (service == nullptr) return kOther;
  std::size_t size = 32 + service->interface.size() + service->method.size() + service->version.size() + service->group.size();
  for (const std::string& type : service->param_types) size += type.size() + 2;
  return size + service->params.data.size();
}

void read_target(Reader& reader, Target& target) {
  switch (reader.value().empty() ? '\0' : reader.value().front()) {
    case kService: return read_target_fields<ServiceTarget>(reader, target);
    case kHttp: return read_target_fields<HttpTarget>(reader, target);
    case kCommand: return read_target_fields<CommandTarget>(reader, target);
    default: reader.problem("target", "has an unknown kind");
  }
}

}  // namespace meepo::record
