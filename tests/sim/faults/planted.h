#pragma once
// The names of planted bugs (src/base/planted_bug.h), as --bug takes them.

#include <string>
#include <string_view>
#include <vector>

namespace meepo::test {

std::vector<std::string> planted_bugs();
/// All of them in one line.
std::string planted_names();
/// Switches one on; "" switches off. False: there is none of that name, or this build has no planted bugs.
bool plant(std::string_view name);

}  // namespace meepo::test
