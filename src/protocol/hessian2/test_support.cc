#include "protocol/hessian2/test_support.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <bit>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>

#include "base/bytes.h"
#include "protocol/hessian2/decoder.h"
#include "protocol/hessian2/text.h"

namespace meepo::hessian2 {
namespace {

namespace json = boost::json;

// As much as the recorded texts keep of a string or of bytes.
constexpr std::size_t kShortUnits = 200;
constexpr std::size_t kShortBytes = 200;

std::string real_text(double number) { return fmt::format("double {:016x}", std::bit_cast<std::uint64_t>(number)); }

std::string string_text(std::string_view java_text) {
  const auto units = utf16_units(java_text);
  if (units > kShortUnits) return fmt::format("string of {} beginning {}", units, to_hex(java_text));
  return fmt::format("string {}", to_hex(java_text));
}

std::string bytes_text(std::string_view octets) {
  return octets.size() > kShortBytes ? fmt::format("bytes of {}", octets.size()) : fmt::format("bytes {}", to_hex(octets));
}

class Describer {
 public:
  std::string describe(Value value) {
    switch (value.kind()) {
      case Kind::Null: return "null";
      case Kind::Bool: return value.number() != 0 ? "true" : "false";
      case Kind::Int: return fmt::format("int {}", value.number());
      case Kind::Long: return fmt::format("long {}", value.number());
      case Kind::Double: return real_text(value.real());
      case Kind::Date: return fmt::format("date {}", value.number());
      case Kind::String: return string_text(value.text());
      case Kind::Bytes: return bytes_text(value.text());
      default: break;
    }
    const auto [known, is_new] = numbers_.try_emplace(value.identity(), numbers_.size());
    if (!is_new) return fmt::format("ref {}", known->second);
    return fmt::format("#{} {}", known->second, container(value));
  }

 private:
  std::string container(Value value) {
    std::string parts;
    if (value.kind() == Kind::List) {
      for (const auto& item : value.items()) parts += describe(item) + ", ";
      return fmt::format("list \"{}\" ({})", value.type(), parts);
    }
    if (value.kind() == Kind::Map) {
      for (const auto& [key, mapped] : value.entries()) {
        parts += describe(key) + " = ";
        parts += describe(mapped) + ", ";
      }
      return fmt::format("map \"{}\" ({})", value.type(), parts);
    }
    for (std::size_t i = 0; i < value.fields().size(); ++i) {
      parts += fmt::format("{}: {}, ", value.definition().fields[i], describe(value.fields()[i]));
    }
    return fmt::format("object \"{}\" ({})", value.type(), parts);
  }

  std::map<const void*, std::size_t> numbers_;
};

/// A string of the recorder: its text as UTF-8 or, where that has no room for it, as UTF-16.
std::string wire_string(const json::object& wire) {
  if (const auto* const units = wire.if_contains("utf16_len")) {
    return fmt::format("string of {} beginning {}…", units->as_int64(), to_hex(from_utf8(text_of(wire, "starts"))));
  }
  if (!wire.contains("utf16_hex")) return "string " + to_hex(from_utf8(text_of(wire, "v")));
  const auto unit = std::stoul(text_of(wire, "utf16_hex"), nullptr, 16);
  std::string octets;
  for (const auto part : {0xE0UL | (unit >> 12U), 0x80UL | ((unit >> 6U) & 0x3FU), 0x80UL | (unit & 0x3FU)})
    octets += static_cast<char>(part);
  return "string " + to_hex(octets);
}

std::string wire_container(const json::object& wire) {
  std::string parts;
  const auto name = text_of(wire, wire.contains("class") ? "class" : "type");
  if (const auto* const items = wire.if_contains("items")) {
    for (const auto& item : items->as_array()) parts += text_of(item.as_object(), "t") == "elided" ? "…" : describe_wire(item) + ", ";
    return fmt::format("list \"{}\" ({})", name, parts);
  }
  if (const auto* const entries = wire.if_contains("entries")) {
    for (const auto& entry : entries->as_array()) parts += describe_wire(entry.at(0)) + " = " + describe_wire(entry.at(1)) + ", ";
    return fmt::format("map \"{}\" ({})", name, parts);
  }
  for (const auto& field : wire.at("fields").as_array()) {
    parts += fmt::format("{}: {}, ", std::string_view(field.at(0).as_string()), describe_wire(field.at(1)));
  }
  return fmt::format("object \"{}\" ({})", name, parts);
}

}  // namespace

std::vector<json::object> load_vectors(const std::string& file) {
  std::ifstream in(MEEPO_HESSIAN2_VECTORS "/" + file);
  std::vector<json::object> lines;
  json::parse_options options;
  options.max_depth = 512;  // one vector is a list nested 100 levels deep
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line, {}, options).as_object());
  if (lines.empty()) {
    std::cerr << "no vectors in " << file << '\n';
    std::exit(1);
  }
  return lines;
}

std::string text_of(const json::object& line, std::string_view key) {
  const auto* const value = line.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::string expand_hex(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    const auto token = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(token.size() + 1, text.size()));
    const auto star = token.find('*');
    const auto times = star == std::string_view::npos ? 1 : std::stoul(std::string(token.substr(star + 1)));
    const auto unit = from_hex(token.substr(0, star)).value();
    for (std::size_t i = 0; i < times; ++i) octets += unit;
  }
  return octets;
}

std::string describe(Value value) { return Describer().describe(value); }

std::string describe_stream(std::string_view octets) {
  Document document;
  Decoder decoder(octets, document);
  Describer describer;
  std::string lines;
  while (!decoder.at_end()) {
    const auto value = decoder.read();
    lines += value ? describer.describe(*value) : "error";
    lines += '\n';
    if (!value) break;
  }
  return lines;
}

std::string describe_wire(const json::value& wire_value) {
  const auto& wire = wire_value.as_object();
  const auto kind = text_of(wire, "t");
  if (kind == "null") return "null";
  if (kind == "bool") return wire.at("v").as_bool() ? "true" : "false";
  if (kind == "int" || kind == "long") return fmt::format("{} {}", kind, wire.at("v").as_int64());
  if (kind == "double") return "double " + text_of(wire, "bits");
  if (kind == "date") return fmt::format("date {}", wire.at("ms").as_int64());
  if (kind == "string") return wire_string(wire);
  if (kind == "binary" && wire.contains("len")) return fmt::format("bytes of {}", wire.at("len").as_int64());
  if (kind == "binary") return "bytes " + text_of(wire, "hex");
  if (kind == "ref") return fmt::format("ref {}", wire.at("n").as_int64());
  return fmt::format("#{} {}", wire.at("ref_index").as_int64(), wire_container(wire));
}

bool fits(std::string_view pattern, std::string_view text) {
  constexpr std::string_view kLeftOut = "…";
  bool is_first = true;
  while (true) {
    const auto end = pattern.find(kLeftOut);
    const auto part = pattern.substr(0, end);
    if (end == std::string_view::npos) return is_first ? text == part : text.ends_with(part);
    const auto at = text.find(part);
    if (at == std::string_view::npos || (is_first && at != 0)) return false;
    text.remove_prefix(at + part.size());
    pattern.remove_prefix(end + kLeftOut.size());
    is_first = false;
  }
}

}  // namespace meepo::hessian2
