#include "protocol/hessian2/value.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <new>
#include <vector>

namespace meepo::hessian2 {

struct Value::List {
  std::string_view type;
  std::span<const Value> items;
};

struct Value::Map {
  std::string_view type;
  std::span<const Entry> entries;
};

struct Value::Object {
  const ClassDefinition* definition;
  std::span<const Value> fields;
};

bool operator==(const ClassDefinition& left, const ClassDefinition& right) {
  return left.name == right.name && std::ranges::equal(left.fields, right.fields);
}

std::int64_t Value::number() const {
  assert(kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Long || kind_ == Kind::Date);
  return content_.number;
}

double Value::real() const {
  assert(kind_ == Kind::Double);
  return content_.real;
}

std::string_view Value::text() const {
  assert(kind_ == Kind::String || kind_ == Kind::Bytes);
  return {content_.text, size_};
}

std::string_view Value::type() const {
  switch (kind_) {
    case Kind::List: return content_.list->type;
    case Kind::Map: return content_.map->type;
    default: return definition().name;
  }
}

std::span<const Value> Value::items() const {
  assert(kind_ == Kind::List);
  return content_.list->items;
}

std::span<const Entry> Value::entries() const {
  assert(kind_ == Kind::Map);
  return content_.map->entries;
}

const ClassDefinition& Value::definition() const {
  assert(kind_ == Kind::Object);
  return *content_.object->definition;
}

std::span<const Value> Value::fields() const {
  assert(kind_ == Kind::Object);
  return content_.object->fields;
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

const void* Value::identity() const {
  assert(is_container());
  switch (kind_) {
    case Kind::List: return content_.list;
    case Kind::Map: return content_.map;
    default: return content_.object;
  }
}

Value Document::boolean(bool value) {
  Value made;
  made.kind_ = Kind::Bool;
  made.content_.number = value ? 1 : 0;
  return made;
}

Value Document::integer(std::int32_t value) {
  Value made;
  made.kind_ = Kind::Int;
  made.content_.number = value;
  return made;
}

Value Document::long_integer(std::int64_t value) {
  Value made;
  made.kind_ = Kind::Long;
  made.content_.number = value;
  return made;
}

Value Document::real(double value) {
  Value made;
  made.kind_ = Kind::Double;
  made.content_.real = value;
  return made;
}

Value Document::date(std::int64_t unix_ms) {
  Value made;
  made.kind_ = Kind::Date;
  made.content_.number = unix_ms;
  return made;
}

Value Document::string(std::string_view java_text) { return text_value(Kind::String, keep(java_text)); }

Value Document::bytes(std::string_view octets) { return text_value(Kind::Bytes, keep(octets)); }

Value Document::list(std::string_view type, std::span<const Value> items) {
  const auto made = begin_list(keep(type));
  end_list(made, items);
  return made;
}

Value Document::map(std::string_view type, std::span<const Entry> entries) {
  const auto made = begin_map(keep(type));
  made.content_.map->entries = copy(entries);
  return made;
}

Value Document::object(std::string_view class_name, std::span<const Field> fields) {
  std::vector<std::string_view> names;
  std::vector<Value> values;
  for (const auto& [name, value] : fields) {
    names.push_back(keep(name));
    values.push_back(value);
  }
  const auto made = begin_object(define(keep(class_name), copy(std::span<const std::string_view>(names))));
  end_object(made, values);
  return made;
}

void Document::replace(Value container, std::size_t index, Value part) {
  // The parts lie in memory of a document, which is writable; only what is handed out is const.
  switch (container.kind()) {
    case Kind::List: const_cast<Value&>(container.items()[index]) = part; break;
    case Kind::Map: const_cast<Entry&>(container.entries()[index]).second = part; break;
    default: const_cast<Value&>(container.fields()[index]) = part;
  }
}

std::string_view Document::keep(std::string_view octets) {
  if (octets.empty()) return {};
  auto* const kept = static_cast<char*>(memory_.allocate(octets.size(), 1));
  std::memcpy(kept, octets.data(), octets.size());
  return {kept, octets.size()};
}

const ClassDefinition* Document::define(std::string_view name, std::span<const std::string_view> kept_fields) {
  auto hash = std::hash<std::string_view>()(name);
  for (const auto field : kept_fields) hash = hash * 31 + std::hash<std::string_view>()(field);
  return new (memory_.allocate(sizeof(ClassDefinition), alignof(ClassDefinition)))
      ClassDefinition{.name = name, .fields = kept_fields, .hash = hash};
}

Value Document::text_value(Kind kind, std::string_view kept) {
  Value made;
  made.kind_ = kind;
  made.size_ = static_cast<std::uint32_t>(kept.size());
  made.content_.text = kept.data();
  return made;
}

Value Document::begin_list(std::string_view kept_type) {
  Value made;
  made.kind_ = Kind::List;
  made.content_.list = new (memory_.allocate(sizeof(Value::List), alignof(Value::List))) Value::List{.type = kept_type, .items = {}};
  return made;
}

Value Document::begin_map(std::string_view kept_type) {
  Value made;
  made.kind_ = Kind::Map;
  made.content_.map = new (memory_.allocate(sizeof(Value::Map), alignof(Value::Map))) Value::Map{.type = kept_type, .entries = {}};
  return made;
}

Value Document::begin_object(const ClassDefinition* definition) {
  Value made;
  made.kind_ = Kind::Object;
  made.content_.object =
      new (memory_.allocate(sizeof(Value::Object), alignof(Value::Object))) Value::Object{.definition = definition, .fields = {}};
  return made;
}

void Document::end_list(Value list, std::span<const Value> items) { list.content_.list->items = copy(items); }

void Document::end_map(Value map, std::span<const Value> keys_and_values) {
  const auto count = keys_and_values.size() / 2;
  if (count == 0) return;
  auto* const entries = static_cast<Entry*>(memory_.allocate(count * sizeof(Entry), alignof(Entry)));
  for (std::size_t i = 0; i < count; ++i) new (entries + i) Entry(keys_and_values[2 * i], keys_and_values[2 * i + 1]);
  map.content_.map->entries = {entries, count};
}

void Document::end_object(Value object, std::span<const Value> fields) { object.content_.object->fields = copy(fields); }

template <class T>
std::span<T> Document::copy(std::span<const T> parts) {
  if (parts.empty()) return {};
  auto* const kept = static_cast<T*>(memory_.allocate(parts.size_bytes(), alignof(T)));
  std::uninitialized_copy(parts.begin(), parts.end(), kept);
  return {kept, parts.size()};
}

}  // namespace meepo::hessian2
