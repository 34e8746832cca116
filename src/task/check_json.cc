#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "task/check.h"

namespace meepo::check {
namespace {

namespace json_parser = boost::json;

/// Keeps nothing but what JsonFacts tells. The names and signatures are those that basic_parser calls.
struct FactsHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = boost::system::error_code;
  using Text = json_parser::string_view;

  std::size_t elements = 0;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t count, Code&) {
    elements = count;  // the outermost array ends last
    return true;
  }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_key_part(Text, std::size_t, Code&) { return true; }
  bool on_key(Text, std::size_t, Code&) { return true; }
  bool on_string_part(Text, std::size_t, Code&) { return true; }
  bool on_string(Text, std::size_t, Code&) { return true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t, Text, Code&) { return true; }
  bool on_uint64(std::uint64_t, Text, Code&) { return true; }
  bool on_double(double, Text, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

}  // namespace

Result<JsonFacts> json(std::string_view field, std::string_view value) {
  json_parser::parse_options options;
  options.max_depth = limits::kJsonDepthMax;
  json_parser::basic_parser<FactsHandler> parser(options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, value.data(), value.size(), error);
  if (!error && read < value.size()) error = json_parser::error::extra_data;
  if (error == json_parser::error::too_deep) {
    return refuse_number(field, fmt::format("nested deeper at byte {}", read), fmt::format("at most {} levels", limits::kJsonDepthMax));
  }
  if (error) {
    return refuse_number(field, fmt::format("no JSON ({} at byte {}, near {})", error.message(), read, quoted(value.substr(read), 32)),
                         "one JSON value");
  }
  const std::size_t first = value.find_first_not_of(" \t\r\n");
  const bool is_array = first != std::string_view::npos && value[first] == '[';
  return JsonFacts{.is_array = is_array, .elements = is_array ? parser.handler().elements : 0};
}

}  // namespace meepo::check
