// Hessian to JSON that people can read.

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include "base/text.h"
#include "base/time.h"
#include "protocol/hessian2/base64.h"
#include "protocol/hessian2/big_integer.h"
#include "protocol/hessian2/json.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53U;  // JavaScript rounds what is beyond
constexpr std::size_t kSmallValue = 64;    // octets: more than any value that is no text takes, or the beginning of one that is
constexpr std::size_t kClosing = 16;       // octets: the mark of a cut and the closing bracket
constexpr std::size_t kEscapeMost = 6;     // octets of a character in JSON for each in the text
constexpr std::size_t kNameMost = 1'024;   // octets of the name of a class or a member
constexpr std::string_view kCutMark = "…";
constexpr std::string_view kCutItem = "\"$cut\"";
constexpr std::string_view kCutMember = "\"$cut\":true";
constexpr std::string_view kJavaMaps = "java.util.";

// Times that to_iso_utc can write.
constexpr std::int64_t kIsoFirstMs = -62'167'219'200'000;  // year 0
constexpr std::int64_t kIsoLastMs = 253'402'300'799'999;   // year 9999

std::string escaped(std::string_view utf8) {
  std::string json;
  append_json_string(json, utf8);
  return json;
}

std::string real_text(double number) {
  if (std::isnan(number)) return "\"NaN\"";
  if (std::isinf(number)) return number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number);
  std::string json(text, end);
  // So that it reads back as a double.
  if (json.find_first_of(".e") == std::string::npos) json += ".0";
  return json;
}

std::string long_text(std::int64_t number) {
  return number > kExactInDouble || number < -kExactInDouble ? fmt::format("\"{}\"", number) : fmt::format("{}", number);
}

std::string date_text(std::int64_t ms) {
  return ms < kIsoFirstMs || ms > kIsoLastMs ? long_text(ms) : fmt::format("\"{}\"", to_iso_utc(from_unix_ms(ms)));
}

/// A value that holds no other and is no text.
std::string scalar_text(Value value) {
  switch (value.kind()) {
    case Kind::Bool: return value.number() != 0 ? "true" : "false";
    case Kind::Int: return fmt::format("{}", value.number());
    case Kind::Long: return long_text(value.number());
    case Kind::Double: return real_text(value.real());
    case Kind::Date: return date_text(value.number());
    default: return "null";
  }
}

/// UTF-8 up to the end of a character within `most` octets.
std::string_view head_of(std::string_view utf8, std::size_t most) {
  if (utf8.size() <= most) return utf8;
  while (most > 0 && (static_cast<std::uint8_t>(utf8[most]) & 0xC0U) == 0x80U) --most;
  return utf8.substr(0, most);
}

std::string escaped_head(std::string_view utf8, std::size_t most) {
  return escaped(std::string(head_of(utf8, most)) + std::string(kCutMark));
}

/// As much of a string as can matter where only `most` octets have room. As UTF-8 it is at least two thirds as long.
std::string text_of(std::string_view java_text, std::size_t most) { return to_utf8(java_text.substr(0, 2 * most)); }

/// The name of a class or a member, whose length is bounded by itself: thousands of objects may have it.
std::string name_text(std::string_view utf8) { return utf8.size() > kNameMost ? escaped_head(utf8, kNameMost) : escaped(utf8); }

/// The name under which a map's value stands: a key that is no string as it would be written.
std::string key_text(Value key) {
  if (key.kind() == Kind::String) return name_text(text_of(key.text(), kNameMost));
  if (key.kind() == Kind::Bytes) return name_text(to_base64(key.text().substr(0, kNameMost)));
  const auto text = scalar_text(key);
  return text.starts_with('"') ? text : fmt::format("\"{}\"", text);
}

/// An enum's constant, a BigDecimal: an object that ends here. Java refers to one that occurs again; people want to see it again.
bool is_plain_object(Value value) {
  return value.kind() == Kind::Object && std::ranges::none_of(value.fields(), [](const Value& field) { return field.is_container(); });
}

class Writer {
 public:
  explicit Writer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void write(Value value);
  std::string take() { return std::move(out_); }

 private:
  struct Written {
    std::size_t number;
    bool is_plain;
  };

  void write_container(Value value);
  void write_list(Value list);
  void write_map(Value map);
  void write_entries(std::span<const Entry> entries);
  void write_object(Value object);
  void write_text(std::string_view utf8);
  // Each answers false, with the mark of a cut, if there is no room for it and something behind it.
  bool begin_object(std::string_view class_name);
  bool write_member(const std::string& key, Value value);
  bool write_name(std::string_view key, std::string_view value);
  bool cut(std::string_view mark);
  void separate() {
    if (!out_.ends_with('[') && !out_.ends_with('{')) out_ += ',';
  }
  [[nodiscard]] std::size_t room() const {
    const auto used = out_.size() + closings_ * kClosing;
    return used < bytes_max_ ? bytes_max_ - used : 0;
  }

