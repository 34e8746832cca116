#pragma once
// The values of Hessian 2.0 as Java's encoder writes them, and the document that owns them. A value is 16 octets: numbers are inside it,
// the rest is in the memory of a document. Lists, maps and objects have an identity, which copies of a value share: that is how a value
// occurs in two places, or inside itself. A document and its values belong to one thread at a time; values that are only read may be
// shared.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory_resource>
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
  std::size_t hash = 0;  ///< of name and fields

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
    std::int64_t number = 0;
    double real;
    const char* text;
    List* list;
    Map* map;
    Object* object;
  };
  Content content_;
};

static_assert(sizeof(Value) == 16);

/// Makes values and owns their memory, all of it until it is destroyed. What is put into a list, a map or an object may be of another
/// document, which then has to live as long.
class Document {
 public:
  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  static Value boolean(bool value);
  static Value integer(std::int32_t value);
  static Value long_integer(std::int64_t value);
  static Value real(double value);
  static Value date(std::int64_t unix_ms);

  /// Text as it travels, copied: of people's text make it with from_utf8(). At most 2^32 - 1 octets.
  Value string(std::string_view java_text);
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
  const ClassDefinition* define(std::string_view name, std::span<const std::string_view> kept_fields);
  Value text_value(Kind kind, std::string_view kept);
  // A container before its parts, so that they can refer to it.
  Value begin_list(std::string_view kept_type);
  Value begin_map(std::string_view kept_type);
  Value begin_object(const ClassDefinition* definition);
  void end_list(Value list, std::span<const Value> items);
  void end_map(Value map, std::span<const Value> keys_and_values);
  void end_object(Value object, std::span<const Value> fields);
  template <class T>
  std::span<T> copy(std::span<const T> parts);

  std::pmr::monotonic_buffer_resource memory_;
};

}  // namespace meepo::hessian2
