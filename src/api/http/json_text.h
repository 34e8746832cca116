#pragma once
// A walk over JSON text that is known to be valid (check_json): no function here can fail. Pure.

#include <string>
#include <string_view>

namespace meepo::api {

class JsonText {
 public:
  explicit JsonText(std::string_view text) : rest_(text) { skip_blanks(); }

  /// The first character of the next value or mark.
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  /// Takes `mark` if it is next.
  bool take(char mark);
  /// Takes a comma (true) or the closing mark (false).
  bool take_comma_or(char closing);
  /// Takes a string and unescapes it.
  std::string take_string();
  /// Takes one value and gives its text, from its first to its last character.
  std::string_view take_value();

 private:
  void skip_blanks();
  std::size_t string_size() const;

  std::string_view rest_;
};

}  // namespace meepo::api