  std::size_t bytes_max_;
  std::string out_;
  std::size_t closings_ = 0;    // arrays and objects that are open
  std::size_t containers_ = 0;  // lists, maps and objects that have begun
  boost::unordered_flat_map<const void*, Written> written_;
};

void Writer::write(Value value) {
  if (value.kind() == Kind::String) return write_text(text_of(value.text(), bytes_max_));
  if (value.kind() == Kind::Bytes) return write_text(to_base64(value.text().substr(0, bytes_max_)));
  if (!value.is_container()) {
    out_ += scalar_text(value);
    return;
  }
  const auto known = written_.find(value.identity());
  if (known == written_.end()) {
    written_.emplace(value.identity(), Written{.number = containers_, .is_plain = is_plain_object(value)});
  } else if (!known->second.is_plain) {
    out_ += fmt::format("{{\"$ref\":{}}}", known->second.number);
    return;
  }
  ++containers_;
  ++closings_;
  write_container(value);
  --closings_;
}

void Writer::write_container(Value value) {
  switch (value.kind()) {
    case Kind::List: write_list(value); break;
    case Kind::Map: write_map(value); break;
    default: write_object(value);
  }
}

bool Writer::cut(std::string_view mark) {
  separate();
  out_ += mark;
  return false;
}

void Writer::write_list(Value list) {
  out_ += '[';
  for (const auto& item : list.items()) {
    if (room() < kSmallValue && !cut(kCutItem)) break;
    separate();
    write(item);
  }
  out_ += ']';
}

void Writer::write_map(Value map) {
  // Java's own maps are just maps; another type is the class of a bean.
  const bool is_bean = !map.type().empty() && !map.type().starts_with(kJavaMaps);
  const auto entries = map.entries();
  if (begin_object(is_bean ? map.type() : std::string_view())) {
    if (std::ranges::any_of(entries, [](const Entry& entry) { return entry.first.is_container(); })) {
      write_entries(entries);
    } else {
      for (const auto& [key, value] : entries) {
        if (!write_member(key_text(key), value)) break;
      }
    }
  }
  out_ += '}';
}

/// As pairs: a list, a map or an object is no name of a member.
void Writer::write_entries(std::span<const Entry> entries) {
  constexpr std::size_t kBrackets = 2;
  if (room() < 2 * kSmallValue) {
    cut(kCutMember);
    return;
  }
  closings_ += kBrackets;
  separate();
  out_ += "\"$entries\":[";
  for (const auto& [key, value] : entries) {
    if (room() < kSmallValue && !cut(kCutItem)) break;
    separate();
    out_ += '[';
    write(key);
    if (room() >= kSmallValue || cut(kCutItem)) {
      separate();
      write(value);
    }
    out_ += ']';
  }
  out_ += ']';
  closings_ -= kBrackets;
}

void Writer::write_object(Value object) {
  if (begin_object(object.type())) {
    if (const auto decimal = decimal_of(object)) {
      if (decimal->size() + kSmallValue <= room()) {
        out_ += fmt::format(",\"value\":\"{}\"", *decimal);
      } else {
        cut(kCutMember);
      }
    } else {
      const auto fields = object.fields();
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!write_member(name_text(text_of(object.definition().fields[i], kNameMost)), fields[i])) break;
      }
    }
  }
  out_ += '}';
}

bool Writer::begin_object(std::string_view class_name) {
  out_ += '{';
  return class_name.empty() || write_name("\"$class\"", name_text(text_of(class_name, kNameMost)));
}

bool Writer::write_member(const std::string& key, Value value) {
  if (!write_name(key, {})) return false;
  write(value);
  return true;
}

/// A member's name and the beginning of its value.
bool Writer::write_name(std::string_view key, std::string_view value) {
  if (key.size() + value.size() + kSmallValue > room()) return cut(kCutMember);
  separate();
  out_ += key;
  out_ += ':';
  out_ += value;
  return true;
}

void Writer::write_text(std::string_view utf8) {
  auto json = escaped(utf8);
  if (json.size() > room()) {
    // As much as fits however it is escaped.
    json = escaped_head(utf8, std::min((room() - std::min(room(), kClosing)) / kEscapeMost, utf8.size() - 1));
  }
  out_ += json;
}

}  // namespace

std::string to_json(Value value, std::size_t bytes_max) {
  Writer writer(bytes_max);
  writer.write(value);
  return writer.take();
}

}  // namespace meepo::hessian2
