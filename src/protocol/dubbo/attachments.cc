#include "protocol/dubbo/attachments.h"

#include <fmt/format.h>

namespace meepo::dubbo {

using hessian2::Kind;
using hessian2::Value;

Value Attachments::find(std::string_view name) const {
  for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
    if (at->first == name) return at->second;
  }
  return {};
}

std::string Attachments::text(std::string_view name) const {
  const auto value = find(name);
  if (value.kind() == Kind::String) return std::string(value.text());
  if (value.kind() == Kind::Int || value.kind() == Kind::Long) return std::to_string(value.number());
  return {};
}

Result<Attachments> read_attachments(hessian2::Decoder& decoder) {
  if (decoder.at_end()) return fail(Code::Corruption, "read the attachments: nothing is left of the body; expected a map or null");
  const auto map = decoder.read();
  if (!map) return fail(Error(map.error()).prefixed("read the attachments"));
  if (map->is_null()) return Attachments{};
  if (map->kind() != Kind::Map) return fail(Code::Corruption, "read the attachments: expected a map or null, found another value");
  if (map->entries().size() > kAttachmentsMax) {
    return fail(Code::Corruption, fmt::format("read the attachments: {} entries; at most {}", map->entries().size(), kAttachmentsMax));
  }
  Attachments attachments;
  attachments.entries.reserve(map->entries().size());
  for (const auto& [name, value] : map->entries()) {
    if (name.kind() != Kind::String)
      return fail(Code::Corruption, "read the attachments: expected names that are strings, found another value");
    attachments.entries.emplace_back(std::string(name.text()), value);
  }
  return attachments;
}

Value map_of(const Attachments& attachments, hessian2::Document& document) {
  std::vector<hessian2::Entry> entries;
  entries.reserve(attachments.entries.size());
  for (const auto& [name, value] : attachments.entries) entries.emplace_back(document.string(name), value);
  return document.map("", std::move(entries));
}

}  // namespace meepo::dubbo
