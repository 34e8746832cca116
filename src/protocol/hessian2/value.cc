#include "protocol/hessian2/value.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {

namespace {

constexpr std::size_t kFirstBlockOctets = 1'024;          // enough for a small message
constexpr std::size_t kBlockOctetsMost = 256UL << 10U;    // a larger one would stay half empty
constexpr std::size_t kRoomPerOctet = 4;                  // what the values of most streams take for each octet of theirs

}  // namespace

bool operator==(const ClassDefinition& left, const ClassDefinition& right) {
  return left.name == right.name && std::ranges::equal(left.fields, right.fields);
}

Value Value::field(std::string_view name) const {
  Value found;
  if (kind_ == Kind::Object) {
    const auto& names = definition().fields;
    for (std::size_t i = 0; i < fields().size(); ++i) {
      if (names[i] == name) found = fields()[i];
    }
  } else if (kind_ == Kind::Map) {
    for (const auto& [key, value] : entries()) {
      if (key.kind() == Kind::String && key.text() == name) found = value;
    }
  }
  return found;
}

Value Document::string(std::string_view java_text) { return text_value(Kind::String, keep(java_text)); }

Value Document::string_of_utf8(std::string_view utf8) { return is_ascii(utf8) ? string(utf8) : string(from_utf8(utf8)); }

Value Document::bytes(std::string_view octets) { return text_value(Kind::Bytes, keep(octets)); }

Value Document::list(std::string_view type, std::span<const Value> items) {
  const auto made = begin_list(keep(type));
  made.content_.list->items = copy(items);
  return made;
}

Value Document::map(std::string_view type, std::span<const Entry> entries) {
  const auto made = begin_map(keep(type));
  made.content_.map->entries = copy(entries);
  return made;
}

Value Document::object(std::string_view class_name, std::span<const Field> fields) {
  const auto names = make_names(fields.size());
  std::ranges::transform(fields, names.begin(), [this](const Field& field) { return keep(field.first); });
  const auto made = begin_object(define(keep(class_name), names));
  std::ranges::transform(fields, fields_of(made).begin(), &Field::second);
  return made;
}

void Document::replace(Value container, std::size_t index, Value part) {
  // The parts lie in memory of a document, which is writable; only what is handed out is const.
  switch (container.kind()) {
    case Kind::List: const_cast<Value&>(container.items()[index]) = part; break;
    case Kind::Map: const_cast<Entry&>(container.entries()[index]).second = part; break;
    default: fields_of(container)[index] = part;
  }
}

void Document::begin_block(std::size_t octets) {
  block_octets_ = std::max(octets, std::min(std::max(2 * block_octets_, kFirstBlockOctets), kBlockOctetsMost));
  // new aligns for every type that is kept.
  auto* const block = blocks_.emplace_back(std::make_unique_for_overwrite<std::byte[]>(block_octets_)).get();
  at_ = reinterpret_cast<std::uintptr_t>(block);
  end_ = at_ + block_octets_;
}

std::string_view Document::keep(std::string_view octets) {
  if (octets.empty()) return {};
  auto* const kept = static_cast<char*>(take(octets.size(), 1));
  std::memcpy(kept, octets.data(), octets.size());
  return {kept, octets.size()};
}

std::string_view Document::keep_stream(std::string_view octets) {
  const auto room = octets.size() + std::min(kRoomPerOctet * octets.size() + kFirstBlockOctets, kBlockOctetsMost);
  if (end_ - at_ < room) begin_block(room);
  return keep(octets);
}

void Document::end_map(Value map, std::span<const Value> keys_and_values) {
  const auto count = keys_and_values.size() / 2;
  auto* const entries = static_cast<Entry*>(take(count * sizeof(Entry), alignof(Entry)));
  for (std::size_t i = 0; i < count; ++i) new (entries + i) Entry(keys_and_values[2 * i], keys_and_values[2 * i + 1]);
  map.content_.map->entries = {entries, count};
}

template <class T>
std::span<T> Document::copy(std::span<const T> parts) {
  auto* const kept = static_cast<T*>(take(parts.size_bytes(), alignof(T)));
  std::uninitialized_copy(parts.begin(), parts.end(), kept);
  return {kept, parts.size()};
}

}  // namespace meepo::hessian2
