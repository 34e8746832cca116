#pragma once
// The values of Hessian 2.0 as Java's encoder writes them, and the document that owns them. A value is 16 octets: numbers are inside it,
// the rest is in the memory of a document. Lists, maps and objects have an identity, which copies of a value share: that is how a value
// occurs in two places, or inside itself. A document and its values belong to one thread at a time; values that are only read may be
// shared.

#include <boost/container/small_vector.hpp>

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace meepo::hessian2 {

enum class Kind : std::uint8_t {
  Null,
  Bool,
  Int,  ///< 32 bits: Java's byte, short and int
  Long,  ///< 64 bits, never the same as an Int of that number
  Double,  ///< Java's float, too
  Date,  ///< milliseconds since 1970-01-01T00:00:00Z
  String,  ///< UTF-16 units, kept as the octets that travel (text.h)
  Bytes,
  List,  ///< also Java's arrays and sets
  Map,
  Object,  ///< also enums, BigDecimal, exceptions, java.time: objects of their classes
};

/// The name of a class and of its fields, in the order in which objects hold them. A name may occur twice: Java's shadowed fields.
struct ClassDefinition {
  std::string_view name;
  std::span<const std::string_view> fields;

  /// Same name, same fields in the same order.
  friend bool operator==(const ClassDefinition& left, const ClassDefinition& right);
};

class Value;
using Entry = std::pair<Value, Value>;  ///< of a map: key, value
using Field = std::pair<std::string_view, Value>;

/// A handle: copies are cheap and hold the same list, map or object. It is valid as long as the document that made it.
class Value {
 public:
  constexpr Value() = default;  ///< null

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_null() const { return kind_ == Kind::Null; }
  [[nodiscard]] bool is_container() const { return kind_ >= Kind::List; }

  // Each of the following asks for a value of the kinds it names.

  /// Bool (0 or 1), Int, Long, Date.
  [[nodiscard]] std::int64_t number() const;
  /// Double.
  [[nodiscard]] double real() const;
  /// String: the octets that travel, to_utf8() makes them text for people. Bytes: the octets.
  [[nodiscard]] std::string_view text() const;
  /// List, Map: the name of the type, "" if it has none. Object: the name of the class.
  [[nodiscard]] std::string_view type() const;
  /// List.
  [[nodiscard]] std::span<const Value> items() const;
  /// Map: in the order of the stream; keys may be of any kind and occur twice.
  [[nodiscard]] std::span<const Entry> entries() const;
  /// Object.
  [[nodiscard]] const ClassDefinition& definition() const;
  /// Object: the values of definition().fields.
  [[nodiscard]] std::span<const Value> fields() const;

  /// Any kind: the field of an Object, or the value of a Map under this String; the last one if there are several; null if there is none.
  [[nodiscard]] Value field(std::string_view name) const;

  /// List, Map, Object: equal for values that are one and the same container, as Java's ==.
  [[nodiscard]] const void* identity() const;

 private:
  friend class Document;
  struct List;
  struct Map;
  struct Object;

  Kind kind_ = Kind::Null;
  std::uint32_t size_ = 0;  // of String and Bytes
  union Content {
    std::int64_t number = 0;  ///< of Double: its bits
    const char* text;
    List* list;
    Map* map;
    Object* object;
  };
  Content content_;
};

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
  std::span<Value> fields;
};

// Inline: the decoder and the encoder call them for every value.
inline std::int64_t Value::number() const {
  assert(kind_ == Kind::Bool || kind_ == Kind::Int || kind_ == Kind::Long || kind_ == Kind::Date);
  return content_.number;
}

inline double Value::real() const {
  assert(kind_ == Kind::Double);
  return std::bit_cast<double>(content_.number);
}

inline std::string_view Value::text() const {
  assert(kind_ == Kind::String || kind_ == Kind::Bytes);
  return {content_.text, size_};
}

inline std::string_view Value::type() const {
  switch (kind_) {
    case Kind::List: return content_.list->type;
    case Kind::Map: return content_.map->type;
    default: return definition().name;
  }
}

inline std::span<const Value> Value::items() const {
  assert(kind_ == Kind::List);
  return content_.list->items;
}

inline std::span<const Entry> Value::entries() const {
  assert(kind_ == Kind::Map);
  return content_.map->entries;
}

inline const ClassDefinition& Value::definition() const {
  assert(kind_ == Kind::Object);
  return *content_.object->definition;
}

inline std::span<const Value> Value::fields() const {
  assert(kind_ == Kind::Object);
  return content_.object->fields;
}

inline const void* Value::identity() const {
  assert(is_container());
  switch (kind_) {
    case Kind::List: return content_.list;
    case Kind::Map: return content_.map;
    default: return content_.object;
  }
}

static_assert(sizeof(Value) == 16);

