#include "api/calls/json_syntax.h"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"

namespace meepo::api {
namespace {

namespace json = boost::json;

/// Keeps nothing. The names and signatures are those that basic_parser calls.
struct Ignore {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Failure = boost::system::error_code;
  using Text = json::string_view;

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t, Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_object_end(std::size_t, Failure&) { return true; }
  bool on_key_part(Text, std::size_t, Failure&) { return true; }
  bool on_key(Text, std::size_t, Failure&) { return true; }
  bool on_string_part(Text, std::size_t, Failure&) { return true; }
  bool on_string(Text, std::size_t, Failure&) { return true; }
  bool on_number_part(Text, Failure&) { return true; }
  bool on_int64(std::int64_t, Text, Failure&) { return true; }
  bool on_uint64(std::uint64_t, Text, Failure&) { return true; }
  bool on_double(double, Text, Failure&) { return true; }
  bool on_bool(bool, Failure&) { return true; }
  bool on_null(Failure&) { return true; }
  bool on_comment_part(Text, Failure&) { return true; }
  bool on_comment(Text, Failure&) { return true; }
};

}  // namespace

Result<void> check_json(std::string_view text, std::string_view what, std::string_view field) {
  json::parse_options options;
  options.max_depth = limits::kJsonDepthMax;
  json::basic_parser<Ignore> parser(options);
  boost::system::error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (!error) return {};
  if (error == json::error::too_deep) {
    return fail(Code::InvalidArgument,
                fmt::format("{} is nested deeper at byte {}: expected at most {} levels", what, read, limits::kJsonDepthMax),
                std::string(field));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(Code::InvalidArgument, fmt::format("{} is empty: expected one JSON value", what), std::string(field));
  }
  return fail(Code::InvalidArgument,
              fmt::format("{} is no JSON ({} at byte {}, near {}): expected one JSON value", what, error.message(), read,
                          quoted(text.substr(read), 32)),
              std::string(field));
}

}  // namespace meepo::api
