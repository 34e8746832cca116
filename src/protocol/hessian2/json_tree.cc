#include "protocol/hessian2/json_tree.h"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <ranges>

#include "base/text.h"
#include "protocol/hessian2/limits.h"

namespace meepo::hessian2 {
namespace {

namespace json = boost::json;

/// Builds the tree. The names and signatures are those that basic_parser calls.
class TreeBuilder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Failure = boost::system::error_code;
  using Text = json::string_view;

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_array_begin(Failure&) { return begin(Json::Kind::Array); }
  bool on_array_end(std::size_t, Failure&) { return end(); }
  bool on_object_begin(Failure&) { return begin(Json::Kind::Object); }
  bool on_object_end(std::size_t, Failure&) { return end(); }
  bool on_key_part(Text part, std::size_t, Failure&) { return collect(part); }
  bool on_key(Text part, std::size_t, Failure&) {
    collect(part);
    open_.back().members.emplace_back(std::exchange(text_, {}), Json());
    return true;
  }
  bool on_string_part(Text part, std::size_t, Failure&) { return collect(part); }
  bool on_string(Text part, std::size_t, Failure&) { return add_text(Json::Kind::String, part); }
  bool on_number_part(Text part, Failure&) { return collect(part); }
  bool on_int64(std::int64_t, Text part, Failure&) { return add_text(Json::Kind::Number, part); }
  bool on_uint64(std::uint64_t, Text part, Failure&) { return add_text(Json::Kind::Number, part); }
  bool on_double(double, Text part, Failure&) { return add_text(Json::Kind::Number, part); }
  bool on_bool(bool truth, Failure&) { return add({.kind = Json::Kind::Bool, .truth = truth}); }
  bool on_null(Failure&) { return add({}); }
  bool on_comment_part(Text, Failure&) { return true; }
  bool on_comment(Text, Failure&) { return true; }

  Json take() { return std::move(root_); }

 private:
  bool collect(Text part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool begin(Json::Kind kind) {
    open_.push_back({.kind = kind});
    return true;
  }
  bool end() {
    auto done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }
  bool add_text(Json::Kind kind, Text part) {
    collect(part);
    return add({.kind = kind, .text = std::exchange(text_, {})});
  }
  bool add(Json&& value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().kind == Json::Kind::Array) {
      open_.back().items.push_back(std::move(value));
    } else {
      open_.back().members.back().second = std::move(value);
    }
    return true;
  }

  Json root_;
  std::vector<Json> open_;  // arrays and objects that have begun, innermost last
  std::string text_;        // parts of the number, string or name that is read
};

}  // namespace

const Json* Json::find(std::string_view name) const {
  for (const auto& [member, value] : members | std::views::reverse) {
    if (member == name) return &value;
  }
  return nullptr;
}

Result<Json> parse_json(std::string_view text, std::string_view field) {
  if (text.size() > kJsonInputBytesMax) {
    return fail(Code::InvalidArgument, fmt::format("{} has {} octets of JSON: expected at most {}", field, text.size(), kJsonInputBytesMax),
                std::string(field));
  }
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::basic_parser<TreeBuilder> parser(options);
  boost::system::error_code error;
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (!error) return parser.handler().take();
  return fail(Code::InvalidArgument,
              fmt::format("{} is no JSON ({} at octet {}, near {}): expected one value, nested at most {} levels deep", field,
                          error.message(), read, quoted(text.substr(read), 32), kJsonDepthMax),
              std::string(field));
}

}  // namespace meepo::hessian2