/// Makes values and owns their memory, all of it until it is destroyed. What is put into a list, a map or an object may be of another
/// document, which then has to live as long.
class Document {
 public:
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  static Value boolean(bool value) { return of_number(Kind::Bool, value ? 1 : 0); }
  static Value integer(std::int32_t value) { return of_number(Kind::Int, value); }
  static Value long_integer(std::int64_t value) { return of_number(Kind::Long, value); }
  static Value date(std::int64_t unix_ms) { return of_number(Kind::Date, unix_ms); }
  static Value real(double value) { return of_number(Kind::Double, std::bit_cast<std::int64_t>(value)); }
  /// A Bool, Int, Long, Date, or a Double of these bits; Null of 0.
  static Value of_number(Kind kind, std::int64_t number) {
    Value made;
    made.kind_ = kind;
    made.content_.number = number;
    return made;
  }

  /// Text as it travels, copied: of people's text see string_of_utf8(). At most 2^32 - 1 octets.
  Value string(std::string_view java_text);
  /// The same of people's text. Octets that are no UTF-8 become U+FFFD.
  Value string_of_utf8(std::string_view utf8);
  Value bytes(std::string_view octets);

  /// `type`: a class like "java.util.HashSet", an array like "[int" or "[java.lang.Integer"; "": none, which Java reads as ArrayList.
  Value list(std::string_view type, std::span<const Value> items);
  Value list(std::string_view type, std::initializer_list<Value> items) { return list(type, std::span(items.begin(), items.size())); }
  /// `type`: a class; "": none, which Java reads as HashMap.
  Value map(std::string_view type, std::span<const Entry> entries);
  Value map(std::string_view type, std::initializer_list<Entry> entries) { return map(type, std::span(entries.begin(), entries.size())); }
  /// Names are text as it travels.
  Value object(std::string_view class_name, std::span<const Field> fields);
  Value object(std::string_view class_name, std::initializer_list<Field> fields) {
    return object(class_name, std::span(fields.begin(), fields.size()));
  }

  /// Replaces the item of a list, the value of a map's entry or the field of an object of this document: how a cycle comes about.
  static void replace(Value container, std::size_t index, Value part);

 private:
  friend class Decoder;

  std::string_view keep(std::string_view octets);
  // Keeps a stream, with room behind it for what most streams of its length hold.
  std::string_view keep_stream(std::string_view octets);
  std::span<std::string_view> make_names(std::size_t count) {
    return {static_cast<std::string_view*>(take(count * sizeof(std::string_view), alignof(std::string_view))), count};
  }
  const ClassDefinition* define(std::string_view kept_name, std::span<const std::string_view> kept_names) {
    return new (take(sizeof(ClassDefinition), alignof(ClassDefinition))) ClassDefinition{.name = kept_name, .fields = kept_names};
  }
  static Value text_value(Kind kind, std::string_view kept) {
    Value made;
    made.kind_ = kind;
    made.size_ = static_cast<std::uint32_t>(kept.size());
    made.content_.text = kept.data();
    return made;
  }
  // A container before its parts, so that they can refer to it.
  Value begin_list(std::string_view kept_type) {
    Value made;
    made.kind_ = Kind::List;
    made.content_.list = new (take(sizeof(Value::List), alignof(Value::List))) Value::List{.type = kept_type, .items = {}};
    return made;
  }
  Value begin_map(std::string_view kept_type) {
    Value made;
    made.kind_ = Kind::Map;
    made.content_.map = new (take(sizeof(Value::Map), alignof(Value::Map))) Value::Map{.type = kept_type, .entries = {}};
    return made;
  }
  // With room for its fields behind it, which are to be set before anybody sees them.
  Value begin_object(const ClassDefinition* definition) {
    static_assert(alignof(Value::Object) == alignof(Value));
    const auto count = definition->fields.size();
    auto* const object = static_cast<Value::Object*>(take(sizeof(Value::Object) + count * sizeof(Value), alignof(Value)));
    Value made;
    made.kind_ = Kind::Object;
    made.content_.object = new (object) Value::Object{.definition = definition, .fields = {reinterpret_cast<Value*>(object + 1), count}};
    return made;
  }
  static std::span<Value> fields_of(Value object) { return object.content_.object->fields; }
  // Room for the parts of a list, which are to be set before anybody sees them.
  std::span<Value> make_items(Value list, std::size_t count) {
    const std::span<Value> items(static_cast<Value*>(take(count * sizeof(Value), alignof(Value))), count);
    list.content_.list->items = items;
    return items;
  }
  void end_map(Value map, std::span<const Value> keys_and_values);

  /// Memory that lives as long as the document.
  void* take(std::size_t octets, std::size_t alignment) {
    auto at = (at_ + alignment - 1) & ~(alignment - 1);
    if (at + octets > end_) {
      begin_block(octets);
      at = at_;
    }
    at_ = at + octets;
    return reinterpret_cast<void*>(at);
  }
  void begin_block(std::size_t octets);
  template <class T>
  std::span<T> copy(std::span<const T> parts);

  // Blocks, each larger than the one before; of the newest, at_ to end_ is free.
  boost::container::small_vector<std::unique_ptr<std::byte[]>, 4> blocks_;
  std::size_t block_octets_ = 0;
  std::uintptr_t at_ = 0;
  std::uintptr_t end_ = 0;
};

}  // namespace meepo::hessian2
