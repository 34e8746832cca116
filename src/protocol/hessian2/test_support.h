#pragma once
// For the tests of this folder: recorded streams, and values compared without the encoder.

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/hessian2/value.h"

namespace meepo::hessian2 {

/// The lines of vectors/<file>, one JSON object each. A file that cannot be read ends the test program.
std::vector<boost::json::object> load_vectors(const std::string& file);

/// The text under `key`, "" if there is none.
std::string text_of(const boost::json::object& line, std::string_view key);

/// Octets of hexadecimal text with repeats: "5304 61*1024 0a" is 53 04, 1,024 times 61, 0A.
std::string expand_hex(std::string_view text);

/// Every value of a stream as one line of text each, with the number of each list, map and object, so that references are told from copies:
/// `#0 list "[int" (int 1, long 2)`, `#0 object "a.B" (next: ref 0)`. What does not decode is the line "error".
std::string describe_stream(std::string_view octets);

/// The same of one value.
std::string describe(Value value);

/// The same of what an independent reader saw in a recorded stream (the key "wire"), as far as it kept it: `pattern` holds "…" where it
/// left out items or the end of a string. Such a text fits `text` if the parts between stand in it in that order, the first at its
/// beginning.
std::string describe_wire(const boost::json::value& wire);
bool fits(std::string_view pattern, std::string_view text);

}  // namespace meepo::hessian2
