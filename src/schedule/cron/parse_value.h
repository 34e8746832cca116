#pragma once
// Reads single values of a field: numbers and names.

#include <optional>
#include <string>
#include <string_view>

#include "schedule/cron/parse.h"

namespace meepo::cron {

/// Where in a field's text, and what is wrong there.
struct Mistake {
  std::size_t position;  ///< characters from the field's begin
  std::string text;      ///< "expected …"
};

template <class T>
using Parsed = std::expected<T, Mistake>;

/// "a whole number from 0 to 23", "… from 1 to 12 or JAN to DEC".
std::string expected_value(Field field);

/// A number (digits, perhaps after a plus sign, at most that of a 32-bit int), or a name where the field has names; not checked against the
/// field's range. `position` is where `text` begins in the field.
Parsed<int> parse_number(Field field, std::string_view text, std::size_t position);

/// As parse_number, and within the field's range; a weekday may be 0.
Parsed<int> parse_value(Field field, std::string_view text, std::size_t position);

/// A reason why Spring refuses this element though other crons take it; empty if there is none.
std::string_view foreign_hint(Field field, std::string_view element);

}  // namespace meepo::cron
